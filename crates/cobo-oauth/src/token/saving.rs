//! Pairs that the store could not take: they are saved later.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::runtime::Handle;

use super::entry::Entry;
use super::shared::Shared;
use crate::store::{Saved, StoreError, StoreErrorKind, TokenPair};

impl Shared {
    /// Keeps a pair in memory that the store could not take, and tries again until it can.
    pub(crate) fn save_later(self: &Arc<Self>, entry: &Arc<Entry>, epoch: u64, pair: TokenPair) {
        {
            let mut slot = entry.slot();
            if slot.epoch != epoch {
                return;
            }
            slot.unsaved = Some(pair);
        }
        self.keep_saving(entry, &Handle::current());
    }

    /// Begins a task that saves what is to be saved, unless there is one. If it ends with its
    /// runtime, the next use of the organization begins another.
    pub(crate) fn keep_saving(self: &Arc<Self>, entry: &Arc<Entry>, runtime: &Handle) {
        if std::mem::replace(&mut entry.slot().saving, true) {
            return;
        }
        let (shared, mut saving) = (self.clone(), Saving(Some(entry.clone())));
        let save = async move {
            let mut failures = 0;
            while let Some(entry) = saving.unsaved() {
                failures += 1;
                let pause = tokio::time::sleep(shared.pause(failures, false));
                let stopped = shared.stop.run_until_cancelled(pause).await.is_none();
                shared.save_leftover(&entry).await;
                if stopped {
                    break;
                }
            }
        };
        self.tasks.spawn_on(save, runtime);
    }

    /// Stores what could not be stored before, if there is anything.
    pub(crate) async fn save_leftover(&self, entry: &Entry) {
        let _storing = entry.storing().await;
        let Some(pair) = entry.slot().unsaved.clone() else {
            return;
        };
        match self.bounded(self.store.save(entry.org_id(), &pair)).await {
            Ok(saved) => {
                {
                    let mut slot = entry.slot();
                    slot.unsaved
                        .take_if(|unsaved| unsaved.generation == pair.generation);
                    slot.tell(entry, self);
                }
                let kept = saved == Saved::Kept;
                tracing::info!(org_id = %entry.org_id(), kept, "the token store works again");
            }
            Err(error) => {
                self.store_failed(entry, &error);
                let mut slot = entry.slot();
                let same = |unsaved: &mut TokenPair| unsaved.generation == pair.generation;
                if let Some(unsaved) = slot.unsaved.take_if(same)
                    && may_be_saved_later(&error)
                {
                    slot.unsaved = Some(leftover(unsaved, &error));
                }
            }
        }
    }
}

impl Entry {
    /// Nobody saves the pair that is to be saved any more: whoever uses the organization next sees
    /// to it, and so has to come here.
    fn leave_unattended(&self) {
        self.unattended.store(true, Ordering::Relaxed);
        if let Some(live) = &*self.live() {
            live.withdraw();
        }
    }

    /// Starts the task again that saves a pair later, if it ended with its runtime.
    pub(super) fn attend(self: &Arc<Self>, shared: &Arc<Shared>) {
        if !self.unattended.load(Ordering::Relaxed) {
            return;
        }
        if let Ok((runtime, _counted)) = self.may_begin(shared)
            && self.unattended.swap(false, Ordering::Relaxed)
        {
            shared.keep_saving(self, &runtime);
        }
    }
}

/// Whether a pair that could not be saved may be saved later. A person may repair a store that cannot
/// be read; a pair that is too large, or would replace another app's, is never saved.
pub(crate) fn may_be_saved_later(error: &StoreError) -> bool {
    !matches!(
        error.kind(),
        StoreErrorKind::OtherApp | StoreErrorKind::TooLarge
    )
}

/// What is to be saved later of a pair that could not be saved. If it may have been saved all the
/// same, another process may have spent its refresh token since.
pub(crate) fn leftover(mut pair: TokenPair, error: &StoreError) -> TokenPair {
    if !error.is_not_applied() {
        pair.refresh_token = None;
    }
    pair
}

/// Whoever saves an organization's pair later. However that ends, the next may.
struct Saving(Option<Arc<Entry>>);

impl Saving {
    /// Where there is something to be saved; otherwise the next may at once, so that nothing is
    /// overlooked that is to be saved from now on.
    fn unsaved(&mut self) -> Option<Arc<Entry>> {
        let entry = self.0.take()?;
        let mut slot = entry.slot();
        slot.saving = slot.unsaved.is_some();
        if slot.saving {
            self.0 = Some(entry.clone());
        }
        drop(slot);
        self.0.clone()
    }
}

impl Drop for Saving {
    fn drop(&mut self) {
        if let Some(entry) = &self.0 {
            let unsaved = {
                let mut slot = entry.slot();
                slot.saving = false;
                slot.unsaved.is_some()
            };
            if unsaved {
                entry.leave_unattended();
            }
        }
    }
}
