//! What is kept of one organization: its token, who is obtaining the next one, and what failed.

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

/// How often a caller starts over when what it waited for came to nothing.
pub(crate) const ROUNDS: usize = 4;

#[derive(Debug)]
pub(crate) struct Entry {
    org_id: Arc<str>,
    /// Read without a lock. Changed by [`replace`](Self::replace) alone.
    live: ArcSwapOption<Live>,
    slot: Mutex<Slot>,
    /// Held by who stores a pair that could not be stored, or removes what is stored: one after the
    /// other.
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

    /// Puts another token into the place of the one that is there. The slot is locked by the caller.
    pub(crate) fn replace(&self, live: Option<Arc<Live>>) {
        // In this order: who sees that the old one was withdrawn finds the new one.
        if let Some(old) = self.live.swap(live) {
            old.withdraw();
        }
    }

    /// A lock that a panic elsewhere does not close: each change under it is complete by itself.
    pub(crate) fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn storing(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.storing.lock().await
    }

    /// The token, while it is good for a while. When its end comes near, this starts a refresh.
    pub(crate) fn current(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        now: &Moment,
    ) -> Option<Arc<Live>> {
        self.attend(shared);
        let live = self.live.load_full()?;
        // What is served here expires no sooner than after the mandatory window.
        match live.phase(now) {
            Phase::Fresh => {}
            Phase::Ahead => drop(self.join(shared, shared.now())),
            Phase::Mandatory | Phase::Expired => return None,
        }
        Some(live)
    }

    /// As [`current`](Self::current), for who remembers the token that it had last. That one is all
    /// that is looked at, as long as it is the one to serve.
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

    /// The token, or the next one.
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
            // A server that hangs must not keep the old token back until it has expired.
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

    /// An old token that is still good is better than none; an expired one never is.
    fn last_resort(&self, shared: &Shared) -> Option<Arc<Live>> {
        self.valid(&shared.now())
    }

    /// What came of a token that `get_token` was to bring, for as many as wanted one.
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

    /// Whether this would be another token than the one that is there, or was refused.
    pub(crate) fn lacks(&self, slot: &Slot, generation: u64) -> bool {
        let newest = self.live.load().as_ref().map(|live| live.generation());
        generation > slot.refused && newest.is_none_or(|newest| generation > newest)
    }

    /// Takes a token in. The slot is locked by the caller, so that generations only rise.
    pub(crate) fn install(&self, slot: &mut Slot, live: Arc<Live>) {
        if self.lacks(slot, live.generation()) {
            slot.generation = slot.generation.max(live.generation());
            self.replace(Some(live));
        }
    }

    /// Whoever is obtaining a token; nobody may, for now, where it is an error.
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
        // A runtime that is shutting down drops the flight here, and that takes the lock.
        drop(slot);
        shared.tasks.spawn_on(flight.run(), &runtime);
        Ok(in_flight)
    }

    /// Where a task may be begun for this organization. A shutdown that begins now waits for what
    /// is begun while the second is held.
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

    /// Takes the one place of whoever works on this organization.
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

    /// Throws away what is known of the organization, in memory at once, then in the store. What
    /// is there until then is not taken up again, even if this is dropped midway.
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
        // The place of a flight is taken meanwhile: what the next one stores must not be removed.
        let place = loop {
            let under_way = {
                let now = shared.now();
                let mut slot = self.slot();
                let brought_since = slot.epoch == epoch && self.live.load().is_some();
                if next == Need::Issue && brought_since && slot.unsaved.is_none() {
                    return Ok(()); // and stored, over what was to be removed
                }
                match slot.under_way(&now) {
                    Some(flight) => flight,
                    None => {
                        let place = self.register(&mut slot, shared, now).0;
                        place.landed.store(true, Ordering::Relaxed); // it is none
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

    /// A server refused this token. Exactly this one is thrown away, and a newer one is not.
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
        // A server that refuses every token is not helped by new ones.
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
            // Cobo was not asked: it is, now.
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

    /// Whether nothing is lost without this entry; if so, it is not to be used any more.
    pub(crate) fn detach(self: &Arc<Self>, now: &Moment) -> bool {
        let mut slot = self.slot();
        let held = slot.hold.as_ref();
        // One count is the map's.
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

/// Whether this can be the id of an organization at all.
pub(crate) fn check(org_id: &str) -> Result<(), TokenError> {
    if (1..=256).contains(&org_id.len()) && org_id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    let kind = TokenErrorKind::InvalidOrganization;
    Err(TokenError::new(kind, &org_id.into()))
}
