//! The nonces that a client sends, by strategy.

use std::collections::HashSet;

use cobo_auth::{Client, ClientBuilder, Ed25519Signer, ErrorCode, NonceStrategy};
use cobo_tests::canned::{self, Canned};
use cobo_tests::client;
use cobo_tests::seen::{Fixed, seen};
use http::Method;

const NOW: u64 = 1_718_587_017_026;

fn ok() -> Vec<u8> {
    canned::signed("200 OK", "{}")
}

/// The response of a server that requires another kind of nonce.
fn refusal() -> Vec<u8> {
    let body = r#"{"error_code":2024,"error_message":"m","error_id":"e"}"#;
    canned::signed("401 Unauthorized", body)
}

async fn server() -> Canned {
    Canned::start([ok()]).await
}

/// A client with its own key, because clients with the same key and base URL share what they learn
/// about nonces.
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
async fn default_nonces_are_128_random_bits() {
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
async fn millisecond_nonces_increase_across_clients_with_the_same_key() {
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
async fn nonces_follow_the_clock_again_after_a_large_clock_error() {
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
    let expected = [NOW + day, NOW, NOW - day, NOW + 1, NOW + 2];
    assert_eq!(in_milliseconds(&server), expected);
}

/// For each nonce so far, whether it is random.
fn random(server: &Canned) -> Vec<bool> {
    let nonces = nonces(server).into_iter();
    let is_random = |nonce: String| match nonce.len() {
        32 => true,
        13 => false,
        _ => panic!("{nonce} is neither"),
    };
    nonces.map(is_random).collect()
}

const SETTING: &str = "ClientBuilder::nonces(NonceStrategy::Milliseconds)";

#[tokio::test]
async fn server_that_requires_millisecond_nonces_costs_one_extra_request() {
    let unsigned = canned::plain(
        "401 Unauthorized",
        "",
        r#"{"error_code":2024,"error_message":"m","error_id":"e"}"#,
    );
    for refusal in [refusal(), unsigned] {
        let server = Canned::start([refusal, ok()]).await;
        get(&client(&server, |builder| builder)).await;
        // All clients of the key keep using these nonces, also for writes.
        let again = client(&server, |builder| builder);
        get(&again).await;
        let write = again.request(Method::POST, "/x").json("a write");
        write.send().await.unwrap();
        assert_eq!(random(&server), [true, false, false, false]);
    }
}

#[tokio::test]
async fn write_with_a_rejected_nonce_is_not_retried_and_error_names_the_setting() {
    let server = Canned::start([refusal(), ok()]).await;
    let client = client(&server, |builder| builder);
    let write = client.request(Method::POST, "/x").json("a write");
    let error = write.send().await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::AUTHENTICATION));
    assert!(error.to_string().contains(SETTING), "{error}");
    assert_eq!(random(&server), [true]);
}

#[tokio::test]
async fn authentication_error_is_final_after_a_random_nonce_was_accepted() {
    let not_found = r#"{"error_code":2028,"error_message":"m","error_id":"e"}"#;
    for accepted in [ok(), canned::signed("404 Not Found", not_found)] {
        let server = Canned::start([accepted, refusal()]).await;
        let client = client(&server, |builder| builder);
        let request = || client.request(Method::GET, "/x").send();
        let _ = request().await;
        let error = request().await.unwrap_err();
        assert_eq!(error.code(), Some(ErrorCode::AUTHENTICATION));
        assert!(!error.to_string().contains(SETTING), "{error}");
        assert_eq!(random(&server), [true, true]);
    }
}

#[tokio::test]
async fn unsigned_response_does_not_prove_that_a_nonce_was_accepted() {
    let page = canned::plain("403 Forbidden", "", "<html>");
    let server = Canned::start([page, refusal(), ok()]).await;
    let client = client(&server, |builder| builder);
    let request = || client.request(Method::GET, "/x").send();
    request().await.unwrap_err();
    request().await.unwrap();
    assert_eq!(random(&server), [true, true, false]);
}

#[tokio::test]
async fn client_keeps_random_nonces_if_millisecond_nonces_are_rejected_too() {
    let server = Canned::start([refusal(), refusal(), ok()]).await;
    let client = client(&server, |builder| builder);
    let request = || client.request(Method::GET, "/x").send();
    let error = request().await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::AUTHENTICATION));
    assert!(!error.to_string().contains(SETTING), "{error}");
    request().await.unwrap();
    assert_eq!(random(&server), [true, false, true]);
}

#[tokio::test]
async fn client_configured_for_millisecond_nonces_never_sends_random_nonces() {
    let server = Canned::start([refusal()]).await;
    let client = client(&server, |builder| {
        builder.nonces(NonceStrategy::Milliseconds)
    });
    let request = client.request(Method::GET, "/x");
    let error = request.send().await.unwrap_err();
    assert!(!error.to_string().contains(SETTING), "{error}");
    assert_eq!(random(&server), [false]);
}
