//! Token stores keep what the trait promises.

#![allow(clippy::unwrap_used)] // in a test a panic is the report

use std::sync::Arc;

use cobo_oauth::MemoryStore;
use cobo_tests::contract;

#[tokio::test]
async fn memory() {
    let store = MemoryStore::new();
    contract::token_store(|| Arc::new(store.clone())).await;
}
