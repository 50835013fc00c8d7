//! An event log in Redis: the contract of every log, and what only this one does.

use std::time::Duration;

use cobo_axum::{EventLog as _, LogError, Recorded, RedisLog};
use cobo_tests::redis::{self, Redis};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use crate::event_logs::{
    DAY, bounds_and_discards_parked_events, claimed, claimed_after_release, counts, event,
    keeps_the_contract, late_results_never_end_the_claim_of_another_worker, nothing,
};
use crate::redis_urls::{PLAIN_TO_OTHER_MACHINES, TLS_OR_THIS_MACHINE};

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
    let mut redis = Redis::durable().await;
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
    let redis = Redis::durable().await;
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

/// The settings of a server that removes only keys with a time of expiry, and so no event.
#[tokio::test]
async fn redis_that_removes_only_keys_that_expire_is_durable() {
    if !redis::is_there() {
        return;
    }
    let redis = Redis::durable().await;
    let log = RedisLog::connect(&redis.url(), 10).unwrap();
    redis.cli(&["CONFIG", "SET", "maxmemory-policy", "volatile-lru"]);
    log.check_durability().await.unwrap();
}

/// A server with durable settings that does not return how it removes keys.
async fn without_policy() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (input, mut output) = stream.split();
        let mut lines = BufReader::new(input).lines();
        // A command is `*COUNT`, and then `$LENGTH` and the text of each word.
        while let Some(count) = lines.next_line().await.unwrap() {
            let mut words = Vec::new();
            for _ in 0..count[1..].parse::<usize>().unwrap() {
                lines.next_line().await.unwrap();
                words.push(lines.next_line().await.unwrap().unwrap());
            }
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let answer = match words[..] {
                ["CONFIG", "GET", "appendonly"] => "*2\r\n+appendonly\r\n+yes\r\n",
                ["CONFIG", "GET", "appendfsync"] => "*2\r\n+appendfsync\r\n+always\r\n",
                ["CONFIG", "GET", "no-appendfsync-on-rewrite"] => {
                    "*2\r\n+no-appendfsync-on-rewrite\r\n+no\r\n"
                }
                ["CONFIG", ..] => "*0\r\n",
                _ => "+OK\r\n",
            };
            output.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    url
}

#[tokio::test]
async fn redis_setting_that_is_not_returned_is_an_error() {
    let log = RedisLog::connect(&without_policy().await, 10).unwrap();
    let error = log.check_durability().await.unwrap_err().to_string();
    let expected = "Redis does not return its setting `maxmemory-policy`";
    assert!(error.contains(expected), "{error}");
}

/// Events that are in the log must be handled, so that they free memory.
#[tokio::test]
async fn redis_log_without_memory_refuses_only_new_events() {
    if !redis::is_there() {
        return;
    }
    let redis = Redis::start().await;
    let log = RedisLog::connect(&redis.url(), 100).unwrap();
    for id in ["a", "b", "c", "d"] {
        log.record(event(id), 10).await.unwrap();
    }
    assert_eq!(redis.cli(&["CONFIG", "SET", "maxmemory", "1"]), "OK");
    let error = log.record(event("e"), 10).await.unwrap_err().to_string();
    assert!(error.contains("Redis has no memory left"), "{error}");

    assert_eq!(log.claim(10).await.unwrap(), claimed("a", 1));
    log.retry("a", 1, 20).await.unwrap();
    for id in ["b", "c"] {
        assert_eq!(log.claim(10).await.unwrap(), claimed(id, 1));
        log.park(id, 1, "why").await.unwrap();
    }
    assert_eq!(log.claim(10).await.unwrap(), claimed("d", 1));
    log.done("d", 10).await.unwrap();
    assert_eq!(counts(&log).await, (1, 2));
    let discarded = log.discard("b", 10).await.unwrap().unwrap();
    assert_eq!(discarded.reason, "why");
    assert!(log.release("c", 10).await.unwrap());
    assert_eq!(log.claim(10).await.unwrap(), claimed_after_release("c", 2));
    log.done("c", 10).await.unwrap();

    // A claim whose lease has ended.
    let short = RedisLog::builder(&redis.url(), 100).lease(Duration::from_millis(1));
    let short = short.build().unwrap();
    assert_eq!(short.claim(20).await.unwrap(), claimed("a", 2));
    let again = loop {
        let claim = log.claim(20).await.unwrap();
        if claim != nothing(None) {
            break claim;
        }
    };
    assert_eq!(again, claimed("a", 3));
    log.done("a", 20).await.unwrap();
    assert_eq!(counts(&log).await, (0, 0));
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
    for url in PLAIN_TO_OTHER_MACHINES {
        let error = RedisLog::connect(url, 10).unwrap_err().to_string();
        assert!(error.contains("danger_allow_plain_redis"), "{url}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
        let allowed = RedisLog::builder(url, 10).danger_allow_plain_redis();
        allowed.build().unwrap();
    }
    for url in TLS_OR_THIS_MACHINE {
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
        (
            builder().root_certificate("no PEM"),
            "the root certificate would not be used",
        ),
    ] {
        let error = log.build().unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}
