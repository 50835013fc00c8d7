//! Which TLS provider the process uses. The choice is per process, so this binary has only one
//! test.

#![allow(clippy::unwrap_used)] // a panic fails the test

use std::net::TcpListener;
use std::time::Duration;

use cobo_oauth::{RedisStore, TokenStore};
use rustls::crypto::{CryptoProvider, aws_lc_rs};

/// Tries to connect. The call fails, since nothing answers; only the attempt matters.
async fn connect(store: &RedisStore, listener: &TcpListener) {
    store.load("one").await.unwrap_err();
    listener.set_nonblocking(true).unwrap();
    listener.accept().unwrap();
}

#[tokio::test]
async fn redis_store_uses_the_tls_provider_of_the_program() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let open = |scheme: &str, cluster: bool| {
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let builder = RedisStore::builder(&url).timeout(Duration::from_millis(500));
        let builder = match cluster {
            true => builder.cluster().danger_allow_plain_redis(),
            false => builder,
        };
        builder.build().unwrap()
    };
    let chosen = || CryptoProvider::get_default().map(|provider| provider.cipher_suites.len());

    // The stores are built, and one connects without TLS.
    let encrypted = [open("rediss", false), open("rediss", true)];
    for cluster in [false, true] {
        connect(&open("redis", cluster), &listener).await;
    }
    assert_eq!(chosen(), None);

    // The program chooses a provider after the stores were built, but before they connect.
    let mut own = aws_lc_rs::default_provider();
    own.cipher_suites.truncate(1);
    own.install_default().unwrap();
    for store in &encrypted {
        connect(store, &listener).await;
    }
    assert_eq!(chosen(), Some(1));
}
