//! A Redis store on real servers: down, hanging, killed, locked, encrypted, in a cluster.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use cobo_oauth::{Lease, RedisStore, Saved, StoreError, StoreErrorKind, TokenPair, TokenStore};
use cobo_tests::contract::{self, owner};
use cobo_tests::redis::{self, Redis, Settings};

const ORG: &str = "e3986401-4aec-480a-973d-e775a4518413";
const KEY: &str = "cobo:{org-e3986401-4aec-480a-973d-e775a4518413}:pair";
const LEASE: &str = "cobo:{org-e3986401-4aec-480a-973d-e775a4518413}:lease";
const TTL: Duration = Duration::from_secs(30);
/// Longer than any operation here may take.
const LONG: Duration = Duration::from_secs(20);

fn pair(generation: u64) -> TokenPair {
    TokenPair::new(generation, "the-access-token", 1_000, 44_200_000)
        .with_refresh_token("the-refresh-token", 2_592_001_000)
}

async fn lease(store: &RedisStore, ttl: Duration) -> Box<dyn Lease> {
    store.lease(ORG, ttl).await.unwrap().unwrap()
}

async fn refresh_token(store: &RedisStore) -> Option<String> {
    let pair = store.load(ORG).await.unwrap().unwrap();
    pair.refresh_token.map(|token| token.expose().to_owned())
}

fn settings(flags: &[&str]) -> Settings {
    Settings {
        durable: false,
        flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
    }
}

/// Asserts that every call ends with an error that says Redis is unreachable.
async fn assert_unavailable(store: &RedisStore) -> StoreError {
    let calls = async {
        let errors = [
            store.load(ORG).await.unwrap_err(),
            store.save(ORG, &pair(1)).await.unwrap_err(),
            store.remove(ORG, &owner("app")).await.unwrap_err(),
            store.lease(ORG, TTL).await.unwrap_err(),
        ];
        for error in &errors {
            let kinds = [StoreErrorKind::Unavailable, StoreErrorKind::NoAnswer];
            assert!(kinds.contains(&error.kind()), "{error}");
            assert!(!format!("{error} {error:?}").contains("token-"), "{error}");
        }
        errors.into_iter().next().unwrap()
    };
    tokio::time::timeout(LONG, calls).await.unwrap()
}

#[tokio::test]
async fn redis_store_works_once_the_server_has_started() {
    if !redis::is_there() {
        return;
    }
    let mut server = Redis::start().await;
    server.kill();
    let store = RedisStore::connect(&server.url()).unwrap();
    assert!(assert_unavailable(&store).await.is_not_applied());
    server.restart().await;
    assert_eq!(store.save(ORG, &pair(1)).await.unwrap(), Saved::Kept);
}

#[tokio::test]
async fn unresponsive_redis_causes_a_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap(); // accepts connections, but never responds
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let timeout = Duration::from_millis(100);
    let one = RedisStore::builder(&url).timeout(timeout).build().unwrap();
    let cluster = RedisStore::builder(&url).timeout(timeout).cluster();
    let cluster = cluster.danger_allow_plain_redis();
    for store in [one, cluster.build().unwrap()] {
        let error = assert_unavailable(&store).await;
        assert_eq!(error.kind(), StoreErrorKind::NoAnswer);
        assert!(error.is_not_applied());
    }
}

#[cfg(unix)]
#[tokio::test]
async fn paused_redis_is_used_again_after_it_resumes() {
    if !redis::is_there() {
        return;
    }
    let signal = |signal: &str, id: u32| {
        let id = id.to_string();
        assert!(
            std::process::Command::new("kill")
                .args([signal, &id])
                .status()
                .unwrap()
                .success()
        );
    };
    let server = Redis::start().await;
    let builder = RedisStore::builder(&server.url()).timeout(Duration::from_millis(200));
    let store = builder.build().unwrap();
    assert_eq!(store.save(ORG, &pair(1)).await.unwrap(), Saved::Kept);
    signal("-STOP", server.id());
    let error = store.save(ORG, &pair(2)).await.unwrap_err();
    assert!(
        !error.is_not_applied(),
        "it may be saved when the server goes on"
    );
    assert_unavailable(&store).await;
    signal("-CONT", server.id());
    // Redis may have executed the unanswered request. A lease without a holder is released again.
    let leased = async {
        while !matches!(store.lease(ORG, TTL).await, Ok(Some(_))) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LONG, leased).await.unwrap();
}

