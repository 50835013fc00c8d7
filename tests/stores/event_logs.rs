//! What every event log does, in memory, in a file and in Redis; and what only the one in Redis does.

use std::time::Duration;

use bytes::Bytes;
use cobo_axum::{
    Claim, Counts, EventLog, LogError, MemoryLog, NewEvent, Recorded, RedbLog, RedisLog,
};
use cobo_tests::redis::{self, Redis, Settings};

const DAY: u64 = 24 * 60 * 60 * 1_000;

fn event(id: &str) -> NewEvent {
    NewEvent {
        id: id.to_owned(),
        body: Bytes::from(format!("body of {id}")),
    }
}

fn claimed(id: &str, attempt: u32) -> Claim {
    Claim::Event {
        id: id.to_owned(),
        body: event(id).body,
        attempt,
    }
}

fn nothing(next_due: Option<u64>) -> Claim {
    Claim::Nothing { next_due }
}

async fn counts(log: &impl EventLog) -> (usize, usize) {
    let Counts { unfinished, parked } = log.counts().await.unwrap();
    (unfinished, parked)
}

/// The log has a capacity of 2.
async fn keeps_the_contract(log: impl EventLog) {
    assert_eq!(log.claim(0).await.unwrap(), nothing(None));
    assert_eq!(log.record(event("a"), 10).await.unwrap(), Recorded::New);
    assert_eq!(log.record(event("b"), 20).await.unwrap(), Recorded::New);
    assert_eq!(
        log.record(event("a"), 20).await.unwrap(),
        Recorded::Duplicate
    );
    assert_eq!(counts(&log).await, (2, 0));
    assert!(matches!(
        log.record(event("c"), 20).await,
        Err(LogError::Full)
    ));
    assert_eq!(
        log.record(event("a"), 20).await.unwrap(),
        Recorded::Duplicate
    );

    // The one that has been due for the longest time, and each only once.
    assert_eq!(log.claim(9).await.unwrap(), nothing(Some(10)));
    assert_eq!(log.claim(20).await.unwrap(), claimed("a", 1));
    assert_eq!(log.claim(20).await.unwrap(), claimed("b", 1));
    assert_eq!(log.claim(20).await.unwrap(), nothing(None));

    // Given back, once.
    log.retry("a", 50).await.unwrap();
    log.retry("a", 40).await.unwrap();
    assert_eq!(log.claim(49).await.unwrap(), nothing(Some(50)));
    assert_eq!(log.claim(50).await.unwrap(), claimed("a", 2));

    assert_eq!(log.claim(50).await.unwrap(), nothing(None));

    // Done: it makes room, and is not recorded again.
    log.done("a", 60).await.unwrap();
    assert_eq!(
        log.record(event("a"), 70).await.unwrap(),
        Recorded::Duplicate
    );
    assert_eq!(log.record(event("c"), 70).await.unwrap(), Recorded::New);

    // Parked until it is released. It makes room, too.
    assert!(log.parked(None, 10).await.unwrap().is_empty());
    log.park("b", "why").await.unwrap();
    let parked = log.parked(None, 10).await.unwrap();
    assert_eq!(parked.len(), 1);
    assert_eq!(
        (parked[0].id.as_str(), parked[0].reason.as_str()),
        ("b", "why")
    );
    assert_eq!(parked[0].body, event("b").body);
    assert_eq!(counts(&log).await, (1, 1));
    log.retry("b", 75).await.unwrap();
    assert_eq!(log.claim(80).await.unwrap(), claimed("c", 1));
    assert_eq!(log.claim(80).await.unwrap(), nothing(None));
    assert!(!log.release("c", 80).await.unwrap());
    assert!(!log.release("unknown", 80).await.unwrap());
    assert!(log.release("b", 80).await.unwrap());
    assert!(!log.release("b", 80).await.unwrap());
    assert_eq!(log.claim(80).await.unwrap(), claimed("b", 1));

    // Handled events are remembered for 7 days.
    log.done("b", 90).await.unwrap();
    assert_eq!(
        log.record(event("b"), 90 + 7 * DAY).await.unwrap(),
        Recorded::Duplicate
    );
    log.done("c", 91 + 7 * DAY).await.unwrap();
    assert_eq!(
        log.record(event("b"), 91 + 7 * DAY).await.unwrap(),
        Recorded::New
    );
}

