use std::time::Duration;

use cobo_auth::Clock;

/// A point in time by the machine's two clocks and by Cobo's.
///
/// No single clock is reliable: an operator may set the wall clock, the monotonic clock stops while
/// the machine is suspended, and Cobo's time is only as recent as its last response. Each clock is
/// compared only with itself, and a token has expired as soon as one of them says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Unix milliseconds by the machine's wall clock.
    pub(crate) wall: u64,
    pub(crate) monotonic: Duration,
    /// Unix milliseconds by Cobo's clock, if known. Used only for the expiry of tokens.
    pub(crate) cobo: Option<u64>,
}

impl Moment {
    /// The current time by the machine's clocks.
    pub(crate) fn now(clock: &dyn Clock) -> Self {
        Self {
            wall: clock.unix_millis(),
            monotonic: clock.monotonic(),
            cobo: None,
        }
    }

    pub(crate) fn with_cobo(self, cobo: Option<u64>) -> Self {
        Self { cobo, ..self }
    }

    /// Adds Cobo's time to this past moment, calculated from Cobo's time in `now`.
    pub(crate) fn with_cobo_of(self, now: &Self) -> Self {
        let elapsed = millis(now.monotonic.saturating_sub(self.monotonic));
        self.with_cobo(now.cobo.map(|cobo| cobo.saturating_sub(elapsed)))
    }

    /// The moment that is later by this span.
    pub(crate) fn plus(self, span: Duration) -> Self {
        Self {
            wall: self.wall.saturating_add(millis(span)),
            monotonic: self.monotonic.saturating_add(span),
            cobo: self.cobo.map(|cobo| cobo.saturating_add(millis(span))),
        }
    }

    /// The earlier of both moments, for each clock separately.
    pub(crate) fn earlier(self, other: Self) -> Self {
        Self {
            wall: self.wall.min(other.wall),
            monotonic: self.monotonic.min(other.monotonic),
            cobo: self.cobo.into_iter().chain(other.cobo).min(),
        }
    }

    /// Unix milliseconds for a stored pair, by the earlier of the wall clock and Cobo's clock, so
    /// that no other machine considers the token younger than it is.
    pub(crate) fn earliest_unix_millis(&self) -> u64 {
        self.cobo.map_or(self.wall, |cobo| cobo.min(self.wall))
    }

    /// Unix milliseconds to check whether a stored token has expired, by the later of the wall
    /// clock and Cobo's clock.
    pub(crate) fn latest_unix_millis(&self) -> u64 {
        self.cobo.map_or(self.wall, |cobo| cobo.max(self.wall))
    }

    /// The time from this moment to `now`, by the clock of this machine that shows more.
    pub(crate) fn elapsed(&self, now: &Self) -> Duration {
        let by_wall = Duration::from_millis(now.wall.saturating_sub(self.wall));
        by_wall.max(now.monotonic.saturating_sub(self.monotonic))
    }

    /// The time from `now` to this moment, by the clock that shows least.
    pub(crate) fn remaining(&self, now: &Self) -> Duration {
        let by_wall = Duration::from_millis(self.wall.saturating_sub(now.wall));
        let left = by_wall.min(self.monotonic.saturating_sub(now.monotonic));
        match (self.cobo, now.cobo) {
            (Some(end), Some(cobo)) => left.min(Duration::from_millis(end.saturating_sub(cobo))),
            _ => left,
        }
    }

    /// Whether any clock has reached this moment.
    pub(crate) fn has_passed(&self, now: &Self) -> bool {
        let by_cobo = matches!((self.cobo, now.cobo), (Some(end), Some(cobo)) if cobo >= end);
        by_cobo || now.wall >= self.wall || now.monotonic >= self.monotonic
    }
}

pub(crate) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
