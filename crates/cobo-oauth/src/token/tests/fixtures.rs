//! Fake clocks and processes that tests control.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use cobo_auth::{Clock, Environment};
use tokio::time::Instant;

use crate::store::Owner;

/// The time of the wall clock when a test begins, in Unix milliseconds.
pub(super) const BEGIN: u64 = 1_800_000_000_000;

/// The app under test.
pub(super) fn owner() -> Owner {
    Owner::new("app", &Environment::development())
}

/// Clocks that follow tokio's paused time; the wall clock can be set.
#[derive(Debug, Clone)]
pub(super) struct TestClock {
    begin: Instant,
    set: Arc<AtomicI64>,
}

impl TestClock {
    pub(super) fn new() -> Self {
        Self {
            begin: Instant::now(),
            set: Arc::default(),
        }
    }

    /// The clock of another machine, whose wall clock is ahead by this many milliseconds.
    pub(super) fn ahead_by(&self, millis: i64) -> Self {
        let set = self.set.load(Ordering::Relaxed) + millis;
        Self {
            begin: self.begin,
            set: Arc::new(AtomicI64::new(set)),
        }
    }

    /// Moves the wall clock forward, or back if negative.
    pub(super) fn set(&self, by_millis: i64) {
        self.set.fetch_add(by_millis, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn unix_millis(&self) -> u64 {
        let elapsed = u64::try_from(self.begin.elapsed().as_millis()).unwrap();
        (BEGIN + elapsed)
            .checked_add_signed(self.set.load(Ordering::Relaxed))
            .unwrap()
    }

    fn monotonic(&self) -> Duration {
        self.begin.elapsed()
    }
}

/// A process that can be killed. A killed process waits forever at its next `pause_if_killed`.
#[derive(Debug, Clone)]
pub(super) struct Life {
    pub(super) number: u64,
    alive: Arc<AtomicBool>,
}

impl Life {
    pub(super) fn new(number: u64) -> Self {
        let alive = Arc::new(AtomicBool::new(true));
        Self { number, alive }
    }

    pub(super) fn kill(&self) {
        self.alive.store(false, Ordering::Relaxed);
    }

    pub(super) fn is_over(&self) -> bool {
        !self.alive.load(Ordering::Relaxed)
    }

    pub(super) async fn pause_if_killed(&self) {
        if self.is_over() {
            std::future::pending::<()>().await;
        }
    }
}

/// Runs a test in paused time, which advances only when all tasks wait for a timer.
pub(super) fn paused(play: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(play);
}

/// Lets all ready tasks run without advancing time.
pub(super) async fn settle() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}
