//! The state that all organizations of a source share.

use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
use crate::store::{Owner, StoreError, StoreErrorKind, TokenPair, TokenStore};

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
    /// Whoever asks the store whether the organization of a callback is known has one of these,
    pub(crate) look_ups: Semaphore,
    /// and a place here, also while it waits for that.
    pub(crate) looking: Arc<Semaphore>,
    /// Places for callbacks that wait.
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

    /// A call of the store, which may hang. If it does, the store is left alone for a while.
    pub(crate) async fn bounded<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.bounded_by(self.limits.store, call).await
    }

    /// As [`bounded`](Self::bounded), for a call that may take so long.
    pub(crate) async fn bounded_by<T>(
        &self,
        limit: Duration,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let result = self.timed(limit, call).await;
        // Also if the store's own timeout came first.
        if let Err(error) = &result
            && error.kind() == StoreErrorKind::NoAnswer
        {
            *self.store_away() = Some(Instant::now() + STORE_AWAY);
        }
        result
    }

    fn store_away(&self) -> MutexGuard<'_, Option<Instant>> {
        let away = self.store_away.lock();
        away.unwrap_or_else(PoisonError::into_inner)
    }

    /// A call of the store that is not made while the store is left alone.
    async fn timed<T>(
        &self,
        limit: Duration,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let until = *self.store_away();
        // After the end nobody is held up any more.
        if until.is_some_and(|until| Instant::now() < until) && !self.stop.is_cancelled() {
            return Err(StoreError::unavailable("it did not answer in the last 5 s").not_applied());
        }
        let timeout = tokio::time::timeout(limit, call).await;
        timeout.unwrap_or_else(|_| {
            Err(StoreError::no_answer(format!(
                "a call took longer than {limit:?}"
            )))
        })
    }

    /// What the store has of an organization. Another app's pair is an error. A pair of this client
    /// id whose response keys have all been replaced, and whose tokens have expired, is removed: it
    /// would keep the organization from being served for ever.
    pub(crate) async fn load(&self, org_id: &str) -> Result<Option<TokenPair>, StoreError> {
        let stored = self.bounded(self.store.load(org_id)).await?;
        match self.check(org_id, stored.as_ref()) {
            Ok(()) => Ok(stored),
            Err(error) => match stored.as_ref().and_then(|pair| self.abandoned(pair)) {
                Some(owner) => {
                    self.bounded(self.store.remove(org_id, owner)).await?;
                    tracing::info!(org_id, "removed an expired pair from before a key rotation");
                    Ok(None)
                }
                None => Err(error),
            },
        }
    }

    /// The owner of a pair, if it has this client id and nothing to lose.
    fn abandoned<'a>(&self, pair: &'a TokenPair) -> Option<&'a Owner> {
        let owner = pair.owner.as_ref()?;
        let expired = pair.has_expired(self.now().earliest_unix_millis());
        (expired && owner.client_id() == self.owner.client_id()).then_some(owner)
    }

    fn check(&self, org_id: &str, stored: Option<&TokenPair>) -> Result<(), StoreError> {
        self.owner
            .check(org_id, stored.and_then(|pair| pair.owner.as_ref()))
    }

    /// Whether there is a token of this organization in memory or in the store. If the store cannot
    /// tell, there is none. Anybody can send callbacks for made-up organizations, so only a few ask
    /// the store at a time, and a slow answer does not keep others from asking it.
    ///
    /// # Errors
    ///
    /// The stored token belongs to another app, or there are too many callbacks.
    pub(crate) async fn is_known(&self, entry: &Entry) -> Result<bool, TokenError> {
        if entry.live().is_some() || entry.slot().unsaved.is_some() {
            return Ok(true);
        }
        let org_id = entry.org_id();
        let _look_up = self.permit(&self.look_ups, org_id).await?;
        let Ok(stored) = self.timed(self.limits.store, self.store.load(org_id)).await else {
            return Ok(false);
        };
        if let Err(error) = self.check(org_id, stored.as_ref())
            && stored
                .as_ref()
                .and_then(|pair| self.abandoned(pair))
                .is_none()
        {
            return Err(TokenError::store(error, org_id));
        }
        Ok(stored.is_some())
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
