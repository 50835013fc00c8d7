//! Commands that Redis refuses, and stored values that are not pairs.

use cobo_oauth::{RedisStore, Saved, StoreErrorKind, TokenPair, TokenStore};
use cobo_tests::contract::owner;
use cobo_tests::redis::{self, Redis};

const KEY: &str = "cobo:{org-one}:pair";

/// Redis aborts a script at a forbidden command, but keeps the effects of the earlier commands.
#[tokio::test]
async fn save_rejected_by_redis_never_leaves_a_partial_pair() {
    if !redis::is_there() {
        return;
    }
    let server = Redis::start().await;
    let url = format!("redis://app:secret@127.0.0.1:{}", server.port());
    let old = TokenPair::new(7, "old-access", 1_000, 44_200_000)
        .with_refresh_token("old-refresh", 2_592_001_000)
        .with_owner(owner("app"));
    let new = TokenPair::new(8, "new-access", 2_000, 44_201_000).with_owner(owner("app"));
    for (refused, kept) in [("-hset", 7), ("-hdel", 7), ("-pexpire", 8)] {
        server.cli(&["FLUSHALL"]);
        let rule = [
            "ACL", "SETUSER", "app", "reset", "on", ">secret", "~*", "+@all",
        ];
        assert_eq!(server.cli(&rule), "OK");
        let store = RedisStore::connect(&url).unwrap();
        assert_eq!(store.save("one", &old).await.unwrap(), Saved::Kept);
        assert_eq!(server.cli(&["ACL", "SETUSER", "app", refused]), "OK");
        let error = store.save("one", &new).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        assert!(!error.is_not_applied(), "{refused} may have arrived late");
        let stored = store.load("one").await.unwrap().unwrap();
        assert_eq!(stored.generation, kept, "{refused}");
        let whole = if kept == 7 { &old } else { &new };
        assert_eq!(stored.access_token.expose(), whole.access_token.expose());
        assert_eq!(
            stored.refresh_token.is_some(),
            whole.refresh_token.is_some(),
            "{refused}"
        );
        assert_eq!(stored.refresh_expires_at, whole.refresh_expires_at);
    }
}

#[tokio::test]
async fn unrecognised_keys_are_not_listed() {
    if !redis::is_there() {
        return;
    }
    let server = Redis::start().await;
    let open = |namespace: &str| {
        let builder = RedisStore::builder(&server.url()).namespace(namespace);
        builder.build().unwrap()
    };
    let (store, other) = (open("a*[b]?"), open("a:[b]c"));
    let pair = TokenPair::new(1, "access", 0, 60_000);
    for org_id in ["one", "two", "damaged"] {
        assert_eq!(store.save(org_id, &pair).await.unwrap(), Saved::Kept);
    }
    assert_eq!(other.save("three", &pair).await.unwrap(), Saved::Kept);
    server.cli(&["HSET", "a*[b]?:{org-damaged}:pair", "scope", "x"]);
    server.cli(&["SET", "a*[b]?:{org-text}:pair", "x"]);
    server.cli(&["COPY", "a*[b]?:{org-one}:pair", "a*[b]?:{org-copy}:pair"]);
    let mut listed = store.organizations(&owner("app")).await.unwrap();
    listed.sort();
    assert_eq!(listed, ["one", "two"]);
    assert_eq!(other.organizations(&owner("app")).await.unwrap(), ["three"]);
}

#[tokio::test]
async fn pair_with_incomplete_owner_is_unrecognised() {
    if !redis::is_there() {
        return;
    }
    let server = Redis::start().await;
    let store = RedisStore::connect(&server.url()).unwrap();
    let pair = TokenPair::new(1, "access", 0, 60_000);
    assert_eq!(store.save("one", &pair).await.unwrap(), Saved::Kept);
    server.cli(&["HSET", KEY, "client_id", "app"]);
    for error in [
        store.load("one").await.unwrap_err(),
        store.remove("one", &owner("app")).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), StoreErrorKind::Unrecognised);
    }
}
