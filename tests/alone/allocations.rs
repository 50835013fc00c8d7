//! A fresh token allocates no memory. This test has its own binary, since it counts every
//! allocation.

#![allow(clippy::unwrap_used)] // a panic fails the test

use std::future::Future as _;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use allocation_counter::measure;
use cobo_auth::Credential as _;
use cobo_oauth::TokenSource;
use cobo_sandbox::{DEMO_ORG_ID, Sandbox};
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
