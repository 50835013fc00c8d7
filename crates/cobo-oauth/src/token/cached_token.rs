use std::time::Duration;

use cobo_auth::{Bearer, Error};

use super::moment::{Moment, millis};
use super::window::Windows;
use crate::store::TokenPair;

/// An access token in memory, with its expiry and refresh times. It does not change after it was installed.
#[derive(Debug)]
pub(crate) struct CachedToken {
    refresh_due: Moment,
    refresh_required: Moment,
    pub(crate) expires: Moment,
    pub(crate) obtained: Moment,
    pub(crate) life: Duration,
    bearer: Bearer,
    /// Whether it was refreshed because a server had rejected the previous token.
    pub(crate) is_replacement: bool,
}

/// How far the clock of another machine may be ahead, in milliseconds.
const TOLERATED_MILLIS: u64 = 60_000;

/// The state of a token at a point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Valid, and no refresh is due.
    Fresh,
    /// Valid. A refresh starts, and callers get this token meanwhile.
    RefreshDue,
    /// Valid, but callers wait for the refresh. They get this token only if it fails.
    RefreshRequired,
    /// Never returned to a caller.
    Expired,
}

impl CachedToken {
    /// Creates the token of a stored pair. Returns `None` if it has expired, or if it was obtained
    /// in the future by the wall clock and by Cobo's time: then the clock was set back by an
    /// unknown amount.
    ///
    /// # Errors
    ///
    /// The token contains characters that are not allowed in a header.
    pub(crate) fn from_store(
        pair: &TokenPair,
        now: Moment,
        jitter: f64,
    ) -> Result<Option<Self>, Error> {
        let life = pair.life_millis();
        // The later time, so that stored tokens are usable on a host whose clock is behind.
        let latest = now.latest_unix_millis();
        let future = pair.obtained_at.saturating_sub(latest);
        let age = latest.saturating_sub(pair.obtained_at);
        if latest >= pair.expires_at || future > TOLERATED_MILLIS.min(life / 10) {
            return Ok(None);
        }
        // Clocks of two machines differ: a token from the near future counts as just obtained, and
        // is used for longer here by that difference. Cobo's time, even if it becomes known later,
        // is compared with the pair's own expiry.
        let left = life.saturating_sub(age);
        let now = now.with_cobo(Some(pair.expires_at.saturating_sub(left)));
        Self::new(pair, now, Duration::from_millis(age), jitter).map(Some)
    }

    /// Creates the token of a pair that was requested from Cobo at `requested`, even if it has
    /// expired since.
    ///
    /// # Errors
    ///
    /// The token contains characters that are not allowed in a header.
    pub(crate) fn from_cobo(
        pair: &TokenPair,
        requested: Moment,
        jitter: f64,
    ) -> Result<Self, Error> {
        Self::new(pair, requested, Duration::ZERO, jitter)
    }

    fn new(pair: &TokenPair, now: Moment, age: Duration, jitter: f64) -> Result<Self, Error> {
        let life = Duration::from_millis(pair.life_millis());
        let left = life.saturating_sub(age);
        let windows = Windows::of(life, jitter);
        let before_expiry = |window| now.plus(left.saturating_sub(window));
        Ok(Self {
            bearer: Bearer::new(pair.access_token.clone(), pair.generation)?,
            life,
            obtained: Moment {
                wall: now.wall.saturating_sub(millis(age)),
                monotonic: now.monotonic.saturating_sub(age),
                cobo: None,
            },
            refresh_due: before_expiry(windows.refresh_due),
            refresh_required: before_expiry(windows.refresh_required),
            expires: now.plus(left),
            is_replacement: false,
        })
    }

    pub(crate) fn phase(&self, now: &Moment) -> Phase {
        if !self.refresh_due.has_passed(now) {
            Phase::Fresh
        } else if !self.refresh_required.has_passed(now) {
            Phase::RefreshDue
        } else if !self.expires.has_passed(now) {
            Phase::RefreshRequired
        } else {
            Phase::Expired
        }
    }

    pub(crate) fn is_valid(&self, now: &Moment) -> bool {
        !self.expires.has_passed(now)
    }

    pub(crate) fn generation(&self) -> u64 {
        self.bearer.generation()
    }
}

impl AsRef<Bearer> for CachedToken {
    fn as_ref(&self) -> &Bearer {
        &self.bearer
    }
}
