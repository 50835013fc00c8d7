//! How callers get the token of an organization: at once, or after a refresh that they share.

use std::sync::Arc;

use cobo_auth::AccessToken;
use tracing::Instrument as _;

use super::cached_token::Phase;
use super::error::{TokenError, TokenErrorKind};
use super::limits::MAX_WAITS;
use super::org_tokens::OrgTokens;
use super::refresh_state::{RefreshHandle, RefreshOutcome};
use super::refresh_task::RefreshTask;
use super::shared::Shared;

impl Shared {
    /// The current token of an organization, if one is available without waiting.
    pub(crate) fn current(self: &Arc<Self>, org_id: &str) -> Option<AccessToken> {
        self.organizations.pin().get(org_id)?.current(self)
    }
}

impl OrgTokens {
    /// Returns the token without waiting, unless it expires very soon. Starts a refresh if one is
    /// due.
    pub(crate) fn current(self: &Arc<Self>, shared: &Arc<Shared>) -> Option<AccessToken> {
        if self.has_unsaved() {
            shared.resume_saving(self);
        }
        let token = self.cached()?;
        match token.phase(&shared.now_without_lock()) {
            Phase::Fresh => {}
            Phase::RefreshDue => drop(self.join_or_start(shared)),
            Phase::RefreshRequired | Phase::Expired => return None,
        }
        Some(token.into())
    }

    /// Returns the token. Waits for a refresh if no token is cached or if it expires very soon.
    pub(crate) async fn fetch(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
    ) -> Result<AccessToken, TokenError> {
        for _ in 0..MAX_WAITS {
            if let Some(token) = self.current(shared) {
                return Ok(token);
            }
            let task = match self.join_or_start(shared) {
                Ok(task) => task,
                Err(error) => return self.valid_or(error, shared),
            };
            // Limits the wait, so that a server that hangs does not delay callers until the old
            // token expires.
            let now = shared.now();
            let timeout = match self.valid(&now) {
                Some(token) => token.expires.remaining(&now) / 2,
                None => shared.limits.refresh_task(),
            };
            match task.wait(timeout).await {
                Some(RefreshOutcome::Obtained(token)) if token.is_valid(&shared.now()) => {
                    return Ok(token.into());
                }
                Some(RefreshOutcome::Failed(error)) => return self.valid_or(error, shared),
                Some(RefreshOutcome::Obtained(_) | RefreshOutcome::Superseded) => {}
                None => {
                    if let Some(token) = self.valid(&shared.now()) {
                        return Ok(token.into());
                    }
                }
            }
        }
        self.valid_or(self.unavailable(), shared)
    }

    /// The token in memory if it has not expired, and otherwise this error.
    fn valid_or(&self, error: TokenError, shared: &Shared) -> Result<AccessToken, TokenError> {
        let token = self.valid(&shared.now()).ok_or(error)?;
        Ok(token.into())
    }

    /// Waits for the `get_token` that answers this and all earlier requests for one.
    pub(crate) async fn reissued(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        requested: u64,
    ) -> Result<(), TokenError> {
        for _ in 0..MAX_WAITS {
            let task = self.join_or_start(shared)?;
            let answers = task.reason.requires_get_token() && task.requested >= requested;
            match task.wait(shared.limits.refresh_task()).await {
                Some(RefreshOutcome::Obtained(_)) if answers => return Ok(()),
                Some(RefreshOutcome::Failed(error)) if answers => return Err(error),
                _ => {}
            }
        }
        Err(self.unavailable())
    }

    fn unavailable(&self) -> TokenError {
        TokenError::new(TokenErrorKind::Unavailable, self.org_id())
    }

    /// Joins the running task or starts one. An error while backing off, after a shutdown, or
    /// without a runtime.
    fn join_or_start(self: &Arc<Self>, shared: &Arc<Shared>) -> Result<RefreshHandle, TokenError> {
        let now = shared.now();
        let mut state = self.state();
        if let Some(task) = state.running(&now) {
            return Ok(task);
        }
        if let Some(backoff) = state.backoff(&now) {
            return Err(backoff.error.clone());
        }
        let (runtime, _counted) = shared.may_start_task(self.org_id())?;
        let task = RefreshTask::register(shared, self, &mut state, now);
        let handle = task.handle.clone();
        shared.notify_watchers(self, &state);
        // A runtime that is shutting down drops the task inside `spawn_on`, and the drop takes this
        // lock.
        drop(state);
        // A trace shows the refresh below the call that started it.
        let task = task.run().in_current_span();
        shared.tasks.spawn_on(task, &runtime);
        Ok(handle)
    }
}
