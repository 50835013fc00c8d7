//! Pairs that the store could not save: they are saved later.

use std::sync::{Arc, MutexGuard};

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::org_tokens::OrgTokens;
use super::refresh_state::RefreshState;
use super::shared::Shared;
use crate::store::{Saved, StoreError, StoreErrorKind, TokenPair};

impl Shared {
    /// Keeps a pair in memory that the store could not save, and retries until it can.
    pub(crate) fn save_later(
        self: &Arc<Self>,
        tokens: &Arc<OrgTokens>,
        epoch: u64,
        pair: TokenPair,
    ) {
        let state = tokens.state();
        if state.epoch == epoch {
            tokens.unsaved.store(Some(Arc::new(pair)));
            self.start_save_task(tokens, state, &Handle::current());
        }
    }

    /// Starts the save task again if it ended with its runtime.
    pub(crate) fn resume_saving(self: &Arc<Self>, tokens: &Arc<OrgTokens>) {
        if let Ok((runtime, _counted)) = self.may_start_task(tokens.org_id()) {
            self.start_save_task(tokens, tokens.state(), &runtime);
        }
    }

    /// Starts the task that saves the unsaved pair, unless it is running.
    fn start_save_task(
        self: &Arc<Self>,
        tokens: &Arc<OrgTokens>,
        mut state: MutexGuard<'_, RefreshState>,
        runtime: &Handle,
    ) {
        if state.save_task.as_ref().is_none_or(JoinHandle::is_finished) {
            let task = self.clone().save_until_saved(tokens.clone());
            state.save_task = Some(self.tasks.spawn_on(task, runtime));
        }
    }

    async fn save_until_saved(self: Arc<Self>, tokens: Arc<OrgTokens>) {
        for failures in 1.. {
            let pause = tokio::time::sleep(self.backoff(failures, false));
            let stopped = self.stop.run_until_cancelled(pause).await.is_none();
            self.save_unsaved(&tokens).await;
            let mut state = tokens.state();
            if stopped || !tokens.has_unsaved() {
                state.save_task = None; // under the lock, so that no later pair is missed
                return;
            }
        }
    }

    /// Saves the unsaved pair, if any.
    pub(crate) async fn save_unsaved(&self, tokens: &OrgTokens) {
        let _saving = tokens.saving.lock().await;
        let Some(pair) = tokens.unsaved.load_full() else {
            return;
        };
        let save = self.store.save(tokens.org_id(), &pair);
        let saved = self.with_store_timeout(save).await;
        let state = tokens.state();
        let next = match &saved {
            Ok(_) => None,
            Err(error) => pair_to_resave(TokenPair::clone(&pair), error),
        };
        // Unless a newer pair has become the unsaved one meanwhile.
        let current = tokens.unsaved.load_full();
        if current.is_some_and(|current| Arc::ptr_eq(&current, &pair)) {
            tokens.unsaved.store(next.map(Arc::new));
        }
        match saved {
            Ok(saved) => {
                self.notify_watchers(tokens, &state);
                let kept = saved == Saved::Kept;
                let org_id = tokens.org_id();
                tracing::info!(%org_id, kept, "the token store works again");
            }
            Err(error) => self.store_failed(tokens.org_id(), &error),
        }
    }
}

/// The pair to save again after a failure. If the pair may have been saved despite the error,
/// another process may have spent its refresh token since, so the refresh token is left out.
///
/// Returns `None` for a pair that is too large or would replace another app's: saving it always
/// fails. An operator may repair a store that cannot be read.
pub(crate) fn pair_to_resave(mut pair: TokenPair, error: &StoreError) -> Option<TokenPair> {
    if !error.is_not_applied() {
        pair.refresh_token = None;
    }
    match error.kind() {
        StoreErrorKind::OtherApp | StoreErrorKind::TooLarge => None,
        _ => Some(pair),
    }
}
