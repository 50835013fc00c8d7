//! The time by which events are due.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cobo_auth::{Clock, Reading};

/// Unix time at the start, and monotonic from then on: a clock that an operator sets back does not
/// delay events.
///
/// The time can only go back when the process starts again. Then the first event in the log is due
/// later than the longest pause allows, and the time moves forward, so that no event waits longer
/// than the longest pause.
pub(super) struct LogTime {
    clock: Arc<dyn Clock>,
    start: Reading,
    /// How far it is ahead of the clock, in milliseconds.
    ahead: AtomicU64,
}

impl LogTime {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            start: clock.reading(),
            clock,
            ahead: AtomicU64::new(0),
        }
    }

    pub(super) fn now(&self) -> u64 {
        let elapsed = self.clock.monotonic().saturating_sub(self.start.monotonic);
        let now = self.start.unix_millis.saturating_add(millis(elapsed));
        now.saturating_add(self.ahead.load(Ordering::Relaxed))
    }

    /// How long to wait for an event that is due at `due`: at most `longest`.
    pub(super) fn wait_for(&self, due: u64, longest: Duration) -> Duration {
        let ahead = self.ahead.load(Ordering::Relaxed);
        let wait = due.saturating_sub(self.now());
        let excess = wait.saturating_sub(millis(longest));
        if excess == 0 {
            return Duration::from_millis(wait);
        }
        // Two workers that see the same event move the time once.
        let moved = ahead.saturating_add(excess);
        if self.ahead.fetch_max(moved, Ordering::Relaxed) < moved {
            tracing::warn!(
                "an event is due {wait} ms from now, later than the longest pause allows; the local \
                 clock was set back: the inbox moves its time forward"
            );
        }
        longest
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
