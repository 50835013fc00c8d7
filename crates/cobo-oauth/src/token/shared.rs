//! What all organizations of a source have in common.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use cobo_auth::Clock;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::entry::Entry;
use super::error::TokenError;
use super::issuer::Issuer;
use super::limits::Limits;
use super::meter::Meter;
use super::moment::Moment;
use crate::store::{StoreError, TokenPair, TokenStore};

/// Gives numbers from 0 to 1, for jitter.
pub(crate) type Dice = Box<dyn Fn() -> f64 + Send + Sync>;

pub(crate) struct Shared {
    pub(crate) issuer: Box<dyn Issuer>,
    pub(crate) store: Arc<dyn TokenStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Limits,
    pub(crate) dice: Dice,
    pub(crate) meter: Meter,
    pub(crate) entries: papaya::HashMap<Arc<str>, Arc<Entry>, foldhash::quality::RandomState>,
    pub(crate) tasks: TaskTracker,
    /// Nothing is begun any more.
    pub(crate) stop: CancellationToken,
}

impl Shared {
    pub(crate) fn now(&self) -> Moment {
        Moment::now(&*self.clock)
    }

    pub(crate) fn chance(&self) -> f64 {
        (self.dice)()
    }

    /// The pause after a failure.
    pub(crate) fn pause(&self, failures: u32, refused: bool) -> Duration {
        self.limits.pause(failures, refused, self.chance())
    }

    /// The entry of an organization, if there is one.
    pub(crate) fn known(&self, org_id: &str) -> Option<Arc<Entry>> {
        self.entries.pin().get(org_id).cloned()
    }

    /// The entry of an organization, made if there is none.
    pub(crate) fn entry(&self, org_id: &str) -> Arc<Entry> {
        let entries = self.entries.pin();
        if let Some(entry) = entries.get(org_id) {
            return entry.clone();
        }
        let org_id: Arc<str> = org_id.into();
        let new = || Arc::new(Entry::new(org_id.clone()));
        entries.get_or_insert_with(org_id.clone(), new).clone()
    }

    /// A call of the store, which may hang.
    pub(crate) async fn bounded<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        match tokio::time::timeout(self.limits.store, call).await {
            Ok(result) => result,
            Err(_) => Err(StoreError::unavailable("it did not answer in time")),
        }
    }

    /// Removes what the store has of an organization.
    pub(crate) async fn remove(&self, org_id: &Arc<str>) -> Result<(), TokenError> {
        let removed = self.bounded(self.store.remove(org_id)).await;
        removed.map_err(|error| {
            self.meter.store_failed();
            TokenError::store(error, org_id)
        })
    }

    pub(crate) fn store_failed(&self, entry: &Entry, error: &StoreError) {
        self.meter.store_failed();
        tracing::warn!(org_id = %entry.org_id(), %error, "the token store failed");
    }

    /// Keeps a pair in memory that the store could not take, and tries again until it can.
    pub(crate) fn save_later(self: &Arc<Self>, entry: &Arc<Entry>, epoch: u64, pair: TokenPair) {
        {
            let mut slot = entry.slot();
            if slot.epoch != epoch {
                return;
            }
            slot.unsaved = Some(pair);
            if std::mem::replace(&mut slot.saving, true) {
                return;
            }
        }
        let (shared, entry) = (self.clone(), entry.clone());
        self.tasks.spawn(async move {
            let mut failures = 0;
            loop {
                failures += 1;
                let pause = tokio::time::sleep(shared.pause(failures, false));
                let stopped = shared.stop.run_until_cancelled(pause).await.is_none();
                if !stopped {
                    shared.save_leftover(&entry).await;
                }
                let mut slot = entry.slot();
                if stopped || slot.unsaved.is_none() {
                    slot.saving = false;
                    break;
                }
            }
        });
    }

    /// Stores what could not be stored before, if there is anything.
    pub(crate) async fn save_leftover(&self, entry: &Entry) {
        let Some(pair) = entry.slot().unsaved.clone() else {
            return;
        };
        match self.bounded(self.store.save(entry.org_id(), &pair)).await {
            Ok(_) => {
                let mut slot = entry.slot();
                slot.unsaved
                    .take_if(|unsaved| unsaved.generation == pair.generation);
                slot.tell(entry, self);
                tracing::info!(org_id = %entry.org_id(), "stored the tokens at last");
            }
            Err(error) => self.store_failed(entry, &error),
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("issuer", &self.issuer)
            .field("store", &self.store)
            .field("organizations", &self.entries.len())
            .finish_non_exhaustive()
    }
}
