//! The state that all organizations of a source share.

use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cobo_auth::Clock;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::cobo_clock::CoboClock;
use super::entry::{Entry, check};
use super::error::TokenError;
use super::issuer::Issuer;
use super::key::{Id, Key};
use super::known::Known;
use super::limits::Limits;
use super::live::Live;
use super::meter::Meter;
use super::moment::Moment;
use super::rate::Rate;
use crate::store::{Owner, Saved, StoreError, StoreErrorKind, TokenPair, TokenStore};

/// Returns random numbers from 0 to 1, for jitter.
pub(crate) type Dice = Box<dyn Fn() -> f64 + Send + Sync>;

/// How long a store that did not answer is not called again, so that it does not delay every
/// organization.
const STORE_AWAY: Duration = Duration::from_secs(5);

pub(crate) const SWEEP_AT_LEAST: usize = 1_024;

pub(crate) struct Shared {
    pub(crate) issuer: Box<dyn Issuer>,
    pub(crate) store: Arc<dyn TokenStore>,
    /// This app. Only its pairs, and pairs without an owner, may be used.
    pub(crate) owner: Owner,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Limits,
    /// A permit is held while obtaining a token.
    pub(crate) turns: Semaphore,
    /// A permit is also held while obtaining a token for a callback.
    pub(crate) callbacks: Semaphore,
    /// Permits for callbacks that wait.
    pub(crate) waiting: Arc<Semaphore>,
    /// The same limits for callbacks of unknown organizations, and their shared rate.
    pub(crate) unknown_callbacks: Semaphore,
    pub(crate) unknown_waiting: Arc<Semaphore>,
    pub(crate) unknown_rate: Rate,
    /// The store did not answer and is not called until then.
    pub(crate) store_away: Mutex<Option<Instant>>,
    pub(crate) cobo_clock: CoboClock,
    /// The number of organizations at which unused entries are removed.
    pub(crate) sweep_at: AtomicUsize,
    pub(crate) dice: Dice,
    pub(crate) meter: Meter,
    pub(crate) organizations: papaya::HashMap<Key, Known, foldhash::fast::RandomState>,
    pub(crate) tasks: TaskTracker,
    /// Cancelled by a shutdown: no new task starts.
    pub(crate) stop: CancellationToken,
}

impl Shared {
    pub(crate) fn now(&self) -> Moment {
        Moment::now(&*self.clock).with_cobo(self.issuer.cobo_time_millis())
    }

    /// The current time from cheaper clocks, which lag by a few milliseconds. Only for deadlines
    /// that pass well before the token expires.
    pub(crate) fn now_coarse(&self) -> Moment {
        let now = Moment::now_coarse(&*self.clock);
        let ask = || self.issuer.cobo_time_millis();
        now.with_cobo(self.cobo_clock.at(now.monotonic, ask))
    }

    pub(crate) fn chance(&self) -> f64 {
        (self.dice)()
    }

    /// The backoff after a failure.
    pub(crate) fn pause(&self, failures: u32, refused: bool) -> Duration {
        self.limits.pause(failures, refused, self.chance())
    }

    /// The entry of an organization, if it exists.
    pub(crate) fn known(&self, org_id: &str) -> Option<Arc<Entry>> {
        let known = self.organizations.pin();
        Some(known.get(&Id(org_id))?.entry.clone())
    }

    /// The entry of an organization. Created if it does not exist.
    pub(crate) fn entry(&self, org_id: &str) -> Arc<Entry> {
        if check(org_id).is_err() {
            // An entry with an invalid id returns an error when a token is requested, and is not
            // kept in the map.
            return Arc::new(Entry::new(org_id.into()));
        }
        loop {
            let entry = self.known(org_id).unwrap_or_else(|| self.new_entry(org_id));
            if !entry.is_detached() {
                return entry;
            }
        }
    }

    fn new_entry(&self, org_id: &str) -> Arc<Entry> {
        self.sweep();
        let new = || Known::new(Arc::new(Entry::new(org_id.into())));
        let known = self.organizations.pin();
        let known = known.get_or_insert_with(org_id.into(), new);
        known.entry.clone()
    }

    /// Remembers an organization's current token for the next lookup.
    pub(crate) fn remember(&self, entry: &Entry, live: &Arc<Live>) {
        let organizations = self.organizations.pin();
        organizations.update(Key::from(&**entry.org_id()), |known| Known {
            entry: known.entry.clone(),
            last: Arc::downgrade(live),
        });
    }

    /// Removes unused entries when there are many. Most of them were created by forged callbacks.
    fn sweep(&self) {
        let known = self.organizations.pin();
        if known.len() < self.sweep_at.load(Ordering::Relaxed) {
            return;
        }
        let now = self.now();
        for organization in known.values() {
            self.drop_unused(organization.entry.org_id(), &now);
        }
        let next = (known.len() * 2).max(SWEEP_AT_LEAST);
        self.sweep_at.store(next, Ordering::Relaxed);
    }

