//! An event log in Redis: the contract of every log, and what only this one does.

use std::time::Duration;

use cobo_axum::{EventLog as _, LogError, Recorded, RedisLog};
use cobo_tests::redis::{self, Redis, Settings};

use crate::event_logs::{
    DAY, bounds_and_discards_parked_events, claimed, counts, event, keeps_the_contract,
    late_results_never_end_the_claim_of_another_worker, nothing,
};

#[tokio::test]
async fn redis_log_fulfils_the_event_log_contract() {
    if !redis::is_there() {
        return;
    }
    let redis = Redis::start().await;
    let log = |namespace: &str, capacity| {
        let log = RedisLog::builder(&redis.url(), capacity).namespace(namespace);
        log.max_parked(if capacity == 10 { 2 } else { 100 }).build()
    };
    keeps_the_contract(log("1", 2).unwrap()).await;
    bounds_and_discards_parked_events(log("2", 10).unwrap()).await;
    late_results_never_end_the_claim_of_another_worker(log("3", 100).unwrap()).await;
}

/// The clock of one worker must not decide what is forgotten for all of them.
#[tokio::test]
async fn redis_log_remembers_handled_events_by_the_clock_of_redis() {
    if !redis::is_there() {
        return;
    }
    let redis = Redis::start().await;
    let log = RedisLog::connect(&redis.url(), 100).unwrap();
    let handle = async |id: &str, now| {
        assert_eq!(log.record(event(id), now).await.unwrap(), Recorded::New);
        assert_eq!(log.claim(now).await.unwrap(), claimed(id, 1));
        log.done(id, now).await.unwrap();
    };
    let ids: Vec<String> = (0..40).map(|number| format!("e-{number}")).collect();
    for id in &ids {
        handle(id, 10).await;
    }
    // The clock of a worker is two centuries ahead.
    let ahead = 73_000 * DAY;
    handle("x", ahead).await;
    log.record(event("y"), ahead).await.unwrap();
    assert_eq!(log.claim(ahead).await.unwrap(), claimed("y", 1));
    log.park("y", 1, "why").await.unwrap();
    log.discard("y", ahead).await.unwrap().unwrap();
    for id in &ids {
        let again = log.record(event(id), 10).await.unwrap();
        assert_eq!(again, Recorded::Duplicate, "{id}");
    }

    // Redis remembers them for 7 days, and then forgets them a few at a time.
    let key = "cobo-events:{cobo}:done";
    let time = redis.cli(&["TIME"]);
    let seconds: u64 = time.lines().next().unwrap().parse().unwrap();
    let before = |millis: u64| (seconds * 1_000 - millis).to_string();
    for id in &ids {
        redis.cli(&["ZADD", key, &before(7 * DAY + 1), id]);
    }
    redis.cli(&["ZADD", key, &before(7 * DAY - 3_600_000), "x"]);
    for id in ["p", "q", "r"] {
        handle(id, 10).await;
    }
    for id in ["x", "y", "p"] {
        let again = log.record(event(id), 10).await.unwrap();
        assert_eq!(again, Recorded::Duplicate, "{id}");
    }
    for id in &ids {
        assert_eq!(log.record(event(id), 10).await.unwrap(), Recorded::New);
    }
}

#[tokio::test]
async fn redis_log_shares_events_between_processes_and_claims_again_after_the_lease() {
    if !redis::is_there() {
        return;
    }
    let redis = Redis::start().await;
    let log = || RedisLog::builder(&redis.url(), 10);
    let (one, other) = (log().build().unwrap(), log().build().unwrap());
    one.record(event("a"), 10).await.unwrap();
    let again = other.record(event("a"), 10).await.unwrap();
    assert_eq!(again, Recorded::Duplicate);
    assert_eq!(other.claim(10).await.unwrap(), claimed("a", 1));
    assert_eq!(one.claim(10).await.unwrap(), nothing(None));
    other.retry("a", 1, 10).await.unwrap();

    // A process that ends while it handles the event, with a lease that ends at once.
    let short = log().lease(Duration::from_millis(1)).build().unwrap();
    let claim_after_lease = async || loop {
        let claim = one.claim(10).await.unwrap();
        if claim != nothing(None) {
            return claim;
        }
    };
    assert_eq!(short.claim(10).await.unwrap(), claimed("a", 2));
    assert_eq!(claim_after_lease().await, claimed("a", 3));
    // Its late results do not end the claim of the other process, except that it has handled the event.
    short.retry("a", 2, 10).await.unwrap();
    short.park("a", 2, "late").await.unwrap();
    assert_eq!(one.claim(10).await.unwrap(), nothing(None));
    assert_eq!(counts(&one).await, (1, 0));
    short.done("a", 20).await.unwrap();
    one.retry("a", 3, 20).await.unwrap();
    assert_eq!(counts(&one).await, (0, 0));
    let again = one.record(event("a"), 30).await.unwrap();
    assert_eq!(again, Recorded::Duplicate);
}

