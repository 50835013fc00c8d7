//! What is kept of one organization: its token, who is obtaining the next one, and what failed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use cobo_auth::AccessToken;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::error::{TokenError, TokenErrorKind};
use super::flight::{Flight, Landed};
use super::live::{Live, Origin, Phase};
use super::moment::Moment;
use super::shared::Shared;
use super::state::OrgState;
use crate::store::TokenPair;

/// How often a caller starts over when what it waited for came to nothing.
const TURNS: usize = 4;

#[derive(Debug)]
pub(crate) struct Entry {
    org_id: Arc<str>,
    /// Read by every call, without a lock.
    live: ArcSwapOption<Live>,
    slot: Mutex<Slot>,
}

/// What changes with a refresh. Locked for moments, never across an await.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    /// Rises when what is known is thrown away; a flight of an earlier epoch brings nothing in.
    pub(crate) epoch: u64,
    pub(crate) need: Need,
    /// The newest generation known.
    pub(crate) generation: u64,
    /// The newest generation that was refused: nothing up to it is taken in.
    refused: u64,
    pub(crate) flight: Option<InFlight>,
    flights: u64,
    pub(crate) hold: Option<Hold>,
    pub(crate) failures: u32,
    /// Unix milliseconds.
    pub(crate) failing_since: Option<u64>,
    /// Tokens that were refused soon after they came, in a row.
    pub(crate) rejections: u32,
    /// What the store could not take yet.
    pub(crate) unsaved: Option<TokenPair>,
    pub(crate) saving: bool,
    watch: Option<watch::Sender<OrgState>>,
}

/// What the next flight has to bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Need {
    /// The next token, by any way.
    #[default]
    Renewal,
    /// Another token than the one that was refused.
    Replacement,
    /// A token by `get_token`: what a refresh would bring is no good.
    Issue,
}

/// Who is obtaining a token.
#[derive(Debug, Clone)]
pub(crate) struct InFlight {
    number: u64,
    landing: watch::Receiver<Option<Landed>>,
    /// When it is given up for stranded, by the monotonic clock: its runtime does not run any more.
    overdue: Duration,
}

/// Until when nothing is tried, and what is said meanwhile.
#[derive(Debug, Clone)]
pub(crate) struct Hold {
    pub(crate) until: Moment,
    pub(crate) error: TokenError,
}

impl Entry {
    pub(crate) fn new(org_id: Arc<str>) -> Self {
        Self {
            org_id,
            live: ArcSwapOption::empty(),
            slot: Mutex::default(),
        }
    }

    pub(crate) fn org_id(&self) -> &Arc<str> {
        &self.org_id
    }

    /// A lock that a panic elsewhere does not close: each change under it is complete by itself.
    pub(crate) fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token, while it is good for a while. When its end comes near, this starts a refresh.
    pub(crate) fn current(self: &Arc<Self>, shared: &Arc<Shared>) -> Option<AccessToken> {
        let live = self.live.load();
        let live = live.as_ref()?;
        // What is served here expires no sooner than after the mandatory window.
        match live.phase(&Moment::lately(&*shared.clock)) {
            Phase::Fresh => {}
            Phase::Ahead => drop(self.join(shared, shared.now())),
            Phase::Mandatory | Phase::Expired => return None,
        }
        Some(live.token().clone())
    }

    /// The token, or the next one.
    pub(crate) async fn fetch(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
    ) -> Result<AccessToken, TokenError> {
        for _ in 0..TURNS {
            if let Some(token) = self.current(shared) {
                return Ok(token);
            }
            let failed = match self.join(shared, shared.now()) {
                Err(held) => held,
                Ok(flight) => match flight.landed(shared).await {
                    Some(Landed::Brought(live)) if live.is_valid(&shared.now()) => {
                        return Ok(live.token().clone());
                    }
                    Some(Landed::Failed(error)) => error,
                    Some(Landed::Brought(_) | Landed::Superseded) | None => continue,
                },
            };
            // An old token that is still good is better than none; an expired one never is.
            let valid = self.valid(&shared.now());
            return valid.map(|live| live.token().clone()).ok_or(failed);
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
            self.live.store(Some(live));
        }
    }