    /// Removes an entry that is not in use and holds nothing that must be kept.
    pub(crate) fn drop_unused(&self, org_id: &str, now: &Moment) {
        let known = self.organizations.pin();
        let _ = known.remove_if(&Id(org_id), |_, known| known.entry.detach(now));
    }

    /// Waits for a permit, for at most the deadline for obtaining a token.
    pub(crate) async fn permit<'a>(
        &self,
        permits: &'a Semaphore,
        org_id: &Arc<str>,
    ) -> Result<SemaphorePermit<'a>, TokenError> {
        let permit = tokio::time::timeout(self.limits.deadline, permits.acquire()).await;
        let crowded = || TokenError::crowded(org_id);
        permit.ok().and_then(Result::ok).ok_or_else(crowded)
    }

    /// Limits a store call by the store timeout. Fails at once if the store did not answer
    /// recently.
    pub(crate) async fn bounded<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let away = || {
            self.store_away
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        let until = *away();
        // A shutdown tries the store anyway, because it delays no other callers.
        if until.is_some_and(|until| Instant::now() < until) && !self.stop.is_cancelled() {
            return Err(StoreError::unavailable("it did not answer in the last 5 s").not_applied());
        }
        let timeout = tokio::time::timeout(self.limits.store, call).await;
        let result = timeout.unwrap_or_else(|_| {
            let limit = self.limits.store;
            Err(StoreError::no_answer(format!(
                "a call took longer than {limit:?}"
            )))
        });
        // This includes a timeout of the store itself.
        if let Err(error) = &result
            && error.kind() == StoreErrorKind::NoAnswer
        {
            *away() = Some(Instant::now() + STORE_AWAY);
        }
        result
    }

    /// Loads the stored pair of an organization. A pair of another app is an error.
    pub(crate) async fn load(&self, org_id: &str) -> Result<Option<TokenPair>, StoreError> {
        let stored = self.bounded(self.store.load(org_id)).await?;
        if let Some(pair) = &stored {
            self.owner.check(org_id, pair.owner.as_ref())?;
        }
        Ok(stored)
    }

    /// Whether there is a token of this organization in memory or in the store. `false` if the
    /// store fails.
    ///
    /// # Errors
    ///
    /// The stored token belongs to another app.
    pub(crate) async fn is_known(&self, entry: &Entry) -> Result<bool, TokenError> {
        if entry.live().is_some() || entry.slot().unsaved.is_some() {
            return Ok(true);
        }
        match self.load(entry.org_id()).await {
            Ok(stored) => Ok(stored.is_some()),
            Err(error) if error.kind() == StoreErrorKind::OtherApp => {
                Err(TokenError::store(error, entry.org_id()))
            }
            Err(_) => Ok(false),
        }
    }

    /// Removes the stored pair of an organization.
    pub(crate) async fn remove(&self, org_id: &Arc<str>) -> Result<(), TokenError> {
        let removed = self.bounded(self.store.remove(org_id, &self.owner)).await;
        removed.map_err(|error| {
            self.meter.store_failed();
            TokenError::store(error, org_id)
        })
    }

    pub(crate) fn store_failed(&self, entry: &Entry, error: &StoreError) {
        self.meter.store_failed();
        tracing::warn!(org_id = %entry.org_id(), %error, "the token store failed");
    }

    /// Keeps a pair that could not be saved in memory, and retries until it is saved.
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
        let (shared, mut saving) = (self.clone(), Saving(Some(entry.clone())));
        self.tasks.spawn(async move {
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
        });
    }

    /// Saves the pair that could not be saved before, if any.
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

/// Whether saving a pair is retried after this error. An operator may repair a store that cannot be
/// read; a pair that is too large, or would replace another app's pair, is never saved.
pub(crate) fn may_be_saved_later(error: &StoreError) -> bool {
    !matches!(
        error.kind(),
        StoreErrorKind::OtherApp | StoreErrorKind::TooLarge
    )
}

/// The pair to save later, after this error. Without its refresh token if the pair may have been
/// stored, because another process may have spent the token since.
pub(crate) fn leftover(mut pair: TokenPair, error: &StoreError) -> TokenPair {
    if !error.is_not_applied() {
        pair.refresh_token = None;
    }
    pair
}

/// Guards the task that saves an organization's pair later. However the task ends, another can
/// start.
struct Saving(Option<Arc<Entry>>);

impl Saving {
    /// The entry, if it has a pair to save. Otherwise clears `saving` under the same lock, so that
    /// a pair that is added later starts a new task.
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
            entry.slot().saving = false;
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("issuer", &self.issuer)
            .field("store", &self.store)
            .field("organizations", &self.organizations.len())
            .finish_non_exhaustive()
    }
}
