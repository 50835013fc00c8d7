use std::time::Duration;

use cobo_auth::Clock;

/// A point in time by both clocks. An operator may set the wall clock, and the monotonic clock
/// stands still while the machine is suspended: neither is to be trusted alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Unix milliseconds.
    pub(crate) wall: u64,
    pub(crate) monotonic: Duration,
}

impl Moment {
    pub(crate) fn now(clock: &dyn Clock) -> Self {
        Self {
            wall: clock.unix_millis(),
            monotonic: clock.monotonic(),
        }
    }

    /// A few milliseconds late: good for what ends well before it matters.
    pub(crate) fn lately(clock: &dyn Clock) -> Self {
        let reading = clock.reading();
        Self {
            wall: reading.unix_millis,
            monotonic: reading.monotonic,
        }
    }

    pub(crate) fn after(self, span: Duration) -> Self {
        Self {
            wall: self.wall.saturating_add(millis(span)),
            monotonic: self.monotonic.saturating_add(span),
        }
    }

    /// How long ago this moment was, by the clock that says more.
    pub(crate) fn until(&self, now: &Self) -> Duration {
        let by_wall = Duration::from_millis(now.wall.saturating_sub(self.wall));
        by_wall.max(now.monotonic.saturating_sub(self.monotonic))
    }

    /// Whichever comes first, by each clock.
    pub(crate) fn earlier(self, other: Self) -> Self {
        Self {
            wall: self.wall.min(other.wall),
            monotonic: self.monotonic.min(other.monotonic),
        }
    }

    /// How long it is until this moment, by the clock that says less.
    pub(crate) fn left(&self, now: &Self) -> Duration {
        let by_wall = Duration::from_millis(self.wall.saturating_sub(now.wall));
        by_wall.min(self.monotonic.saturating_sub(now.monotonic))
    }

    /// Whether this moment has come, as soon as either clock says so.
    pub(crate) fn has_come(&self, now: &Self) -> bool {
        now.wall >= self.wall || now.monotonic >= self.monotonic
    }
}

pub(crate) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
