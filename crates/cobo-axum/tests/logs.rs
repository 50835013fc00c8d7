//! What a log in a file survives. `tests/stores` tests what every event log does.

#![allow(clippy::unwrap_used)] // a panic fails the test

mod support;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use cobo_axum::{Claim, Counts, EventLog as _, Inbox, LogError, Recorded, RedbLog};
use support::disk::{Disk, Flush};
use support::{new_event, reporting, send, signed, url_of, verifier};

fn claimed(id: &str, attempt: u32) -> Claim {
    Claim::Event {
        id: id.to_owned(),
        body: new_event(id).body,
        attempt,
        claim: attempt, // no event of these tests is released
    }
}

fn nothing(next_due: Option<u64>) -> Claim {
    Claim::Nothing { next_due }
}

fn open(directory: &Path) -> RedbLog {
    RedbLog::open(directory.join("events.redb"), 2).unwrap()
}

#[tokio::test]
async fn redb_log_keeps_its_events_after_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let log = open(directory.path());
    log.record(new_event("done"), 10).await.unwrap();
    assert_eq!(log.claim(10).await.unwrap(), claimed("done", 1));
    log.done("done", 10).await.unwrap();
    log.record(new_event("parked"), 20).await.unwrap();
    assert_eq!(log.claim(20).await.unwrap(), claimed("parked", 1));
    log.park("parked", 1, "why").await.unwrap();
    log.record(new_event("claimed"), 30).await.unwrap();
    assert_eq!(log.claim(30).await.unwrap(), claimed("claimed", 1));
    drop(log);

    let log = open(directory.path());
    assert_eq!(
        log.record(new_event("done"), 40).await.unwrap(),
        Recorded::Duplicate
    );
    assert_eq!(
        log.record(new_event("claimed"), 40).await.unwrap(),
        Recorded::Duplicate
    );
    assert_eq!(log.parked(None, 10).await.unwrap()[0].reason, "why");
    // It was not finished, so it is claimed again, as the second attempt.
    assert_eq!(log.claim(40).await.unwrap(), claimed("claimed", 2));
    log.retry("claimed", 2, 50).await.unwrap();
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

/// A log that is opened again without a pause.
fn on(disk: &Disk) -> RedbLog {
    let disk = disk.clone();
    let builder = RedbLog::builder(10).reopen_pause(Duration::ZERO);
    builder.open_with(move || Ok(disk.clone())).unwrap()
}

/// A kill cannot show this: what the process wrote survives it even without a flush.
#[tokio::test]
async fn log_works_again_after_a_failed_flush_and_keeps_its_events_in_a_crash() {
    let disk = Disk::default();
    let log = on(&disk);
    assert_eq!(log.record(new_event("a"), 10).await.unwrap(), Recorded::New);
    assert_eq!(log.claim(10).await.unwrap(), claimed("a", 1));

    disk.set(Flush::Fails);
    for id in ["b", "b", "c"] {
        let error = log.record(new_event(id), 20).await.unwrap_err().to_string();
        assert!(error.starts_with("the event log failed: "), "{error}");
    }
    disk.set(Flush::Works);
    // Whether the one that failed is in the log is not promised, but that it is durable after this.
    log.record(new_event("b"), 20).await.unwrap();
    log.record(new_event("c"), 20).await.unwrap();
    // The first one is still being handled.
    assert_eq!(log.claim(20).await.unwrap(), claimed("b", 1));
    log.done("b", 20).await.unwrap();
    log.retry("a", 1, 20).await.unwrap();
    drop(log);

    let log = on(&disk.after_crash());
    let two = Counts {
        unfinished: 2,
        parked: 0,
    };
    assert_eq!(log.counts().await.unwrap(), two);
    assert_eq!(log.claim(30).await.unwrap(), claimed("a", 2));
    assert_eq!(log.claim(30).await.unwrap(), claimed("c", 1));
    let again = log.record(new_event("b"), 30).await.unwrap();
    assert_eq!(again, Recorded::Duplicate);
}

/// The event whose flush failed is in the system's memory, and counts as written there. So the log
/// finds it again, and answers that it is a duplicate: it must be on the disk then.
#[tokio::test]
async fn duplicate_of_an_event_whose_flush_failed_is_on_the_disk() {
    let disk = Disk::default();
    let log = on(&disk);
    log.record(new_event("a"), 10).await.unwrap();
    disk.set(Flush::Fails);
    log.record(new_event("b"), 20).await.unwrap_err();
    disk.set(Flush::Works);
    let again = log.record(new_event("b"), 20).await.unwrap();
    assert_eq!(again, Recorded::Duplicate);

    let log = on(&disk.after_crash());
    assert_eq!(log.claim(30).await.unwrap(), claimed("a", 1));
    assert_eq!(log.claim(30).await.unwrap(), claimed("b", 1));
}

