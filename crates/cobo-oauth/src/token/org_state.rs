use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::cached_token::CachedToken;
use super::error::TokenError;
use super::moment::Moment;
use super::org_tokens::OrgTokens;
use super::refresh_state::{Activity, RefreshState};

/// The state of an organization's token. Times are Unix milliseconds.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct OrgState {
    /// Whether there is a token in memory that has not expired.
    pub valid: bool,
    /// When the token in memory expires, by the wall clock.
    pub expires_at: Option<u64>,
    /// The generation of the token in memory.
    pub generation: Option<u64>,
    /// Whether a refresh is running.
    pub refreshing: bool,
    /// Whether an installation callback of this organization is queued, because nothing is stored
    /// for it. See [`InstallationOutcome::Queued`](crate::InstallationOutcome).
    pub queued: bool,
    /// When the first of the failures since the last token happened. `None` if there is no failure.
    pub failing_since: Option<u64>,
    /// Why the last attempt failed.
    pub error: Option<TokenError>,
    /// Whether the newest tokens could not be saved yet. They would be lost in a restart.
    pub unsaved: bool,
}

impl OrgState {
    pub(crate) fn of(tokens: &OrgTokens, state: &RefreshState, now: &Moment) -> Self {
        let token = tokens.cached();
        let token = token.as_deref();
        Self {
            valid: token.is_some_and(|token| token.is_valid(now)),
            expires_at: token.map(|token| token.expires.wall),
            generation: token.map(CachedToken::generation),
            refreshing: matches!(state.activity, Activity::Refreshing(_)),
            queued: state.callback.is_queued(),
            failing_since: state.failures.since,
            error: state.failures.last_error.clone(),
            unsaved: tokens.has_unsaved(),
        }
    }

    /// Returns whether there is a valid token and the last attempt did not fail.
    pub fn is_fresh(&self) -> bool {
        self.valid && self.failing_since.is_none()
    }
}

/// Watches the state of an organization. Created by
/// [`TokenSource::watch`](crate::TokenSource::watch).
#[derive(Debug, Clone)]
pub struct OrgWatch {
    pub(crate) states: watch::Receiver<OrgState>,
    /// Keeps the organization in the map while it is watched.
    pub(crate) _tokens: Arc<OrgTokens>,
    /// The source's shutdown signal.
    pub(crate) stop: CancellationToken,
}

impl OrgWatch {
    /// Returns the state after the last change. The passing of time is not a change: compare
    /// [`expires_at`](OrgState::expires_at) with the clock.
    pub fn state(&mut self) -> OrgState {
        self.states.borrow_and_update().clone()
    }

    /// Waits for the next change and returns the new state; `None` after the source was dropped or
    /// shut down. Several quick changes may be reported as one.
    pub async fn changed(&mut self) -> Option<OrgState> {
        let changed = self.stop.run_until_cancelled(self.states.changed());
        changed.await?.ok()?;
        Some(self.state())
    }
}
