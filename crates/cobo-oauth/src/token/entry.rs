//! The state of one organization: its token, the running refresh, and the last failure.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwapOption, Guard};
use cobo_auth::AccessToken;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::error::{TokenError, TokenErrorKind};
use super::flight::{Flight, Landed};
use super::live::{Live, Origin, Phase};
use super::moment::Moment;
use super::shared::Shared;
use super::slot::{InFlight, Need, Slot};
use super::state::OrgState;

/// How many times a caller retries when the refresh that it waited for gave it no result.
pub(crate) const ROUNDS: usize = 4;

#[derive(Debug)]
pub(crate) struct Entry {
    org_id: Arc<str>,
    /// Read without a lock. Changed only by [`replace`](Self::replace).
    live: ArcSwapOption<Live>,
    slot: Mutex<Slot>,
    /// Serialises saving an unsaved pair and removing the stored one.
    storing: tokio::sync::Mutex<()>,
    /// Whether the task that was to save a pair later has ended with its runtime.
    pub(super) unattended: AtomicBool,
}

impl Entry {
    pub(crate) fn new(org_id: Arc<str>) -> Self {
        Self {
            org_id,
            live: ArcSwapOption::empty(),
            slot: Mutex::default(),
            storing: tokio::sync::Mutex::default(),
            unattended: AtomicBool::new(false),
        }
    }

    pub(crate) fn org_id(&self) -> &Arc<str> {
        &self.org_id
    }

    pub(crate) fn live(&self) -> Guard<Option<Arc<Live>>> {
        self.live.load()
    }

    /// Replaces the current token. The caller must hold the slot's lock.
    pub(crate) fn replace(&self, live: Option<Arc<Live>>) {
        // In this order: a reader that sees the old token withdrawn must find the new one.
        if let Some(old) = self.live.swap(live) {
            old.withdraw();
        }
    }

    /// Locks the slot. Ignores poisoning: every change is complete before anything can panic.
    pub(crate) fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn storing(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.storing.lock().await
    }

    /// The token, if it is outside the mandatory window. Starts a refresh if one is due.
    pub(crate) fn current(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        now: &Moment,
    ) -> Option<Arc<Live>> {
        self.attend(shared);
        let live = self.live.load_full()?;
        // A token that is returned here stays valid for at least the mandatory window.
        match live.phase(now) {
            Phase::Fresh => {}
            Phase::Ahead => drop(self.join(shared, shared.now())),
            Phase::Mandatory | Phase::Expired => return None,
        }
        Some(live)
    }

    /// Like [`current`](Self::current), for a caller that remembers the last token. Reads only that
    /// token as long as it is the one to serve.
    pub(crate) fn recall(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        last: Option<Arc<Live>>,
        remember: impl FnOnce(&Arc<Live>),
    ) -> Option<Arc<Live>> {
        let now = shared.now_coarse();
        if last.as_ref().is_some_and(|last| last.is_settled(&now)) {
            return last;
        }
        let live = self.current(shared, &now)?;
        if last.is_none_or(|last| !Arc::ptr_eq(&last, &live)) {
            remember(&live);
        }
        Some(live)
    }

    /// The token; waits for the next one if there is none, or if it has expired or is about to.
    pub(crate) async fn fetch(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
    ) -> Result<Arc<Live>, TokenError> {
        for _ in 0..ROUNDS {
            if let Some(live) = self.current(shared, &shared.now_coarse()) {
                return Ok(live);
            }
            let now = shared.now();
            let flight = match self.join(shared, now) {
                Ok(flight) => flight,
                Err(held) => return self.last_resort(shared).ok_or(held),
            };
            // Limits the wait, so that a server that hangs does not delay callers until the old
            // token expires.
            let patience = self.valid(&now).map(|live| live.expires().left(&now) / 2);
            match flight.landed(shared, patience).await {
                Some(Landed::Brought(live)) if live.is_valid(&shared.now()) => {
                    return Ok(live);
                }
                Some(Landed::Failed(error)) => {
                    return self.last_resort(shared).ok_or(error);
                }
                None => {
                    if let Some(live) = self.last_resort(shared) {
                        return Ok(live);
                    }
                }
                Some(Landed::Brought(_) | Landed::Superseded) => {}
            }
        }
        let unsettled = || TokenError::new(TokenErrorKind::Unavailable, &self.org_id);
        self.last_resort(shared).ok_or_else(unsettled)
    }

