//! What every event log does, and what a durable one survives.

#![allow(clippy::unwrap_used)] // a panic fails the test

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use cobo_axum::{Claim, EventLog, LogError, MemoryLog, NewEvent, Recorded, RedbLog};
use redb::StorageBackend;
use redb::backends::InMemoryBackend;

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

async fn keeps_the_contract(log: impl EventLog) {
    assert_eq!(log.claim(0).await.unwrap(), nothing(None));
    assert_eq!(log.record(event("a"), 10).await.unwrap(), Recorded::New);
    assert_eq!(log.record(event("b"), 20).await.unwrap(), Recorded::New);
    assert_eq!(
        log.record(event("a"), 20).await.unwrap(),
        Recorded::Duplicate
    );
    // The capacity is 2.
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

    // Given back.
    log.retry("a", 50).await.unwrap();
    assert_eq!(log.claim(49).await.unwrap(), nothing(Some(50)));
    assert_eq!(log.claim(50).await.unwrap(), claimed("a", 2));

    // Done: it makes room, and is not recorded again.
    log.done("a", 60).await.unwrap();
    assert_eq!(
        log.record(event("a"), 70).await.unwrap(),
        Recorded::Duplicate
    );
    assert_eq!(log.record(event("c"), 70).await.unwrap(), Recorded::New);

    // Parked until it is released.
    assert!(log.parked().await.unwrap().is_empty());
    log.park("b", "why").await.unwrap();
    let parked = log.parked().await.unwrap();
    assert_eq!(parked.len(), 1);
    assert_eq!(
        (parked[0].id.as_str(), parked[0].reason.as_str()),
        ("b", "why")
    );
    assert_eq!(parked[0].body, event("b").body);
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

#[tokio::test]
async fn memory_log_fulfils_the_event_log_contract() {
    keeps_the_contract(MemoryLog::new(2)).await;
}

#[tokio::test]
async fn redb_log_fulfils_the_event_log_contract() {
    let directory = tempfile::tempdir().unwrap();
    keeps_the_contract(open(directory.path())).await;
}

fn open(directory: &Path) -> RedbLog {
    RedbLog::open(directory.join("events.redb"), 2).unwrap()
}

#[tokio::test]
async fn redb_log_keeps_its_events_after_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let log = open(directory.path());
    log.record(event("done"), 10).await.unwrap();
    assert_eq!(log.claim(10).await.unwrap(), claimed("done", 1));
    log.done("done", 10).await.unwrap();
    log.record(event("parked"), 20).await.unwrap();
    assert_eq!(log.claim(20).await.unwrap(), claimed("parked", 1));
    log.park("parked", "why").await.unwrap();
    log.record(event("claimed"), 30).await.unwrap();
    assert_eq!(log.claim(30).await.unwrap(), claimed("claimed", 1));
    drop(log);

    let log = open(directory.path());
    assert_eq!(
        log.record(event("done"), 40).await.unwrap(),
        Recorded::Duplicate
    );
    assert_eq!(
        log.record(event("claimed"), 40).await.unwrap(),
        Recorded::Duplicate
    );
    assert_eq!(log.parked().await.unwrap()[0].reason, "why");
    // It was not finished, so it is claimed again, as the second attempt.
    assert_eq!(log.claim(40).await.unwrap(), claimed("claimed", 2));
    log.retry("claimed", 50).await.unwrap();
    drop(log);

    let log = open(directory.path());
    assert_eq!(log.claim(40).await.unwrap(), nothing(Some(50)));
    assert_eq!(log.claim(50).await.unwrap(), claimed("claimed", 3));
}

#[tokio::test]
async fn opening_a_redb_log_twice_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.redb");
    let _log = RedbLog::open(&path, 2).unwrap();
    assert!(matches!(RedbLog::open(&path, 2), Err(LogError::Failed(_))));
}

/// Memory whose flush fails on demand.
#[derive(Debug)]
struct FailingDisk {
    memory: InMemoryBackend,
    fails: Arc<AtomicBool>,
}

impl StorageBackend for FailingDisk {
    fn len(&self) -> io::Result<u64> {
        self.memory.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.memory.read(offset, out)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.memory.set_len(len)
    }
    fn sync_data(&self) -> io::Result<()> {
        if self.fails.load(Ordering::Relaxed) {
            return Err(io::Error::other("the disk is gone"));
        }
        self.memory.sync_data()
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.memory.write(offset, data)
    }
}

/// A kill cannot show this: what the process wrote survives it even without a flush.
#[tokio::test]
async fn recording_an_event_fails_if_the_flush_fails() {
    let fails = Arc::new(AtomicBool::new(false));
    let disk = FailingDisk {
        memory: InMemoryBackend::new(),
        fails: Arc::clone(&fails),
    };
    let log = RedbLog::with_backend(disk, 10).unwrap();
    assert_eq!(log.record(event("a"), 10).await.unwrap(), Recorded::New);
    fails.store(true, Ordering::Relaxed);
    let error = log.record(event("b"), 20).await.unwrap_err();
    assert!(
        error.to_string().contains("the event log failed"),
        "{error}"
    );
}