    /// Whoever is obtaining a token; nobody may, for now, where it is an error.
    fn join(self: &Arc<Self>, shared: &Arc<Shared>, now: Moment) -> Result<InFlight, TokenError> {
        let mut slot = self.slot();
        if let Some(flight) = slot.under_way(&now) {
            return Ok(flight);
        }
        let hold = slot.hold.as_ref().filter(|hold| !hold.until.has_come(&now));
        // What only a store stood in the way of can be had without it once there is no token left.
        let holds = |hold: &&Hold| !hold.error.is_store() || self.valid(&now).is_some();
        if let Some(hold) = hold.filter(holds) {
            return Err(hold.error.clone());
        }
        if !is_sound(&self.org_id) {
            let kind = TokenErrorKind::InvalidOrganization;
            return Err(TokenError::new(kind, &self.org_id));
        }
        // Counts as a task, so that a shutdown that begins now waits for what starts here.
        let started = shared.tasks.token();
        let runtime = Handle::try_current();
        if shared.stop.is_cancelled() {
            return Err(TokenError::new(TokenErrorKind::ShutDown, &self.org_id));
        }
        let Ok(runtime) = runtime else {
            return Err(TokenError::new(TokenErrorKind::Unavailable, &self.org_id));
        };
        let (flight, in_flight) = self.register(&mut slot, shared, now);
        slot.tell(self, shared);
        // A runtime that is shutting down drops the flight here, and that takes the lock.
        drop(slot);
        shared.tasks.spawn_on(flight.run(), &runtime);
        drop(started);
        Ok(in_flight)
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
            landing,
            overdue: now.monotonic + shared.limits.deadline * 2,
        };
        slot.flight = Some(in_flight.clone());
        let flight = Flight {
            shared: shared.clone(),
            entry: self.clone(),
            number: slot.flights,
            epoch: slot.epoch,
            need: slot.need,
            land,
        };
        (flight, in_flight)
    }

    /// Throws away what is known of the organization, in memory at once, then in the store.
    pub(crate) async fn clear(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        need: Need,
    ) -> Result<(), TokenError> {
        let epoch = {
            let mut slot = self.slot();
            slot.epoch += 1;
            slot.need = need;
            slot.hold = None;
            slot.failures = 0;
            slot.failing_since = None;
            slot.rejections = 0;
            slot.unsaved = None;
            self.live.store(None);
            slot.tell(self, shared);
            slot.epoch
        };
        // The place of a flight is taken meanwhile: what the next one stores must not be removed.
        let _place = loop {
            let under_way = {
                let now = shared.now();
                let mut slot = self.slot();
                let brought_since = slot.need != need || self.live.load().is_some();
                if slot.epoch != epoch || (need == Need::Issue && brought_since) {
                    return Ok(());
                }
                match slot.under_way(&now) {
                    Some(flight) => flight,
                    None => break self.register(&mut slot, shared, now).0,
                }
            };
            under_way.landed(shared).await;
        };
        shared.remove(&self.org_id).await
    }

    /// A server refused this token. Exactly this one is thrown away, and a newer one is not.
    pub(crate) fn reject(&self, shared: &Shared, token: &AccessToken) {
        let mut slot = self.slot();
        let now = shared.now();
        let Some(live) = self.live.load_full() else {
            return;
        };
        if live.generation() != token.generation() {
            return;
        }
        let age = live.obtained().until(&now);
        if age > live.life() / 4 {
            slot.rejections = 0;
        }
        // A server that refuses every token is not helped by new ones.
        if age < shared.limits.grace(slot.rejections).min(live.life() / 4) {
            tracing::debug!(org_id = %self.org_id, "a new token was refused; keeping it for a while");
            return;
        }
        slot.rejections += 1;
        let replaced_in_vain = live.origin() == Origin::Replacement && age <= live.life() / 4;
        if slot.need != Need::Issue {
            slot.need = match replaced_in_vain {
                true => Need::Issue,
                false => Need::Replacement,
            };
        }
        slot.refused = live.generation();
        self.live.store(None);
        shared.meter.rejected();
        tracing::info!(
            org_id = %self.org_id,
            generation = token.generation(),
            "the access token was refused"
        );
        slot.tell(self, shared);
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

impl Slot {
    fn under_way(&mut self, now: &Moment) -> Option<InFlight> {
        let stranded = |flight: &InFlight| flight.overdue <= now.monotonic;
        self.flight.clone().filter(|flight| !stranded(flight))
    }

    /// Gives the place of a flight free, if it is still that flight's.
    pub(crate) fn leave(&mut self, number: u64) {
        self.flight.take_if(|flight| flight.number == number);
    }

    /// Tells whoever watches.
    pub(crate) fn tell(&self, entry: &Entry, shared: &Shared) {
        if let Some(watch) = &self.watch {
            watch.send_replace(OrgState::of(
                self,
                entry.live.load().as_deref(),
                &shared.now(),
            ));
        }
    }
}

impl InFlight {
    /// What came of it; `None` where it vanished with its runtime.
    async fn landed(mut self, shared: &Shared) -> Option<Landed> {
        let landing = self.landing.wait_for(Option::is_some);
        let landed = tokio::time::timeout(shared.limits.deadline * 2, landing).await;
        landed.ok()?.ok()?.clone()
    }
}

/// Whether this can be the id of an organization at all.
fn is_sound(org_id: &str) -> bool {
    (1..=256).contains(&org_id.len()) && org_id.bytes().all(|byte| byte.is_ascii_graphic())
}