    /// The current token, if it has not expired. Served when no new one can be obtained.
    fn last_resort(&self, shared: &Shared) -> Option<Arc<Live>> {
        self.valid(&shared.now())
    }

    /// Waits for the result of the `get_token` that answers this and all earlier requests for one.
    pub(crate) async fn issued(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        wanted: u64,
    ) -> Result<(), TokenError> {
        for _ in 0..ROUNDS {
            let flight = self.join(shared, shared.now())?;
            let answers = flight.need.is_issue() && flight.wanted >= wanted;
            match flight.landed(shared, None).await {
                Some(Landed::Brought(_)) if answers => return Ok(()),
                Some(Landed::Failed(error)) if answers => return Err(error),
                _ => {}
            }
        }
        Err(TokenError::new(TokenErrorKind::Unavailable, &self.org_id))
    }

    /// The token in memory, if it has not expired.
    pub(crate) fn valid(&self, now: &Moment) -> Option<Arc<Live>> {
        self.live.load_full().filter(|live| live.is_valid(now))
    }

    /// Whether this generation is newer than the current token and than every refused one.
    pub(crate) fn lacks(&self, slot: &Slot, generation: u64) -> bool {
        let newest = self.live.load().as_ref().map(|live| live.generation());
        generation > slot.refused && newest.is_none_or(|newest| generation > newest)
    }

    /// Stores a token in memory if it is newer. The caller must hold the slot's lock, so that
    /// generations only increase.
    pub(crate) fn install(&self, slot: &mut Slot, live: Arc<Live>) {
        if self.lacks(slot, live.generation()) {
            slot.generation = slot.generation.max(live.generation());
            self.replace(Some(live));
        }
    }

    /// Joins the running refresh or starts one. An error while backing off, after a shutdown, or
    /// without a runtime.
    fn join(self: &Arc<Self>, shared: &Arc<Shared>, now: Moment) -> Result<InFlight, TokenError> {
        let mut slot = self.slot();
        if let Some(flight) = slot.under_way(&now) {
            return Ok(flight);
        }
        if let Some(hold) = slot.hold.as_ref().filter(|hold| !hold.until.has_come(&now)) {
            return Err(hold.error.clone());
        }
        let (runtime, _counted) = self.may_begin(shared)?;
        let (flight, in_flight) = self.register(&mut slot, shared, now);
        slot.tell(self, shared);
        // A runtime that is shutting down drops the flight inside `spawn_on`, and the drop takes
        // this lock.
        drop(slot);
        shared.tasks.spawn_on(flight.run(), &runtime);
        Ok(in_flight)
    }

    /// Checks that a task may start for this organization. Returns the runtime, and a token that
    /// makes a shutdown wait: hold it until the task is spawned.
    pub(crate) fn may_begin(
        &self,
        shared: &Shared,
    ) -> Result<(Handle, TaskTrackerToken), TokenError> {
        check(&self.org_id)?;
        let counted = shared.tasks.token();
        if shared.stop.is_cancelled() {
            return Err(TokenError::new(TokenErrorKind::ShutDown, &self.org_id));
        }
        let runtime = Handle::try_current().map_err(|no_runtime| {
            TokenError::caused_by(TokenErrorKind::Unavailable, &self.org_id, no_runtime)
        })?;
        Ok((runtime, counted))
    }

    /// Registers a refresh. Each organization has at most one.
    fn register(
        self: &Arc<Self>,
        slot: &mut Slot,
        shared: &Arc<Shared>,
        now: Moment,
    ) -> (Flight, InFlight) {
        let (land, landing) = watch::channel(None);
        slot.flights += 1;
        let in_flight = InFlight {
            number: slot.flights,
            need: slot.need,
            wanted: slot.wanted,
            landing,
            overdue: now.monotonic.saturating_add(shared.limits.flight()),
        };
        slot.flight = Some(in_flight.clone());
        let flight = Flight {
            shared: shared.clone(),
            entry: self.clone(),
            number: slot.flights,
            wanted: slot.wanted,
            epoch: slot.epoch,
            need: slot.need,
            land,
            landed: AtomicBool::new(false),
        };
        (flight, in_flight)
    }

