//! A program that has not chosen a TLS provider. The choice is per process, so this binary has only one test.

#![allow(clippy::unwrap_used)] // a panic fails the test

use std::net::TcpListener;
use std::time::Duration;

use cobo_oauth::{RedisStore, TokenStore};
use rustls::crypto::CryptoProvider;

#[tokio::test]
async fn redis_store_installs_a_default_tls_provider_if_none_is_set() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("rediss://{}", listener.local_addr().unwrap());
    let builder = RedisStore::builder(&url).timeout(Duration::from_millis(500));
    let store = builder.build().unwrap();
    assert!(CryptoProvider::get_default().is_none());
    store.load("one").await.unwrap_err();
    assert!(CryptoProvider::get_default().is_some());
}
