//! A clock that is set back does not delay events.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use cobo_auth::Clock;
use cobo_axum::{EventLog as _, Inbox, MemoryLog};
use cobo_waas2::webhooks::Router;
use tokio::time::Instant;

use crate::support::{new_event, report, reporting, verifier};

const NOW: u64 = 1_795_000_000_000;
const HOUR: u64 = 60 * 60 * 1_000;

/// A wall clock that the test sets, and tokio's clock.
#[derive(Debug, Clone)]
pub(crate) struct TestClock {
    wall: Arc<AtomicU64>,
    start: Instant,
}

impl TestClock {
    pub(crate) fn new() -> Self {
        Self {
            wall: Arc::new(NOW.into()),
            start: Instant::now(),
        }
    }
}

impl Clock for TestClock {
    fn unix_millis(&self) -> u64 {
        self.wall.load(Ordering::Relaxed)
    }
    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }
}

#[tokio::test(start_paused = true)]
async fn clock_set_back_does_not_delay_the_next_attempt() {
    let log = MemoryLog::new(10);
    log.record(new_event("e-1"), NOW).await.unwrap();
    let clock = TestClock::new();
    let (done, mut handled) = report();
    let (calls, wall) = (AtomicU32::new(0), Arc::clone(&clock.wall));
    let handlers = Router::new().on_chains(move |_| {
        let call = calls.fetch_add(1, Ordering::Relaxed);
        wall.store(NOW - HOUR, Ordering::Relaxed);
        done.send(format!("call {call}")).unwrap();
        async move { if call == 0 { Err("once") } else { Ok(()) } }
    });
    let start = Instant::now();
    let inbox = Inbox::builder(verifier(), log, handlers)
        .clock(clock)
        .pauses(Duration::from_secs(2), Duration::from_secs(600))
        .start()
        .unwrap();
    assert_eq!(handled.recv().await.unwrap(), "call 0");
    assert_eq!(handled.recv().await.unwrap(), "call 1");
    let waited = start.elapsed().as_secs();
    assert_eq!(waited, 2, "of the paused clock");
    inbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn clock_set_back_before_a_restart_delays_events_by_the_longest_pause() {
    let log = MemoryLog::new(10);
    for (id, due) in [("e-1", NOW + HOUR), ("e-2", NOW + HOUR + 1_000)] {
        log.record(new_event(id), due).await.unwrap();
    }
    let (handlers, mut handled) = reporting();
    let start = Instant::now();
    let inbox = Inbox::builder(verifier(), log, handlers)
        .clock(TestClock::new())
        .pauses(Duration::from_secs(2), Duration::from_secs(30))
        .start()
        .unwrap();
    assert_eq!(handled.recv().await.unwrap(), "e-1");
    assert_eq!(start.elapsed().as_secs(), 30, "of the paused clock");
    assert_eq!(handled.recv().await.unwrap(), "e-2");
    assert_eq!(start.elapsed().as_secs(), 31, "of the paused clock");
    inbox.shutdown().await;
}
