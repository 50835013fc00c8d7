//! The state that all organizations of a source share ([`Shared`]), and what stops its work when no clone
//! is left ([`Source`]).

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cobo_auth::Clock;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::callback_limits::CallbackLimits;
use super::cobo_clock::CoboClock;
use super::error::{TokenError, TokenErrorKind};
use super::issuer::Issuer;
use super::limits::Limits;
use super::moment::Moment;
use super::org_tokens::{OrgTokens, check_org_id};
use super::refresh_state::RefreshState;
use crate::store::{Owner, TokenStore};

/// Returns random numbers from 0 to 1.
pub(crate) type Jitter = Box<dyn Fn() -> f64 + Send + Sync>;

pub(crate) const MIN_SWEEP_SIZE: usize = 1_024;

/// What all clones and credentials of a source own together.
pub(crate) struct Source {
    pub(crate) shared: Arc<Shared>,
    /// Stops scheduled work when the last clone or credential is dropped.
    pub(crate) _stop: DropGuard,
}

pub(crate) struct Shared {
    pub(crate) issuer: Box<dyn Issuer>,
    pub(crate) store: Arc<dyn TokenStore>,
    /// This app. Only its pairs, and pairs without an owner, may be used.
    pub(crate) owner: Owner,
    /// Until then the store is not called, because it did not answer.
    pub(crate) store_circuit_open_until: Mutex<Option<Instant>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) cobo_clock: CoboClock,
    pub(crate) jitter: Jitter,
    pub(crate) limits: Limits,
    /// A permit is held while obtaining a token.
    pub(crate) permits: Semaphore,
    pub(crate) callbacks: CallbackLimits,
    pub(crate) organizations: papaya::HashMap<Arc<str>, Arc<OrgTokens>>,
    /// The number of organizations at which unused ones are removed.
    pub(crate) sweep_size: AtomicUsize,
    pub(crate) tasks: TaskTracker,
    /// Cancelled by a shutdown: no new task starts.
    pub(crate) stop: CancellationToken,
}

impl Shared {
    pub(crate) fn now(&self) -> Moment {
        Moment::now(&*self.clock).with_cobo(self.issuer.cobo_time_millis())
    }

    /// Like [`now`](Self::now), but Cobo's time is up to one second old: reading it takes a lock
    /// that all clients of the process share. Only for deadlines that pass well before the token
    /// expires.
    pub(crate) fn now_without_lock(&self) -> Moment {
        let now = Moment::now(&*self.clock);
        let ask = || self.issuer.cobo_time_millis();
        now.with_cobo(self.cobo_clock.at(now.monotonic, ask))
    }

    pub(crate) fn jitter(&self) -> f64 {
        (self.jitter)()
    }

    /// The backoff after this many failures in a row.
    pub(crate) fn backoff(&self, failures: u32, refused: bool) -> Duration {
        self.limits.backoff(failures, refused, self.jitter())
    }

    /// The tokens of an organization that is in the map.
    pub(crate) fn find(&self, org_id: &str) -> Option<Arc<OrgTokens>> {
        self.organizations.pin().get(org_id).cloned()
    }

    /// The tokens of an organization, which is added to the map if it is not there.
    pub(crate) fn org(&self, org_id: &str) -> Arc<OrgTokens> {
        if check_org_id(org_id).is_err() {
            // An invalid id is an error when a token is requested, and is not kept in the map.
            return Arc::new(OrgTokens::new(org_id.into()));
        }
        loop {
            let tokens = self.find(org_id).unwrap_or_else(|| self.add(org_id));
            if !tokens.is_detached() {
                return tokens;
            }
        }
    }

    fn add(&self, org_id: &str) -> Arc<OrgTokens> {
        self.sweep();
        let org_id: Arc<str> = org_id.into();
        let tokens = || Arc::new(OrgTokens::new(org_id.clone()));
        let organizations = self.organizations.pin();
        organizations
            .get_or_insert_with(org_id.clone(), tokens)
            .clone()
    }

    /// All organizations in the map that satisfy a condition.
    pub(crate) fn select(&self, condition: impl Fn(&OrgTokens) -> bool) -> Vec<Arc<OrgTokens>> {
        let organizations = self.organizations.pin();
        let selected = organizations.values().filter(|tokens| condition(tokens));
        selected.cloned().collect()
    }

    /// Removes unused organizations when there are many. Most of them were created by forged
    /// callbacks.
    fn sweep(&self) {
        let organizations = self.organizations.pin();
        if organizations.len() < self.sweep_size.load(Ordering::Relaxed) {
            return;
        }
        let now = self.now();
        for org_id in organizations.keys() {
            self.remove_if_unused(org_id, &now);
        }
        let next = (organizations.len() * 2).max(MIN_SWEEP_SIZE);
        self.sweep_size.store(next, Ordering::Relaxed);
    }

    /// Removes an organization from the map if it is not in use and has nothing that must be kept.
    pub(crate) fn remove_if_unused(&self, org_id: &str, now: &Moment) {
        let organizations = self.organizations.pin();
        let _ = organizations.remove_if(org_id, |_, tokens| tokens.detach(now));
    }

    /// Reports an organization's state to its watchers.
    pub(crate) fn notify_watchers(&self, tokens: &OrgTokens, state: &RefreshState) {
        if let Some(watch) = &state.watch {
            watch.send_replace(tokens.org_state_locked(state, &self.now()));
        }
    }

    /// Checks that a task may start for an organization. Returns the runtime, and a token that
    /// makes a shutdown wait: hold it until the task is spawned.
    pub(crate) fn may_start_task(
        &self,
        org_id: &Arc<str>,
    ) -> Result<(Handle, TaskTrackerToken), TokenError> {
        check_org_id(org_id)?;
        let counted = self.tasks.token();
        if self.stop.is_cancelled() {
            return Err(TokenError::new(TokenErrorKind::ShutDown, org_id));
        }
        let runtime = Handle::try_current().map_err(|no_runtime| {
            TokenError::caused_by(TokenErrorKind::Unavailable, org_id, no_runtime)
        })?;
        Ok((runtime, counted))
    }

    /// Waits for a permit, for at most the deadline for obtaining a token.
    pub(crate) async fn permit<'a>(
        &self,
        permits: &'a Semaphore,
        org_id: &Arc<str>,
    ) -> Result<SemaphorePermit<'a>, TokenError> {
        let permit = tokio::time::timeout(self.limits.deadline, permits.acquire()).await;
        let overloaded = || TokenError::overloaded(org_id);
        permit.ok().and_then(Result::ok).ok_or_else(overloaded)
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
