//! Token stores keep what the trait promises.

#![allow(clippy::unwrap_used)] // in a test a panic is the report

use std::sync::Arc;

use cobo_oauth::{FileStore, MemoryStore, RedisStore, StoreKey};
use cobo_tests::{contract, redis};

#[tokio::test]
async fn memory() {
    let store = MemoryStore::new();
    contract::token_store(|| Arc::new(store.clone())).await;
}

/// Handles that are opened by themselves share nothing but the files, as those of two processes do.
#[tokio::test]
async fn file() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("tokens");
    contract::token_store(|| Arc::new(FileStore::open(&dir).unwrap())).await;
}

#[tokio::test]
async fn encrypted_file() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("tokens");
    let open = || FileStore::open_sealed(&dir, StoreKey::new([7; 32])).unwrap();
    contract::token_store(|| Arc::new(open())).await;
}

#[tokio::test]
async fn redis_server() {
    if !redis::is_there() {
        return;
    }
    let server = redis::Redis::start().await;
    let url = server.url();
    contract::token_store(|| Arc::new(RedisStore::connect(&url).unwrap())).await;
}