/// The log has a capacity of 10, and of 2 parked events.
async fn bounds_and_discards_parked_events(log: impl EventLog) {
    for id in ["b", "c", "a"] {
        log.record(event(id), 10).await.unwrap();
        assert_eq!(log.claim(10).await.unwrap(), claimed(id, 1));
    }
    log.park("c", "why c").await.unwrap();
    assert_eq!(log.record(event("d"), 10).await.unwrap(), Recorded::New);
    log.park("b", "why b").await.unwrap();
    // Beyond the limit, new events are refused. One that was accepted can still be parked.
    let refused = log.record(event("e"), 10).await;
    assert!(matches!(refused, Err(LogError::TooManyParked)));
    log.park("a", "why a").await.unwrap();
    assert_eq!(counts(&log).await, (1, 3));

    // In pages, by ID.
    let page = async |after: Option<&str>, limit| {
        let page = log.parked(after, limit).await.unwrap();
        let ids = page.into_iter().map(|event| event.id);
        ids.collect::<Vec<_>>()
    };
    assert_eq!(page(None, 10).await, ["a", "b", "c"]);
    assert_eq!(page(None, 2).await, ["a", "b"]);
    assert_eq!(page(Some("b"), 2).await, ["c"]);
    assert_eq!(page(Some("bb"), 2).await, ["c"]);
    assert!(page(Some("c"), 2).await.is_empty());

    // Discarded: it makes room, and is not recorded again.
    let discarded = log.discard("b", 20).await.unwrap().unwrap();
    assert_eq!(
        (discarded.id.as_str(), discarded.reason.as_str()),
        ("b", "why b")
    );
    assert_eq!(discarded.body, event("b").body);
    for id in ["b", "d", "unknown"] {
        assert_eq!(log.discard(id, 20).await.unwrap(), None, "{id}");
    }
    assert!(!log.release("b", 20).await.unwrap());
    assert!(log.release("a", 20).await.unwrap());
    assert_eq!(counts(&log).await, (2, 1));
    let again = log.record(event("b"), 20).await.unwrap();
    assert_eq!(again, Recorded::Duplicate);
    assert_eq!(log.record(event("e"), 20).await.unwrap(), Recorded::New);
}

/// Events that are done are forgotten a few at a time, and all of them in the end.
async fn forgets_done_events_in_small_steps(log: impl EventLog) {
    let ids: Vec<String> = (0..40).map(|number| format!("e-{number}")).collect();
    for id in &ids {
        log.record(event(id), 10).await.unwrap();
        assert_eq!(log.claim(10).await.unwrap(), claimed(id, 1));
        log.done(id, 10).await.unwrap();
    }
    let later = 11 + 7 * DAY;
    for id in ["x", "y", "z"] {
        log.record(event(id), later).await.unwrap();
        assert_eq!(log.claim(later).await.unwrap(), claimed(id, 1));
        log.done(id, later).await.unwrap();
    }
    for id in &ids {
        let recorded = log.record(event(id), later).await.unwrap();
        assert_eq!(recorded, Recorded::New, "{id}");
    }
}

#[tokio::test]
async fn memory_log_fulfils_the_event_log_contract() {
    keeps_the_contract(MemoryLog::new(2)).await;
    bounds_and_discards_parked_events(MemoryLog::new(10).max_parked(2)).await;
    forgets_done_events_in_small_steps(MemoryLog::new(100)).await;
}

#[tokio::test]
async fn redb_log_fulfils_the_event_log_contract() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    keeps_the_contract(RedbLog::open(path("1"), 2).unwrap()).await;
    let log = RedbLog::builder(10).max_parked(2).open(path("2")).unwrap();
    bounds_and_discards_parked_events(log).await;
    forgets_done_events_in_small_steps(RedbLog::open(path("3"), 100).unwrap()).await;
}

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
    forgets_done_events_in_small_steps(log("3", 100).unwrap()).await;
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
    other.retry("a", 10).await.unwrap();

    // A process that ends while it handles the event, with a lease that ends at once.
    let short = log().lease(Duration::ZERO).build().unwrap();
    assert_eq!(short.claim(10).await.unwrap(), claimed("a", 2));
    assert_eq!(one.claim(10).await.unwrap(), claimed("a", 3));
    // Its late result counts even so.
    short.done("a", 20).await.unwrap();
    one.retry("a", 20).await.unwrap();
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
    log.park("a", "why").await.unwrap();

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
    let braces = RedisLog::builder("redis://localhost", 10).namespace("{a}");
    let error = braces.build().unwrap_err().to_string();
    assert!(error.contains("invalid namespace"), "{error}");

    // A port that no server listens on.
    let url = format!("redis://:hunter2@127.0.0.1:{}", redis::free_port());
    let error = RedisLog::connect(&url, 10).unwrap().claim(0).await;
    let error = format!("{:?}", error.unwrap_err());
    assert!(!error.contains("hunter2"), "{error}");
}
