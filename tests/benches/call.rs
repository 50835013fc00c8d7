//! Compares a whole `get_token` with bare reqwest plus one signature and one verification.
//!
//! Both use one connection each to the same server, which answers every request with the same
//! pre-signed response.

#![allow(missing_docs, clippy::unwrap_used)] // a benchmark

mod ratio;

use std::hint::black_box;

use cobo_auth::{Environment, ResponseKeys};
use cobo_tests::bare::{BODY, Bare, get_token};
use cobo_tests::canned::{self, Canned};
use cobo_tests::client;
use criterion::{Criterion, criterion_group, criterion_main};
use ratio::Pairs;

fn call(criterion: &mut Criterion) {
    // The server has its own thread, so that it does not share the client's.
    let server_runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let server = server_runtime.block_on(Canned::start([canned::signed("200 OK", BODY)]));
    server.forget_requests();

    let client =
        cobo_oauth::OAuthClient::new(client::builder(server.environment()).build().unwrap());
    let bare = Bare::new(server.base_url());
    let mut nonce = 0;
    let mut bare = || {
        nonce += 1;
        black_box(runtime.block_on(bare.get_token(nonce)));
    };

    let ours = || {
        black_box(runtime.block_on(get_token(&client)).unwrap());
    };

    criterion.bench_function("call/get_token", |bencher| bencher.iter(ours));
    criterion.bench_function("call/bare", |bencher| bencher.iter(&mut bare));

    let environment = Environment::custom(server.base_url(), ResponseKeys::unverified()).unwrap();
    let trusting = cobo_oauth::OAuthClient::new(client::builder(environment).build().unwrap());
    let unverified = || {
        black_box(runtime.block_on(get_token(&trusting)).unwrap());
    };
    criterion.bench_function("call/unverified", |bencher| bencher.iter(unverified));

    let mut pairs = Pairs::default();
    for _ in 0..10_000 {
        pairs.add(ours, unverified);
    }
    pairs.report("a get_token with verification against one without");

    let mut pairs = Pairs::default();
    for _ in 0..10_000 {
        pairs.add(ours, &mut bare);
    }
    pairs.report("a whole get_token against bare reqwest, one signature and one verification");
}

criterion_group!(benches, call);
criterion_main!(benches);
