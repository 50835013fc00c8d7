//! Pairs that the store could not save: they are saved later.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::org_tokens::OrgTokens;
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
        {
            let mut state = tokens.state();
            if state.epoch != epoch {
                return;
            }
            state.unsaved = Some(pair);
            tokens.has_unsaved.store(true, Ordering::Relaxed);
        }
        self.start_save_task(tokens, &Handle::current());
    }

    /// Starts the save task again if it ended with its runtime.
    pub(crate) fn resume_saving(self: &Arc<Self>, tokens: &Arc<OrgTokens>) {
        if let Ok((runtime, _counted)) = tokens.may_start_task(self) {
            self.start_save_task(tokens, &runtime);
        }
    }

    /// Starts the task that saves the unsaved pair, unless it is running or there is none.
    fn start_save_task(self: &Arc<Self>, tokens: &Arc<OrgTokens>, runtime: &Handle) {
        let mut state = tokens.state();
        if state.unsaved.is_none() {
            tokens.has_unsaved.store(false, Ordering::Relaxed);
            return;
        }
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
            if stopped || state.unsaved.is_none() {
                state.save_task = None; // under the lock, so that no later pair is missed
                return;
            }
        }
    }

    /// Saves the unsaved pair, if there is one.
    pub(crate) async fn save_unsaved(&self, tokens: &OrgTokens) {
        let _saving = tokens.saving.lock().await;
        let Some(pair) = tokens.state().unsaved.clone() else {
            return;
        };
        let save = self.store.save(tokens.org_id(), &pair);
        let saved = self.with_store_timeout(save).await;
        let mut state = tokens.state();
        // A newer pair may have become the unsaved one meanwhile.
        let unsaved = state
            .unsaved
            .take_if(|unsaved| unsaved.generation == pair.generation);
        match saved {
            Ok(saved) => {
                state.notify_watchers(tokens, self);
                let kept = saved == Saved::Kept;
                let org_id = tokens.org_id();
                tracing::info!(%org_id, kept, "the token store works again");
            }
            Err(error) => {
                if let Some(unsaved) = unsaved
                    && may_be_saved_later(&error)
                {
                    state.unsaved = Some(pair_to_resave(unsaved, &error));
                }
                drop(state);
                self.store_failed(tokens, &error);
            }
        }
    }
}

/// Whether a pair that could not be saved may be saved later. An operator may repair a store that
/// cannot be read; a pair that is too large, or would replace another app's, is never saved.
pub(crate) fn may_be_saved_later(error: &StoreError) -> bool {
    !matches!(
        error.kind(),
        StoreErrorKind::OtherApp | StoreErrorKind::TooLarge
    )
}

/// The pair to save again after a failure. If the pair may have been saved despite the error,
/// another process may have spent its refresh token since, so the refresh token is left out.
pub(crate) fn pair_to_resave(mut pair: TokenPair, error: &StoreError) -> TokenPair {
    if !error.is_not_applied() {
        pair.refresh_token = None;
    }
    pair
}
