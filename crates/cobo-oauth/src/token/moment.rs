use std::time::Duration;

use cobo_auth::Clock;

/// A point in time, by the machine's two clocks and by Cobo's.
///
/// None of them is reliable alone: an operator may set the wall clock, the monotonic clock stands
/// still while the machine is suspended, and Cobo's time is only as new as its last answer. Each is
/// compared with itself, and a token has expired as soon as one of them says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Unix milliseconds by the machine's wall clock.
    pub(crate) wall: u64,
    pub(crate) monotonic: Duration,
    /// Unix milliseconds by Cobo's clock, if known. Only the end of a token is compared by it.
    pub(crate) cobo: Option<u64>,
}

impl Moment {
    /// By the machine's clocks.
    pub(crate) fn now(clock: &dyn Clock) -> Self {
        Self {
            wall: clock.unix_millis(),
            monotonic: clock.monotonic(),
            cobo: None,
        }
    }

    /// The same, from clocks that are a few milliseconds late and cheaper to read.
    pub(crate) fn now_coarse(clock: &dyn Clock) -> Self {
        let reading = clock.reading();
        Self {
            wall: reading.unix_millis,
            monotonic: reading.monotonic,
            cobo: None,
        }
    }

    pub(crate) fn with_cobo(self, cobo: Option<u64>) -> Self {
        Self { cobo, ..self }
    }

    pub(crate) fn after(self, span: Duration) -> Self {
        Self {
            wall: self.wall.saturating_add(millis(span)),
            monotonic: self.monotonic.saturating_add(span),
            cobo: self.cobo.map(|cobo| cobo.saturating_add(millis(span))),
        }
    }

    /// This moment in the past with Cobo's time, which is known `now`.
    pub(crate) fn dated(self, now: &Self) -> Self {
        let elapsed = millis(now.monotonic.saturating_sub(self.monotonic));
        self.with_cobo(now.cobo.map(|cobo| cobo.saturating_sub(elapsed)))
    }

    /// Unix milliseconds for a pair that other machines read: the earlier of both clocks, so that no
    /// machine takes the token for younger than it is.
    pub(crate) fn earliest_unix_millis(&self) -> u64 {
        self.cobo.map_or(self.wall, |cobo| cobo.min(self.wall))
    }

    /// Unix milliseconds to decide whether a stored token has expired: the later of both clocks.
    pub(crate) fn latest_unix_millis(&self) -> u64 {
        self.cobo.map_or(self.wall, |cobo| cobo.max(self.wall))
    }

    /// How long ago this moment was, by the clock of this machine that says more.
    pub(crate) fn until(&self, now: &Self) -> Duration {
        let by_wall = Duration::from_millis(now.wall.saturating_sub(self.wall));
        by_wall.max(now.monotonic.saturating_sub(self.monotonic))
    }

    /// The earlier of both, by each clock.
    pub(crate) fn earlier(self, other: Self) -> Self {
        Self {
            wall: self.wall.min(other.wall),
            monotonic: self.monotonic.min(other.monotonic),
            cobo: self.cobo.into_iter().chain(other.cobo).min(),
        }
    }

    /// How long it is until this moment, by the clock that says least.
    pub(crate) fn left(&self, now: &Self) -> Duration {
        let by_wall = Duration::from_millis(self.wall.saturating_sub(now.wall));
        let left = by_wall.min(self.monotonic.saturating_sub(now.monotonic));
        match (self.cobo, now.cobo) {
            (Some(end), Some(cobo)) => left.min(Duration::from_millis(end.saturating_sub(cobo))),
            _ => left,
        }
    }

    /// Whether this moment has come, as soon as any clock says so.
    pub(crate) fn has_come(&self, now: &Self) -> bool {
        let by_cobo = matches!((self.cobo, now.cobo), (Some(end), Some(cobo)) if cobo >= end);
        by_cobo || now.wall >= self.wall || now.monotonic >= self.monotonic
    }
}

pub(crate) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