/// A result whose flush failed may be in the file even so. Writing it again must not make the event
/// wait twice.
#[tokio::test]
async fn result_written_again_after_a_failed_flush_takes_effect_once() {
    let disk = Disk::default();
    let log = on(&disk);
    for id in ["a", "b", "c"] {
        log.record(new_event(id), 10).await.unwrap();
        assert_eq!(log.claim(10).await.unwrap(), claimed(id, 1));
    }
    disk.set(Flush::Fails);
    log.retry("a", 1, 50).await.unwrap_err();
    disk.set(Flush::Works);
    log.retry("a", 1, 60).await.unwrap();
    disk.set(Flush::Fails);
    log.park("b", 1, "why").await.unwrap_err();
    disk.set(Flush::Works);
    log.park("b", 1, "why").await.unwrap();
    disk.set(Flush::Fails);
    log.done("c", 50).await.unwrap_err();
    disk.set(Flush::Works);
    log.done("c", 60).await.unwrap();

    let counts = Counts {
        unfinished: 1,
        parked: 1,
    };
    assert_eq!(log.counts().await.unwrap(), counts);
    assert_eq!(log.claim(60).await.unwrap(), claimed("a", 2));
    assert_eq!(log.claim(100).await.unwrap(), nothing(None));
}

/// Each reopening writes the whole file, which would add to the load of a disk that fails.
#[tokio::test(start_paused = true)]
async fn log_is_opened_again_at_most_once_in_each_pause() {
    let (disk, openings) = (Disk::default(), Arc::new(AtomicU32::new(0)));
    let (storage, counter) = (disk.clone(), Arc::clone(&openings));
    let log = RedbLog::builder(10)
        .reopen_pause(Duration::from_secs(5))
        .open_with(move || {
            counter.fetch_add(1, Ordering::Relaxed);
            Ok(storage.clone())
        })
        .unwrap();
    let record = async |id: &str| {
        log.record(new_event(id), 10)
            .await
            .map_err(|e| e.to_string())
    };
    assert_eq!(openings.load(Ordering::Relaxed), 1);

    disk.set(Flush::Fails);
    record("a").await.unwrap_err();
    // The first reopening needs no pause, but fails, too.
    record("a").await.unwrap_err();
    assert_eq!(openings.load(Ordering::Relaxed), 2);
    disk.set(Flush::Works);
    for _ in 0..10 {
        let error = record("a").await.unwrap_err();
        assert!(
            error.contains("opened 5s after the last attempt"),
            "{error}"
        );
    }
    tokio::time::advance(Duration::from_millis(4_999)).await;
    record("a").await.unwrap_err();
    assert_eq!(openings.load(Ordering::Relaxed), 2);
    tokio::time::advance(Duration::from_millis(1)).await;
    record("a").await.unwrap();
    assert_eq!(openings.load(Ordering::Relaxed), 3);
}

/// An event that this process handles must stay claimed when the file is opened again, although a
/// late result of an earlier claim arrived.
#[tokio::test]
async fn late_result_does_not_make_a_claimed_event_wait_after_a_disk_error() {
    let disk = Disk::default();
    let log = on(&disk);
    log.record(new_event("a"), 10).await.unwrap();
    assert_eq!(log.claim(10).await.unwrap(), claimed("a", 1));
    log.retry("a", 1, 10).await.unwrap();
    assert_eq!(log.claim(10).await.unwrap(), claimed("a", 2));
    log.retry("a", 1, 10).await.unwrap();
    log.park("a", 1, "late").await.unwrap();

    disk.set(Flush::Fails);
    log.record(new_event("b"), 20).await.unwrap_err();
    disk.set(Flush::Works);
    log.record(new_event("b"), 20).await.unwrap();
    assert_eq!(log.claim(20).await.unwrap(), claimed("b", 1));
    assert_eq!(log.claim(20).await.unwrap(), nothing(None));
}

/// A claim whose flush failed may be in the file even so, but no worker has the event. The result of
/// the earlier claim does not end it.
#[tokio::test]
async fn event_of_a_claim_that_reached_no_worker_waits_again_after_a_disk_error() {
    let disk = Disk::default();
    let log = on(&disk);
    log.record(new_event("a"), 10).await.unwrap();
    assert_eq!(log.claim(10).await.unwrap(), claimed("a", 1));
    disk.set(Flush::Fails);
    log.retry("a", 1, 10).await.unwrap_err();
    disk.set(Flush::Works);
    log.counts().await.unwrap();
    disk.set(Flush::Fails);
    log.claim(10).await.unwrap_err();
    disk.set(Flush::Works);
    log.retry("a", 1, 10).await.unwrap();
    assert_eq!(log.claim(10).await.unwrap(), claimed("a", 3));
}

