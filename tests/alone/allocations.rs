//! A fresh token allocates no memory, and a call allocates little more than the HTTP client alone.
//! These tests have their own binary, since they count every allocation.

#![allow(clippy::unwrap_used)] // a panic fails the test

use std::future::Future as _;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use allocation_counter::measure;
use cobo_auth::Credential as _;
use cobo_oauth::TokenSource;
use cobo_sandbox::{DEMO_ORG_ID, Sandbox};
use cobo_tests::bare::{BODY, Bare, get_token};
use cobo_tests::canned::{self, Canned};
use cobo_tests::client;

#[tokio::test]
async fn cached_token_lookup_does_not_allocate() {
    let sandbox = Sandbox::start().await.unwrap();
    let tokens = TokenSource::new(client::oauth(&sandbox), sandbox.client_id());
    let credential = tokens.credential(DEMO_ORG_ID);
    tokens.token(DEMO_ORG_ID).await.unwrap();

    let hit = || {
        let mut kept = 0;
        for _ in 0..1_000 {
            kept += usize::from(credential.current().is_some());
        }
        assert_eq!(kept, 1_000);
    };
    hit(); // allocates what each thread needs once
    assert_eq!(measure(hit).count_total, 0);

    let token = || {
        for _ in 0..1_000 {
            let mut token = pin!(tokens.token(DEMO_ORG_ID));
            let polled = token.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(matches!(polled, Poll::Ready(Ok(_))));
        }
    };
    token();
    assert_eq!(measure(token).count_total, 0);

    let counts = measure(|| drop(std::hint::black_box(vec![1])));
    assert_eq!(counts.count_total, 1, "allocations are counted");
}

/// The most allocations of a call on top of those of bare reqwest with a signature and a verification
/// of the response. They are for the request builder, the decoded model, and what a second attempt
/// would need.
const ADDED_BY_A_CALL: u64 = 30;

#[test]
fn call_allocates_little_more_than_bare_reqwest() {
    // The server has its own thread: only allocations of the client's thread are counted.
    let other = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let server = other.block_on(Canned::start([canned::signed("200 OK", BODY)]));
    let own = tokio::runtime::Builder::new_current_thread();
    let own = { own }.enable_all().build().unwrap();
    let client = client::builder(server.environment()).build().unwrap();
    let client = cobo_oauth::OAuthClient::new(client);
    let bare = Bare::new(server.base_url());
    let count = |call: &dyn Fn()| {
        call(); // opens the connection
        (0..10).map(|_| measure(call).count_total).min().unwrap()
    };
    let ours = count(&|| drop(own.block_on(get_token(&client)).unwrap()));
    let theirs = count(&|| drop(own.block_on(bare.get_token(1))));
    assert!(theirs > 0, "allocations are counted");
    assert!(
        ours <= theirs + ADDED_BY_A_CALL,
        "{ours} instead of {theirs} + {ADDED_BY_A_CALL}"
    );
}
