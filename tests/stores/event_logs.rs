//! What every event log does, in memory and in a file. `redis_logs` has the one in Redis.

use bytes::Bytes;
use cobo_axum::{Claim, Counts, EventLog, LogError, MemoryLog, NewEvent, Recorded, RedbLog};

pub(crate) const DAY: u64 = 24 * 60 * 60 * 1_000;

pub(crate) fn event(id: &str) -> NewEvent {
    NewEvent {
        id: id.to_owned(),
        body: Bytes::from(format!("body of {id}")),
    }
}

pub(crate) fn claimed(id: &str, attempt: u32) -> Claim {
    Claim::Event {
        id: id.to_owned(),
        body: event(id).body,
        attempt,
        claim: attempt,
    }
}

/// The first attempt after a release.
fn claimed_after_release(id: &str, claim: u32) -> Claim {
    Claim::Event {
        id: id.to_owned(),
        body: event(id).body,
        attempt: 1,
        claim,
    }
}

pub(crate) fn nothing(next_due: Option<u64>) -> Claim {
    Claim::Nothing { next_due }
}

pub(crate) async fn counts(log: &impl EventLog) -> (usize, usize) {
    let Counts { unfinished, parked } = log.counts().await.unwrap();
    (unfinished, parked)
}

/// The log has a capacity of 2.
pub(crate) async fn keeps_the_contract(log: impl EventLog) {
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
    log.retry("a", 1, 50).await.unwrap();
    log.retry("a", 1, 40).await.unwrap();
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
    log.park("b", 1, "why").await.unwrap();
    let parked = log.parked(None, 10).await.unwrap();
    assert_eq!(parked.len(), 1);
    assert_eq!(
        (parked[0].id.as_str(), parked[0].reason.as_str()),
        ("b", "why")
    );
    assert_eq!(parked[0].body, event("b").body);
    assert_eq!(counts(&log).await, (1, 1));
    log.retry("b", 1, 75).await.unwrap();
    assert_eq!(log.claim(80).await.unwrap(), claimed("c", 1));
    assert_eq!(log.claim(80).await.unwrap(), nothing(None));
    assert!(!log.release("c", 80).await.unwrap());
    assert!(!log.release("unknown", 80).await.unwrap());
    assert!(log.release("b", 80).await.unwrap());
    assert!(!log.release("b", 80).await.unwrap());
    assert_eq!(log.claim(80).await.unwrap(), claimed_after_release("b", 2));
    log.done("b", 90).await.unwrap();
    log.done("c", 90).await.unwrap();
    assert_eq!(counts(&log).await, (0, 0));
}

/// A result that is written twice, or after another worker has claimed the event, never ends the claim of
/// that worker: two workers would handle the event at the same time.
pub(crate) async fn late_results_never_end_the_claim_of_another_worker(log: impl EventLog) {
    let late = async |claim| {
        log.retry("a", claim, 10).await.unwrap();
        log.park("a", claim, "late").await.unwrap();
        assert_eq!(log.claim(99).await.unwrap(), nothing(None), "{claim}");
        assert_eq!(counts(&log).await, (1, 0), "{claim}");
    };
    log.record(event("a"), 10).await.unwrap();
    assert_eq!(log.claim(10).await.unwrap(), claimed("a", 1));
    log.retry("a", 1, 10).await.unwrap();
    assert_eq!(log.claim(10).await.unwrap(), claimed("a", 2));
    late(1).await;

    // The same number of attempts after a release does not make an old result valid.
    log.park("a", 2, "why").await.unwrap();
    assert!(log.release("a", 10).await.unwrap());
    assert_eq!(log.claim(10).await.unwrap(), claimed_after_release("a", 3));
    for claim in [0, 1, 2, 4] {
        late(claim).await;
    }

    // A late `done` counts, and the result of the other worker then changes nothing.
    log.retry("a", 3, 20).await.unwrap();
    log.done("a", 10).await.unwrap();
    log.done("a", 10).await.unwrap();
    log.retry("a", 3, 10).await.unwrap();
    log.park("a", 3, "late").await.unwrap();
    assert_eq!(log.claim(99).await.unwrap(), nothing(None));
    assert_eq!(counts(&log).await, (0, 0));
    let again = log.record(event("a"), 10).await.unwrap();
    assert_eq!(again, Recorded::Duplicate);

    // But not of a parked event, which an operator sees.
    log.record(event("b"), 10).await.unwrap();
    assert_eq!(log.claim(10).await.unwrap(), claimed("b", 1));
    log.park("b", 1, "why").await.unwrap();
    log.done("b", 10).await.unwrap();
    assert_eq!(counts(&log).await, (0, 1));
}

/// By the clock of the caller.
async fn remembers_handled_events_for_7_days(log: impl EventLog) {
    for id in ["b", "c"] {
        log.record(event(id), 80).await.unwrap();
        assert_eq!(log.claim(80).await.unwrap(), claimed(id, 1));
    }
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
pub(crate) async fn bounds_and_discards_parked_events(log: impl EventLog) {
    for id in ["b", "c", "a"] {
        log.record(event(id), 10).await.unwrap();
        assert_eq!(log.claim(10).await.unwrap(), claimed(id, 1));
    }
    log.park("c", 1, "why c").await.unwrap();
    assert_eq!(log.record(event("d"), 10).await.unwrap(), Recorded::New);
    log.park("b", 1, "why b").await.unwrap();
    // Beyond the limit, new events are refused. One that was accepted can still be parked.
    let refused = log.record(event("e"), 10).await;
    assert!(matches!(refused, Err(LogError::TooManyParked)));
    log.park("a", 1, "why a").await.unwrap();
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

/// Events that are done are forgotten a few at a time, and all of them in the end. By the clock of the
/// caller.
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
    late_results_never_end_the_claim_of_another_worker(MemoryLog::new(10)).await;
    remembers_handled_events_for_7_days(MemoryLog::new(10)).await;
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
    let log = RedbLog::open(path("4"), 10).unwrap();
    late_results_never_end_the_claim_of_another_worker(log).await;
    remembers_handled_events_for_7_days(RedbLog::open(path("5"), 10).unwrap()).await;
}
