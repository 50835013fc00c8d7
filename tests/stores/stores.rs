//! Token stores fulfil the contract of their trait.

use std::sync::Arc;

use cobo_oauth::{
    FileStore, MemoryStore, RedisStore, Saved, StoreKey, TokenErrorKind, TokenPair, TokenSource,
    TokenStore,
};
use cobo_sandbox::{DEMO_ORG_ID, Sandbox};
use cobo_tests::{client, contract, redis};

#[tokio::test]
async fn memory_store_meets_the_contract() {
    let store = MemoryStore::new();
    contract::token_store(|| Arc::new(store.clone())).await;
}

/// Separately opened handles share only the files, as those of two processes do.
#[tokio::test]
async fn file_store_meets_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("tokens");
    contract::token_store(|| Arc::new(FileStore::open(&dir).unwrap())).await;
}

#[tokio::test]
async fn encrypted_file_store_meets_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("tokens");
    let open = || FileStore::open_sealed(&dir, StoreKey::new([7; 32])).unwrap();
    contract::token_store(|| Arc::new(open())).await;
}

#[tokio::test]
async fn redis_store_meets_the_contract() {
    if !redis::is_there() {
        return;
    }
    let server = redis::Redis::start().await;
    let url = server.url();
    contract::token_store(|| Arc::new(RedisStore::connect(&url).unwrap())).await;
}

/// The second of two apps that share a store by mistake.
#[tokio::test]
async fn second_app_on_a_shared_store_gets_an_error_and_changes_no_pair() {
    let sandbox = Sandbox::start().await.unwrap();
    let store = MemoryStore::new();
    let first = client::tokens_in(&sandbox, store.clone());
    first.token(DEMO_ORG_ID).await.unwrap();
    let stored = store.load(DEMO_ORG_ID).await.unwrap().unwrap();
    let requests = sandbox.received().len();

    let second = TokenSource::builder(client::oauth(&sandbox), "another-app");
    let second = second.store(store.clone()).build();
    let error = second.token(DEMO_ORG_ID).await.unwrap_err();
    assert_eq!(error.kind(), TokenErrorKind::OtherApp);
    assert!(!error.is_retryable());
    let text = error.to_string();
    assert!(text.contains(sandbox.client_id()) && text.contains("separate directory"));
    for cleared in [
        second.forget(DEMO_ORG_ID).await,
        second.invalidate(DEMO_ORG_ID).await,
    ] {
        assert_eq!(cleared.unwrap_err().kind(), TokenErrorKind::OtherApp);
    }
    let callback = format!("approval_result=1&org_id={DEMO_ORG_ID}");
    let error = second.on_installation(&callback).await.unwrap_err();
    assert!(error.to_string().contains("separate directory"), "{error}");

    assert_eq!(sandbox.received().len(), requests, "nothing was spent");
    let after = store.load(DEMO_ORG_ID).await.unwrap().unwrap();
    assert_eq!(after.generation, stored.generation);
    assert!(after.refresh_token.is_some());
}

/// Pairs in the format of versions that stored no owner.
#[tokio::test]
async fn pair_without_an_owner_is_owned_by_the_first_app_that_replaces_it() {
    let sandbox = Sandbox::start().await.unwrap();
    let store = MemoryStore::new();
    let old = TokenPair::new(1, "expired", 0, 1);
    assert_eq!(store.save(DEMO_ORG_ID, &old).await.unwrap(), Saved::Kept);
    let first = client::tokens_in(&sandbox, store.clone());
    first.token(DEMO_ORG_ID).await.unwrap();
    let stored = store.load(DEMO_ORG_ID).await.unwrap().unwrap();
    assert_eq!(stored.owner.unwrap().client_id(), sandbox.client_id());
    let second = TokenSource::builder(client::oauth(&sandbox), "another-app");
    let second = second.store(store.clone()).build();
    let error = second.token(DEMO_ORG_ID).await.unwrap_err();
    assert_eq!(error.kind(), TokenErrorKind::OtherApp);
}
