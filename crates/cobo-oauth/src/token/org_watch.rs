use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::org_state::OrgState;
use super::org_tokens::OrgTokens;

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