    /// Invalidates the organization's tokens, first in memory and then in the store. Tokens
    /// obtained before that are not used again, even if this future is dropped midway.
    pub(crate) async fn clear(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        next: Need,
    ) -> Result<(), TokenError> {
        let epoch = {
            let mut slot = self.slot();
            slot.throw_away(self);
            slot.need = Need::Issue;
            slot.wanted += 1;
            slot.hold = None;
            slot.failures = 0;
            slot.failing_since = None;
            slot.rejections = 0;
            slot.tell(self, shared);
            slot.epoch
        };
        // Registers as a flight, so that no refresh stores a new pair which `remove` would then
        // delete.
        let place = loop {
            let under_way = {
                let now = shared.now();
                let mut slot = self.slot();
                let brought_since = slot.epoch == epoch && self.live.load().is_some();
                if next == Need::Issue && brought_since && slot.unsaved.is_none() {
                    return Ok(()); // a new pair has replaced the stored one
                }
                match slot.under_way(&now) {
                    Some(flight) => flight,
                    None => {
                        let place = self.register(&mut slot, shared, now).0;
                        // Dropping it must not count as a failed flight.
                        place.landed.store(true, Ordering::Relaxed);
                        slot.throw_away(self);
                        break place;
                    }
                }
            };
            under_way.landed(shared, None).await;
        };
        {
            let _storing = self.storing().await;
            shared.remove(&self.org_id).await?;
        }
        let mut slot = self.slot();
        slot.need = next;
        slot.leave(place.number);
        slot.tell(self, shared);
        Ok(())
    }

    /// Handles a server's refusal of this token. Discards exactly this token, and not a newer one.
    pub(crate) fn reject(&self, shared: &Shared, token: &AccessToken) {
        let now = shared.now();
        let mut slot = self.slot();
        let Some(live) = self.live.load_full() else {
            return;
        };
        if live.generation() != token.generation() {
            return;
        }
        let age = live.obtained().until(&now);
        let young = live.life() / 4;
        if age > young {
            slot.rejections = 0;
        }
        // A server that refuses every token would refuse new ones too, so replacements are
        // rate-limited.
        let kept = age < shared.limits.grace(slot.rejections).min(young);
        if !kept {
            slot.rejections = slot.rejections.saturating_add(1);
            if !slot.need.is_issue() {
                let in_vain = live.origin() == Origin::Replacement && age <= young;
                slot.need = if in_vain {
                    Need::Issue
                } else {
                    Need::Replacement
                };
            }
            slot.refused = slot.refused.max(live.generation());
            // End a backoff that was not caused by Cobo, so that Cobo is asked now.
            slot.hold.take_if(|hold| !hold.error.asked());
            self.replace(None);
            slot.tell(self, shared);
        }
        drop(slot);
        if !kept {
            shared.meter.rejected();
        }
        tracing::info!(
            org_id = %self.org_id,
            generation = token.generation(),
            kept,
            "the access token was refused"
        );
    }

    /// Detaches this entry if it holds nothing that must be kept. A detached entry must not be used
    /// any more.
    pub(crate) fn detach(self: &Arc<Self>, now: &Moment) -> bool {
        let mut slot = self.slot();
        let held = slot.hold.as_ref();
        // The map holds one reference.
        slot.detached = Arc::strong_count(self) == 1
            && slot.flight.is_none()
            && slot.unsaved.is_none()
            && self.live.load().is_none()
            && held.is_none_or(|hold| hold.until.has_come(now));
        slot.detached
    }

    pub(crate) fn is_detached(&self) -> bool {
        self.slot().detached
    }

    pub(crate) fn state(&self, now: &Moment) -> OrgState {
        OrgState::of(&self.slot(), self.live.load().as_deref(), now)
    }

    pub(crate) fn watch(&self, now: &Moment) -> watch::Receiver<OrgState> {
        let mut slot = self.slot();
        let state = OrgState::of(&slot, self.live.load().as_deref(), now);
        match &slot.watch {
            Some(watch) => watch.subscribe(),
            None => {
                let (sender, receiver) = watch::channel(state);
                slot.watch = Some(sender);
                receiver
            }
        }
    }
}

/// Checks that this is a valid organization id: 1 to 256 visible ASCII characters.
pub(crate) fn check(org_id: &str) -> Result<(), TokenError> {
    if (1..=256).contains(&org_id.len()) && org_id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    let kind = TokenErrorKind::InvalidOrganization;
    Err(TokenError::new(kind, &org_id.into()))
}
