use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::entry::Entry;
use super::error::TokenError;
use super::live::Live;
use super::moment::Moment;
use super::slot::Slot;

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
    /// Since when every attempt to obtain a token has failed.
    pub failing_since: Option<u64>,
    /// Why the last attempt failed.
    pub error: Option<TokenError>,
    /// Whether the newest tokens could not be saved yet. They would be lost in a restart.
    pub unsaved: bool,
}

impl OrgState {
    pub(crate) fn of(slot: &Slot, live: Option<&Live>, now: &Moment) -> Self {
        Self {
            valid: live.is_some_and(|live| live.is_valid(now)),
            expires_at: live.map(|live| live.expires().wall),
            generation: live.map(Live::generation),
            refreshing: slot.flight.is_some(),
            queued: slot.queued,
            failing_since: slot.failing_since,
            error: slot.hold.as_ref().map(|hold| hold.error.clone()),
            unsaved: slot.unsaved.is_some(),
        }
    }

    /// Whether there is a valid token and the last attempt did not fail.
    pub fn is_fresh(&self) -> bool {
        self.valid && self.failing_since.is_none()
    }
}

/// Watches the state of an organization. Created by
/// [`TokenSource::watch`](crate::TokenSource::watch).
#[derive(Debug, Clone)]
pub struct OrgWatch {
    pub(crate) states: watch::Receiver<OrgState>,
    /// Keeps the entry in the map while it is watched.
    pub(crate) _entry: Arc<Entry>,
    /// The source's shutdown signal.
    pub(crate) stop: CancellationToken,
}

impl OrgWatch {
    /// The state after the last change. The passing of time is not a change: compare
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