/// The folder may be empty because its disk was unmounted. An event in a new log would be hidden when
/// the disk is mounted again.
#[tokio::test]
async fn empty_storage_after_a_disk_error_is_not_used_as_a_new_log() {
    let disks = [Disk::default(), Disk::default()];
    let (storage, mounted) = (disks.clone(), Arc::new(AtomicUsize::new(0)));
    let current = Arc::clone(&mounted);
    let log = RedbLog::builder(10)
        .reopen_pause(Duration::ZERO)
        .open_with(move || Ok(storage[current.load(Ordering::Relaxed)].clone()))
        .unwrap();
    log.record(new_event("a"), 10).await.unwrap();
    disks[0].set(Flush::Fails);
    log.record(new_event("b"), 10).await.unwrap_err();

    mounted.store(1, Ordering::Relaxed);
    for _ in 0..2 {
        let error = log.record(new_event("c"), 10).await.unwrap_err();
        assert!(error.to_string().contains("is empty now"), "{error}");
    }
    disks[0].set(Flush::Works);
    mounted.store(0, Ordering::Relaxed);
    log.record(new_event("c"), 20).await.unwrap();
    assert_eq!(log.claim(20).await.unwrap(), claimed("a", 1));
}

#[cfg(unix)]
#[test]
fn new_file_is_private_to_its_owner() {
    use std::os::unix::fs::PermissionsExt as _;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.redb");
    let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    drop(RedbLog::open(&path, 2).unwrap());
    assert_eq!(mode(), 0o600);
    // A mode that the operator chose is kept.
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    drop(RedbLog::open(&path, 2).unwrap());
    assert_eq!(mode(), 0o640);
}

#[test]
fn redb_log_with_a_limit_of_zero_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.redb");
    let error = RedbLog::open(&path, 0).unwrap_err().to_string();
    assert!(error.contains("invalid capacity"), "{error}");
    let error = RedbLog::builder(1).max_parked(0).open(&path).unwrap_err();
    assert!(
        error.to_string().contains("invalid `max_parked`"),
        "{error}"
    );
    assert!(!path.exists());
}

/// An inbox on this disk, its URL, and what its handler reports.
async fn inbox_on(disk: &Disk, limit: Duration) -> (Inbox, String, support::Handled) {
    let (handlers, handled) = reporting();
    let inbox = Inbox::builder(verifier(), on(disk), handlers).record_limit(limit);
    let inbox = inbox.start().unwrap();
    let url = url_of(&inbox).await;
    (inbox, url, handled)
}

const LONG: Duration = Duration::from_secs(600);

#[tokio::test]
async fn webhook_is_acknowledged_only_after_the_flush() {
    let disk = Disk::default();
    let (inbox, url, mut handled) = inbox_on(&disk, LONG).await;
    let mut flushes = disk.flushes();
    disk.set(Flush::Hangs);
    let answer = tokio::spawn(send(signed(&url, &support::event("e-1"))));
    flushes.recv().await.unwrap();
    assert!(!answer.is_finished() && handled.try_recv().is_err());
    disk.set(Flush::Works);
    assert_eq!(answer.await.unwrap().0, 200);
    assert_eq!(handled.recv().await.unwrap(), "e-1");
    inbox.shutdown().await;
}

#[tokio::test]
async fn webhook_and_its_duplicate_are_refused_while_the_flush_hangs() {
    let disk = Disk::default();
    let (inbox, url, mut handled) = inbox_on(&disk, Duration::from_millis(100)).await;
    disk.set(Flush::Hangs);
    for _ in 0..3 {
        assert_eq!(send(signed(&url, &support::event("e-1"))).await.0, 503);
    }
    assert!(handled.try_recv().is_err());
    disk.set(Flush::Works);
    assert_eq!(handled.recv().await.unwrap(), "e-1");
    inbox.shutdown().await;
    assert!(handled.try_recv().is_err(), "it was handled twice");
}

#[tokio::test]
async fn webhook_is_refused_while_the_flush_fails() {
    let disk = Disk::default();
    let (inbox, url, mut handled) = inbox_on(&disk, LONG).await;
    disk.set(Flush::Fails);
    for _ in 0..3 {
        assert_eq!(send(signed(&url, &support::event("e-1"))).await.0, 503);
    }
    disk.set(Flush::Works);
    assert_eq!(send(signed(&url, &support::event("e-1"))).await.0, 200);
    assert_eq!(handled.recv().await.unwrap(), "e-1");
    inbox.shutdown().await;
    assert!(handled.try_recv().is_err(), "it was handled twice");
}
