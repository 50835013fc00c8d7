//! A registered attempt to get an organization's next token, and how its result is applied.

use std::sync::Arc;

use tokio::sync::watch;

use super::cached_token::CachedToken;
use super::error::{TokenError, TokenErrorKind};
use super::moment::Moment;
use super::org_tokens::OrgTokens;
use super::refresh_state::{
    Activity, Backoff, Failures, RefreshHandle, RefreshOutcome, RefreshReason, RefreshState,
};
use super::shared::Shared;
use crate::store::{Lease, StoreError};

/// How many tasks in a row may be dropped by a runtime shutdown before the next ones back off.
const DROPS_WITHOUT_BACKOFF: u32 = 2;

#[derive(Debug)]
pub(crate) struct RefreshTask {
    pub(crate) shared: Arc<Shared>,
    pub(crate) tokens: Arc<OrgTokens>,
    pub(crate) handle: RefreshHandle,
    pub(crate) outcome: watch::Sender<Option<RefreshOutcome>>,
}

impl RefreshTask {
    /// Registers a task as the running one.
    pub(super) fn register(
        shared: &Arc<Shared>,
        tokens: &Arc<OrgTokens>,
        state: &mut RefreshState,
        now: Moment,
    ) -> Self {
        let (sender, outcome) = watch::channel(None);
        state.tasks += 1;
        let handle = RefreshHandle {
            number: state.tasks,
            epoch: state.epoch,
            reason: state.reason,
            requested: state.requested,
            outcome,
            lost_at: now.monotonic.saturating_add(shared.limits.refresh_task()),
        };
        state.activity = Activity::Refreshing(handle.clone());
        Self {
            shared: shared.clone(),
            tokens: tokens.clone(),
            handle,
            outcome: sender,
        }
    }

    /// Applies the result and publishes it to all waiting callers.
    pub(super) fn finish(&self, result: Result<Arc<CachedToken>, TokenError>) {
        let mut state = self.tokens.state();
        state.dropped_tasks = 0;
        let outcome = if state.epoch != self.handle.epoch {
            self.leave(&mut state);
            RefreshOutcome::Superseded
        } else {
            match result {
                Ok(token) => {
                    self.tokens.install(&mut state, token.clone());
                    // Keep the reason if another request was made meanwhile.
                    if state.reason == self.handle.reason
                        && state.requested == self.handle.requested
                    {
                        state.reason = RefreshReason::default();
                    }
                    self.leave(&mut state);
                    state.end_backoff(|_| true);
                    state.failures = Failures::default();
                    RefreshOutcome::Obtained(token)
                }
                Err(error) => {
                    self.leave_with_backoff(&mut state, &error);
                    RefreshOutcome::Failed(error)
                }
            }
        };
        self.shared.notify_watchers(&self.tokens, &state);
        drop(state);
        self.outcome.send_replace(Some(outcome));
    }

    /// Unregisters this task, if it is still the registered one.
    fn leave(&self, state: &mut RefreshState) {
        if state.is_running(self.handle.number) {
            state.activity = Activity::Idle;
        }
    }

    /// Unregisters this task, and starts a backoff before the next one.
    fn leave_with_backoff(&self, state: &mut RefreshState, error: &TokenError) {
        if error.kind() == TokenErrorKind::ShutDown || !state.is_running(self.handle.number) {
            return self.leave(state);
        }
        let now = self.shared.now();
        state.failures.add(error, &now);
        let backoff = self
            .shared
            .backoff(state.failures.count, error.is_refusal());
        let retry_after = self.shared.limits.capped_retry_after(error.retry_after());
        let mut until = now.with_cobo(None).plus(backoff.max(retry_after));
        // A backoff protects Cobo. If Cobo was not called, it ends when the token expires, so that
        // Cobo is called then.
        if let (false, Some(token)) = (error.cobo_was_called(), self.tokens.valid(&now)) {
            until = until.earlier(token.expires);
        }
        let error = error.clone();
        state.activity = Activity::BackingOff(Backoff { until, error });
    }

    pub(crate) async fn release(&self, lease: Box<dyn Lease>) {
        if let Err(error) = self.shared.with_store_timeout(lease.release()).await {
            self.store_failed(error);
        }
    }

    /// Reports a store failure.
    pub(crate) fn store_failed(&self, error: StoreError) -> TokenError {
        self.shared.store_failed(self.tokens.org_id(), &error);
        TokenError::store(error, self.tokens.org_id())
    }

    pub(crate) fn has_valid_token(&self) -> bool {
        self.tokens.valid(&self.shared.now()).is_some()
    }

    pub(crate) fn error(&self, kind: TokenErrorKind) -> TokenError {
        TokenError::new(kind, self.tokens.org_id())
    }
}

/// A task that is dropped before it has finished is unregistered, so that the next one can start.
/// After a panic it backs off first. After a runtime shutdown it starts at once, because callers on
/// other runtimes wait for the token; after several such shutdowns in a row it backs off as well.
impl Drop for RefreshTask {
    fn drop(&mut self) {
        if self.outcome.borrow().is_some() {
            return;
        }
        let mut state = self.tokens.state();
        // A task that `invalidate` registered has an earlier epoch.
        let was_dropped = state.epoch == self.handle.epoch;
        state.dropped_tasks = state.dropped_tasks.saturating_add(was_dropped.into());
        let too_many = state.dropped_tasks > DROPS_WITHOUT_BACKOFF;
        if was_dropped && (std::thread::panicking() || too_many) {
            self.leave_with_backoff(&mut state, &self.error(TokenErrorKind::Unavailable));
        } else {
            self.leave(&mut state);
        }
        self.shared.notify_watchers(&self.tokens, &state);
    }
}
