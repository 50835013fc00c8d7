use std::sync::OnceLock;
use std::time::Duration;

use cobo_auth::{Bearer, Error};

use super::moment::{Moment, millis};
use super::window::Windows;
use crate::store::TokenPair;

/// An access token in memory, and its refresh times. Immutable, except that it can be withdrawn
/// when it is replaced.
#[derive(Debug)]
#[repr(C)] // a hit reads the first fields, next to the reference count
pub(crate) struct Live {
    ahead: Moment,
    withdrawn: OnceLock<()>,
    mandatory: Moment,
    expires: Moment,
    obtained: Moment,
    life: Duration,
    origin: Origin,
    bearer: Bearer,
}

/// How far the clock of another machine may be ahead, in milliseconds.
const TOLERATED: u64 = 60_000;

/// Where a token came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// From the store: obtained by another process or in an earlier run.
    Store,
    /// From Cobo.
    Cobo,
    /// From Cobo, by a refresh after the previous token was refused.
    Replacement,
}

/// The state of a token at a point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Fresh,
    /// Valid; a refresh is due.
    Ahead,
    /// Valid, but callers wait for the next token if one can be obtained.
    Mandatory,
    Expired,
}

impl Live {
    /// The token of a pair. `None` where it has expired, or cannot be trusted because it is from
    /// the future, by the wall clock and by Cobo's time: the clock has been set back since, and nobody
    /// knows how far.
    ///
    /// # Errors
    ///
    /// The token contains characters that are not allowed in a header.
    pub(crate) fn new(
        pair: &TokenPair,
        origin: Origin,
        now: Moment,
        chance: f64,
    ) -> Result<Option<Self>, Error> {
        let life = pair.life_millis();
        // A clock that is behind keeps no token from being used, once Cobo's time is known.
        let latest = now.latest_unix_millis();
        let future = pair.obtained_at.saturating_sub(latest);
        let age = latest.saturating_sub(pair.obtained_at);
        if latest >= pair.expires_at || future > TOLERATED.min(life / 10) {
            return Ok(None);
        }
        // Clocks of two machines differ: a token from the near future counts as just obtained, and
        // is used for longer here by that difference. Cobo's time, even if it becomes known later,
        // is compared with the pair's own expiry.
        let left = life.saturating_sub(age);
        let now = now.with_cobo(Some(pair.expires_at.saturating_sub(left)));
        Self::aged(pair, origin, now, Duration::from_millis(age), chance).map(Some)
    }

    /// Creates the token of a pair that was requested at `asked`, regardless of the current time.
    ///
    /// # Errors
    ///
    /// The token contains characters that are not allowed in a header.
    pub(crate) fn since(
        pair: &TokenPair,
        origin: Origin,
        asked: Moment,
        chance: f64,
    ) -> Result<Self, Error> {
        Self::aged(pair, origin, asked, Duration::ZERO, chance)
    }

    fn aged(
        pair: &TokenPair,
        origin: Origin,
        now: Moment,
        age: Duration,
        chance: f64,
    ) -> Result<Self, Error> {
        let life = Duration::from_millis(pair.life_millis());
        let left = life.saturating_sub(age);
        let windows = Windows::of(life, chance);
        let before_end = |window| now.after(left.saturating_sub(window));
        Ok(Self {
            ahead: before_end(windows.ahead),
            withdrawn: OnceLock::new(),
            mandatory: before_end(windows.mandatory),
            expires: now.after(left),
            obtained: Moment {
                wall: now.wall.saturating_sub(millis(age)),
                monotonic: now.monotonic.saturating_sub(age),
                cobo: None,
            },
            life,
            origin,
            bearer: Bearer::new(pair.access_token.clone(), pair.generation)?,
        })
    }

    /// Whether this token can be served and no refresh is due.
    pub(crate) fn is_settled(&self, now: &Moment) -> bool {
        self.withdrawn.get().is_none() && !self.ahead.has_come(now)
    }

    /// Marks the token as replaced or removed, so that callers that remember it look up the current
    /// one.
    pub(crate) fn withdraw(&self) {
        let _ = self.withdrawn.set(());
    }

    pub(crate) fn phase(&self, now: &Moment) -> Phase {
        if !self.ahead.has_come(now) {
            Phase::Fresh
        } else if !self.mandatory.has_come(now) {
            Phase::Ahead
        } else if !self.expires.has_come(now) {
            Phase::Mandatory
        } else {
            Phase::Expired
        }
    }

    pub(crate) fn is_valid(&self, now: &Moment) -> bool {
        !self.expires.has_come(now)
    }

    pub(crate) fn generation(&self) -> u64 {
        self.bearer.generation()
    }

    pub(crate) fn origin(&self) -> Origin {
        self.origin
    }

    pub(crate) fn life(&self) -> Duration {
        self.life
    }

    pub(crate) fn obtained(&self) -> Moment {
        self.obtained
    }

    pub(crate) fn expires(&self) -> Moment {
        self.expires
    }
}

impl AsRef<Bearer> for Live {
    fn as_ref(&self) -> &Bearer {
        &self.bearer
    }
}