#[tokio::test]
async fn error_for_a_rejected_password_does_not_contain_it() {
    if !redis::is_there() {
        return;
    }
    let server = Redis::with(settings(&["--requirepass", "correct"])).await;
    let url = |password: &str| format!("redis://:{password}@127.0.0.1:{}", server.port());
    let wrong = RedisStore::connect(&url("hunter2")).unwrap();
    let none = RedisStore::connect(&server.url()).unwrap();
    for store in [&wrong, &none] {
        let error = assert_unavailable(store).await;
        assert!(
            error
                .to_string()
                .contains("refused the user or the password"),
            "{error}"
        );
        let shown = format!("{error:?} {store:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    let right = RedisStore::connect(&url("correct")).unwrap();
    assert_eq!(right.save(ORG, &pair(1)).await.unwrap(), Saved::Kept);
    // A refusal has no lasting effect: once the password is valid, calls succeed.
    server.cli(&["-a", "correct", "CONFIG", "SET", "requirepass", "hunter2"]);
    assert!(wrong.load(ORG).await.unwrap().is_some());
}

#[tokio::test]
async fn redis_user_needs_only_the_documented_permissions() {
    if !redis::is_there() {
        return;
    }
    let server = Redis::start().await;
    let commands = "+evalsha +script|load +hgetall +scan +set +type +get +del +hset +hdel +pexpire";
    let mut rule = vec!["ACL", "SETUSER", "app", "on", ">secret", "~cobo:*", "-@all"];
    rule.extend(commands.split(' '));
    assert_eq!(server.cli(&rule), "OK");
    let url = format!("redis://app:secret@127.0.0.1:{}", server.port());
    contract::token_store(|| Arc::new(RedisStore::connect(&url).unwrap())).await;

    assert_eq!(server.cli(&["ACL", "SETUSER", "app", "-evalsha"]), "OK");
    let store = RedisStore::connect(&url).unwrap();
    let error = store.save(ORG, &pair(1)).await.unwrap_err();
    assert!(error.to_string().contains("lacks a permission"), "{error}");
    assert!(!format!("{error:?}").contains("the-access-token"));
}

#[tokio::test]
async fn expired_lease_cannot_spend_restore_or_release() {
    if !redis::is_there() {
        return;
    }
    let server = Redis::start().await;
    let store = RedisStore::connect(&server.url()).unwrap();
    assert_eq!(store.save(ORG, &pair(7)).await.unwrap(), Saved::Kept);
    let first = lease(&store, TTL).await;
    let token = first.spend(7).await.unwrap().unwrap();
    server.cli(&["PEXPIRE", LEASE, "1"]); // the lease expires
    let again = async {
        loop {
            if let Some(lease) = store.lease(ORG, TTL).await.unwrap() {
                return lease;
            }
        }
    };
    let second = tokio::time::timeout(LONG, again).await.unwrap();

    first.restore(7, token.clone()).await.unwrap();
    assert_eq!(refresh_token(&store).await, None);
    second.restore(7, token).await.unwrap();
    assert!(first.spend(7).await.unwrap().is_none());
    assert_eq!(refresh_token(&store).await.unwrap(), "the-refresh-token");
    first.release().await.unwrap();
    assert!(
        store.lease(ORG, TTL).await.unwrap().is_none(),
        "it is the second's"
    );
    assert!(second.spend(7).await.unwrap().is_some());
}

#[tokio::test]
async fn leases_and_pairs_expire_in_redis() {
    if !redis::is_there() {
        return;
    }
    let server = Redis::start().await;
    let store = RedisStore::connect(&server.url()).unwrap();
    let left = |key: &str| server.cli(&["PTTL", key]).parse::<i64>().unwrap();
    let near = |left: i64, life: i64| (life - 10_000..=life).contains(&left);

    let held = lease(&store, TTL).await;
    assert!(near(left(LEASE), 30_000));
    assert_eq!(store.save(ORG, &pair(1)).await.unwrap(), Saved::Kept);
    assert!(near(left(KEY), 2_592_000_000), "with the refresh token");
    assert!(held.spend(1).await.unwrap().is_some());
    assert!(near(left(KEY), 2_592_000_000), "it may come back");
    let bare = TokenPair::new(2, "the-access-token", 1_000, 43_201_000);
    assert_eq!(store.save(ORG, &bare).await.unwrap(), Saved::Kept);
    assert!(near(left(KEY), 43_200_000), "with the access token");

    let held = RedisStore::connect(&server.url()).unwrap();
    drop(
        held.lease("another", Duration::from_millis(1))
            .await
            .unwrap(),
    );
    let expired = async { while store.lease("another", TTL).await.unwrap().is_none() {} };
    tokio::time::timeout(LONG, expired).await.unwrap();
}

#[tokio::test]
async fn durable_redis_keeps_spent_tokens_and_leases_after_a_kill() {
    if !redis::is_there() {
        return;
    }
    let mut server = Redis::durable().await;
    let store = RedisStore::connect(&server.url()).unwrap();
    assert_eq!(store.save(ORG, &pair(7)).await.unwrap(), Saved::Kept);
    let held = lease(&store, TTL).await;
    assert!(held.spend(7).await.unwrap().is_some());
    server.kill();
    assert_unavailable(&store).await;
    assert_eq!(
        held.spend(7).await.unwrap_err().kind(),
        StoreErrorKind::Unavailable
    );
    server.restart().await;
    assert_eq!(refresh_token(&store).await, None, "spent once and for all");
    assert!(store.lease(ORG, TTL).await.unwrap().is_none(), "still held");
    held.release().await.unwrap();

    let mut server = Redis::start().await;
    let store = RedisStore::connect(&server.url()).unwrap();
    assert_eq!(store.save(ORG, &pair(7)).await.unwrap(), Saved::Kept);
    let held = lease(&store, TTL).await;
    server.restart().await;
    assert!(store.load(ORG).await.unwrap().is_none());
    assert_eq!(store.save(ORG, &pair(7)).await.unwrap(), Saved::Kept);
    assert!(
        held.spend(7).await.unwrap().is_none(),
        "the lease is gone, too"
    );
}

#[tokio::test]
async fn unrecognised_redis_value_is_never_changed() {
    if !redis::is_there() {
        return;
    }
    let server = Redis::start().await;
    let store = RedisStore::connect(&server.url()).unwrap();
    let held = lease(&store, TTL).await;
    let too_large = "18446744073709551616";
    let changes: [&[&str]; 14] = [
        &["SET", KEY, "the-refresh-token"],
        &["RPUSH", KEY, "the-refresh-token"],
        &["HSET", KEY, "version", "2"],
        &["HSET", KEY, "scope", ""],
        &["HSET", KEY, "generation", "7"],
        &["HSET", KEY, "generation", "the-refresh-token..."],
        &["HSET", KEY, "obtained_at", "+0000000000000000007"],
        &["HSET", KEY, "expires_at", too_large],
        &["HSET", KEY, "refresh_expires_at", ""],
        &["HDEL", KEY, "access_token"],
        &["HDEL", KEY, "access_token", "obtained_at", "expires_at"],
        &["HDEL", KEY, "org_id"],
        &["HDEL", KEY, "version"],
        &["HDEL", KEY, "generation"],
    ];
    for change in changes {
        assert_eq!(store.save(ORG, &pair(7)).await.unwrap(), Saved::Kept);
        if !change[0].starts_with('H') {
            server.cli(&["DEL", KEY]);
        }
        assert!(!server.cli(change).is_empty());
        let before = server.cli(&["DUMP", KEY]);
        for error in [
            store.load(ORG).await.unwrap_err(),
            store.save(ORG, &pair(u64::MAX)).await.unwrap_err(),
            store.remove(ORG, &owner("app")).await.unwrap_err(),
            held.spend(7).await.unwrap_err(),
            held.restore(7, "refresh".into()).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), StoreErrorKind::Unrecognised, "{change:?}");
            let text = format!("{error} {error:?}");
            assert!(
                text.contains(KEY) && !text.contains("the-refresh-token"),
                "{text}"
            );
        }
        assert_eq!(server.cli(&["DUMP", KEY]), before, "{change:?}");
        server.cli(&["DEL", KEY]);
    }
}

#[tokio::test]
async fn namespaces_are_separate_and_flushed_scripts_are_reloaded() {
    if !redis::is_there() {
        return;
    }
    let server = Redis::start().await;
    let open = |namespace: &str| {
        let builder = RedisStore::builder(&server.url()).namespace(namespace);
        builder.build().unwrap()
    };
    let (one, other) = (open("one"), open("other"));
    assert_eq!(one.save(ORG, &pair(7)).await.unwrap(), Saved::Kept);
    server.cli(&["SCRIPT", "FLUSH"]);
    assert_eq!(other.save(ORG, &pair(1)).await.unwrap(), Saved::Kept);
    let mut keys: Vec<_> = server
        .cli(&["KEYS", "*"])
        .lines()
        .map(str::to_owned)
        .collect();
    keys.sort();
    assert_eq!(
        keys,
        [
            format!("one:{{org-{ORG}}}:pair"),
            format!("other:{{org-{ORG}}}:pair")
        ]
    );
}