#[tokio::test]
async fn redis_log_with_durable_settings_keeps_its_events_when_redis_is_killed() {
    if !redis::is_there() {
        return;
    }
    let durable = Settings {
        durable: true,
        ..Settings::default()
    };
    let mut redis = Redis::with(durable).await;
    let log = RedisLog::connect(&redis.url(), 10).unwrap();
    log.check_durability().await.unwrap();
    log.record(event("a"), 10).await.unwrap();
    log.record(event("b"), 20).await.unwrap();
    assert_eq!(log.claim(20).await.unwrap(), claimed("a", 1));
    log.park("a", 1, "why").await.unwrap();

    redis.kill();
    let error = log.record(event("c"), 20).await.unwrap_err();
    assert!(matches!(error, LogError::Failed(_)), "{error}");
    redis.restart().await;
    assert_eq!(log.record(event("c"), 20).await.unwrap(), Recorded::New);
    let again = log.record(event("b"), 20).await.unwrap();
    assert_eq!(again, Recorded::Duplicate);
    assert_eq!(log.parked(None, 10).await.unwrap()[0].reason, "why");
    assert_eq!(counts(&log).await, (2, 1));
}

#[tokio::test]
async fn redis_settings_that_lose_events_are_named() {
    if !redis::is_there() {
        return;
    }
    let redis = Redis::with(Settings {
        durable: true,
        ..Settings::default()
    })
    .await;
    let log = RedisLog::connect(&redis.url(), 10).unwrap();
    for (name, wrong, right) in [
        ("appendonly", "no", "yes"),
        ("appendfsync", "everysec", "always"),
        ("no-appendfsync-on-rewrite", "yes", "no"),
        ("maxmemory-policy", "allkeys-lru", "noeviction"),
    ] {
        redis.cli(&["CONFIG", "SET", name, wrong]);
        let error = log.check_durability().await.unwrap_err().to_string();
        let expected = format!("Redis has the setting `{name} {wrong}`; set it to `{right}`");
        assert!(error.contains(&expected), "{error}");
        redis.cli(&["CONFIG", "SET", name, right]);
        log.check_durability().await.unwrap();
    }
}

#[tokio::test]
async fn redis_log_url_is_checked_and_never_shown() {
    for url in [
        "http://:hunter2@localhost",
        "rediss://:hunter2@localhost/#insecure",
    ] {
        let error = RedisLog::connect(url, 10).unwrap_err();
        assert!(error.to_string().contains("invalid Redis URL"), "{error}");
        let shown = format!("{error} {error:?} {:?}", RedisLog::builder(url, 10));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    for namespace in ["{a}", "}", ""] {
        let log = RedisLog::builder("redis://localhost", 10).namespace(namespace);
        let error = log.build().unwrap_err().to_string();
        assert!(error.contains("invalid namespace"), "{error}");
    }

    // A port that no server listens on.
    let url = format!("redis://:hunter2@127.0.0.1:{}", redis::free_port());
    let error = RedisLog::connect(&url, 10).unwrap().claim(0).await;
    let error = format!("{:?}", error.unwrap_err());
    assert!(!error.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn redis_log_without_tls_is_refused_unless_redis_is_on_this_machine() {
    for url in [
        "redis://:hunter2@10.0.0.1",
        "redis://[2001:db8::1]:6379",
        "redis://localhost.evil",
    ] {
        let error = RedisLog::connect(url, 10).unwrap_err().to_string();
        assert!(error.contains("danger_allow_plain_redis"), "{url}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
        let allowed = RedisLog::builder(url, 10).danger_allow_plain_redis();
        allowed.build().unwrap();
    }
    for url in [
        "rediss://10.0.0.1",
        "redis://127.0.0.1",
        "redis://127.9.9.9:7000",
        "redis://[::1]",
        "redis://localhost",
        "redis://LOCALHOST",
        "unix:///run/redis.sock",
    ] {
        RedisLog::connect(url, 10).unwrap();
    }
}

#[test]
fn redis_log_settings_that_make_no_sense_are_refused() {
    let url = "redis://localhost";
    let builder = || RedisLog::builder(url, 10);
    for (log, expected) in [
        (RedisLog::builder(url, 0), "invalid capacity"),
        (builder().max_parked(0), "invalid `max_parked`"),
        (builder().lease(Duration::ZERO), "invalid lease"),
        (builder().lease(Duration::from_micros(999)), "invalid lease"),
        (builder().timeout(Duration::ZERO), "invalid timeout"),
        (
            RedisLog::builder("rediss://localhost", 10).root_certificate("no PEM"),
            "invalid root certificate",
        ),
    ] {
        let error = log.build().unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}
