//! Stops the use of an organization's tokens: after `invalidate` or `forget`, or because a server
//! rejected the current one.

use std::sync::Arc;

use cobo_auth::AccessToken;

use super::error::TokenError;
use super::metrics::Metrics;
use super::org_tokens::OrgTokens;
use super::refresh_state::{Failures, RefreshReason, RefreshState};
use super::refresh_task::RefreshTask;
use super::shared::Shared;

impl OrgTokens {
    /// Invalidates the organization's tokens, first in memory and then in the store. Tokens
    /// obtained before that are not used again, even if this future is dropped midway. `next` is the
    /// reason of the next refresh if the store succeeds; otherwise it is `Reissue`.
    pub(crate) async fn invalidate(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        next: RefreshReason,
    ) -> Result<(), TokenError> {
        let epoch = {
            let mut state = self.state();
            self.invalidate_in_memory(&mut state);
            state.reason = RefreshReason::Reissue;
            state.requested += 1;
            state.end_backoff(|_| true);
            state.failures = Failures::default();
            state.rejections = 0;
            shared.notify_watchers(self, &state);
            state.epoch
        };
        // Registers a task that is never run, so that no refresh stores a new pair which `remove`
        // would then delete. Dropping it unregisters it.
        let _task = loop {
            let running = {
                let now = shared.now();
                let mut state = self.state();
                let obtained_since = state.epoch == epoch && self.cached().is_some();
                if next == RefreshReason::Reissue && obtained_since && !self.has_unsaved() {
                    return Ok(()); // a new pair has replaced the stored one
                }
                match state.running(&now) {
                    Some(running) => running,
                    None => {
                        let task = RefreshTask::register(shared, self, &mut state, now);
                        self.invalidate_in_memory(&mut state);
                        break task;
                    }
                }
            };
            running.wait(shared.limits.refresh_task()).await;
        };
        let _saving = self.saving.lock().await;
        shared.remove(self.org_id()).await?;
        self.state().reason = next;
        Ok(())
    }

    /// Invalidates cached and in-flight tokens.
    fn invalidate_in_memory(&self, state: &mut RefreshState) {
        let current = self.cached().map_or(0, |token| token.generation());
        state.epoch += 1;
        state.generation = state.generation.max(current);
        state.rejected = state.rejected.max(state.generation);
        self.unsaved.store(None);
        self.discard(state);
    }

    /// Handles a server's rejection of this token. Discards exactly this token, and not a newer one.
    pub(crate) fn reject(&self, shared: &Shared, token: &AccessToken) {
        let now = shared.now();
        let mut state = self.state();
        let Some(current) = self.cached() else {
            return;
        };
        if current.generation() != token.generation() {
            return;
        }
        let age = current.obtained.elapsed(&now);
        let young = current.life / 4;
        if age > young {
            state.rejections = 0;
        }
        // A server that rejects every token would reject new ones too, so replacements are
        // rate-limited.
        let kept = age < shared.limits.grace_period(state.rejections).min(young);
        if !kept {
            state.rejections = state.rejections.saturating_add(1);
            if !state.reason.requires_get_token() {
                let refreshed_in_vain = current.is_replacement && age <= young;
                state.reason = match refreshed_in_vain {
                    true => RefreshReason::Reissue,
                    false => RefreshReason::Rejected,
                };
            }
            state.rejected = state.rejected.max(current.generation());
            // The backoff protects Cobo, which was not called: call it now.
            state.end_backoff(|error| !error.cobo_was_called());
            self.discard(&mut state);
            shared.notify_watchers(self, &state);
        }
        drop(state);
        if !kept {
            Metrics::rejected();
        }
        tracing::info!(
            org_id = %self.org_id(),
            generation = token.generation(),
            kept,
            "a server rejected the access token"
        );
    }
}
