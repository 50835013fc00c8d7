//! The nonces that a client sends, by strategy.

#![allow(clippy::unwrap_used)] // in a test a panic is the report

use std::collections::HashSet;

use cobo_auth::{Client, ClientBuilder, Ed25519Signer, NonceStrategy};
use cobo_tests::canned::{self, Canned};
use cobo_tests::client;
use cobo_tests::seen::{Fixed, seen};
use http::Method;

const NOW: u64 = 1_718_587_017_026;

async fn server() -> Canned {
    Canned::start([canned::signed("200 OK", "{}")]).await
}

/// A client with a key of the test's own: what is known of nonces is shared by the clients of a key
/// and base URL.
fn client(server: &Canned, setup: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Client {
    let signer = Ed25519Signer::from_seed(&[42; 32]);
    setup(Client::builder(server.environment(), signer))
        .build()
        .unwrap()
}

async fn get(client: &Client) {
    client.request(Method::GET, "/x").send().await.unwrap();
}

fn nonces(server: &Canned) -> Vec<String> {
    let nonce = |bytes: &Vec<u8>| seen(bytes).headers["biz-api-nonce"].clone();
    let received = server.received();
    received
        .iter()
        .map(|bytes| nonce(bytes).to_str().unwrap().to_owned())
        .collect()
}

fn in_milliseconds(server: &Canned) -> Vec<u64> {
    let nonces = nonces(server).into_iter();
    nonces.map(|nonce| nonce.parse().unwrap()).collect()
}

#[tokio::test]
async fn nonces_are_128_random_bits_unless_set_otherwise() {
    let server = server().await;
    let client = client::builder(server.environment()).clock(Fixed(NOW));
    let client = client.build().unwrap();
    for _ in 0..20 {
        get(&client).await;
    }
    let nonces = nonces(&server);
    for nonce in &nonces {
        assert_eq!(nonce.len(), 32, "{nonce}");
        let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        assert!(nonce.bytes().all(is_digit), "{nonce}");
    }
    assert_eq!(nonces.iter().collect::<HashSet<_>>().len(), 20);
}

#[tokio::test]
async fn milliseconds_rise_across_the_clients_of_a_key() {
    let server = server().await;
    let clients = [(); 2].map(|()| {
        client(&server, |builder| {
            builder
                .nonces(NonceStrategy::Milliseconds)
                .clock(Fixed(NOW))
        })
    });
    for turn in 0..20 {
        get(&clients[turn % 2]).await;
    }
    let expected: Vec<u64> = (NOW..NOW + 20).collect();
    assert_eq!(in_milliseconds(&server), expected);
}

#[tokio::test]
async fn a_call_made_while_the_clock_was_wrong_does_not_spoil_later_nonces() {
    let server = server().await;
    let at = |now| {
        client(&server, |builder| {
            builder
                .nonces(NonceStrategy::Milliseconds)
                .clock(Fixed(now))
        })
    };
    let day = 24 * 3_600_000;
    for now in [NOW + day, NOW, NOW - day, NOW, NOW] {
        get(&at(now)).await;
    }
    let expected = [NOW + day, NOW, NOW - day, NOW, NOW + 1];
    assert_eq!(in_milliseconds(&server), expected);
}
