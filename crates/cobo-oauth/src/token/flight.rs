//! One attempt to get an organization's next token: from the store, by a refresh, or by
//! `get_token`.
//!
//! Runs in a separate task, so that it continues when its callers are dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cobo_auth::Secret;
use tokio::sync::watch;
use tokio::time::Instant;

use super::entry::Entry;
use super::error::{TokenError, TokenErrorKind};
use super::issuer::{Failure, Fate, Issued};
use super::live::{Live, Origin};
use super::meter::Way;
use super::moment::{Moment, millis};
use super::plan::Plan;
use super::saving::{leftover, may_be_saved_later};
use super::shared::Shared;
use super::slot::{Hold, Need, Slot};
use crate::store::{Lease, Saved, StoreError, StoreErrorKind, TokenPair};

/// How many flights in a row may be dropped by a runtime shutdown before the next ones back off.
const DROPS_WITHOUT_BACKOFF: u32 = 2;

#[derive(Debug)]
pub(crate) struct Flight {
    pub(crate) shared: Arc<Shared>,
    pub(crate) entry: Arc<Entry>,
    pub(crate) number: u64,
    pub(crate) wanted: u64,
    pub(crate) epoch: u64,
    pub(crate) need: Need,
    pub(crate) land: watch::Sender<Option<Landed>>,
    /// Whether the result was published.
    pub(crate) landed: AtomicBool,
}

/// The result of a flight.
#[derive(Debug, Clone)]
pub(crate) enum Landed {
    Brought(Arc<Live>),
    Failed(TokenError),
    /// The organization's tokens were invalidated meanwhile; the result was discarded.
    Superseded,
}

/// The result of a refresh.
enum Refreshed {
    Brought(Arc<Live>),
    Failed(TokenError),
    /// No new token: the refresh token was spent, missing or refused. `get_token` is called next.
    GetTokenNext,
}

impl Flight {
    pub(crate) async fn run(self) {
        // Planning sends nothing to Cobo, so it stops when the source is shut down or dropped.
        let plan = self.shared.stop.run_until_cancelled(self.plan());
        let (result, lease) = match plan.await {
            None => (Err(self.failed(TokenErrorKind::ShutDown)), None),
            Some(Err(error)) => (Err(error), None),
            Some(Ok(Plan::Adopt(live))) => (Ok(live), None),
            Some(Ok(Plan::Obtain {
                stored,
                lease,
                turn: _turn,
            })) => {
                let result = self.obtain(stored, lease.as_deref()).await;
                (result, lease)
            }
        };
        self.land(result);
        if let Some(lease) = lease {
            self.release(lease).await;
        }
    }

    async fn obtain(
        &self,
        stored: Option<TokenPair>,
        lease: Option<&dyn Lease>,
    ) -> Result<Arc<Live>, TokenError> {
        let deadline = Instant::now() + self.shared.limits.deadline;
        let known = {
            let mut slot = self.entry.slot();
            if slot.epoch != self.epoch {
                return Err(self.failed(TokenErrorKind::Unavailable)); // invalidated meanwhile
            }
            let known = slot.generation.max(slot.spent.saturating_add(1));
            let there = stored.as_ref().map_or(0, |pair| pair.generation);
            slot.generation = slot.generation.max(there);
            known
        };
        if let (Some(lease), Some(pair)) = (lease, stored)
            && self.may_refresh(&pair, known)
        {
            match self.refresh(lease, &pair, deadline).await {
                Refreshed::Brought(live) => return Ok(live),
                Refreshed::Failed(error) => return Err(error),
                Refreshed::GetTokenNext if self.shared.stop.is_cancelled() => {
                    return Err(self.failed(TokenErrorKind::ShutDown));
                }
                Refreshed::GetTokenNext => {}
            }
        }
        self.issue(lease, deadline).await
    }

    /// Whether the pair's refresh token may be used. A pair that is older than what this process
    /// knows, or whose refresh token it has sent, comes from a store that lost newer data.
    fn may_refresh(&self, pair: &TokenPair, known: u64) -> bool {
        !self.need.is_issue()
            && pair.generation >= known
            && pair.refresh_token.is_some()
            && pair
                .refresh_expires_at
                .is_none_or(|end| self.shared.now().wall < end)
    }

    async fn refresh(&self, lease: &dyn Lease, pair: &TokenPair, deadline: Instant) -> Refreshed {
        let generation = pair.generation;
        let token = match self.shared.bounded(lease.spend(generation)).await {
            Ok(Some(token)) => token,
            Ok(None) => return Refreshed::GetTokenNext,
            Err(error) => {
                self.shared.store_failed(&self.entry, &error);
                if self.has_valid() {
                    return Refreshed::Failed(TokenError::store(error, self.entry.org_id()));
                }
                return Refreshed::GetTokenNext;
            }
        };
        let before = {
            let mut slot = self.entry.slot();
            std::mem::replace(&mut slot.spent, generation)
        };
        // Reserves half of the remaining time for `get_token`, in case no answer comes.
        let half = deadline.saturating_duration_since(Instant::now()) / 2;
        let refresh = self.shared.issuer.refresh(token.clone());
        let failure = match self.ask(Way::Refresh, half, refresh).await {
            Ok((issued, asked)) => {
                return match self.keep(issued, asked, Way::Refresh, Some(lease)).await {
                    Ok(live) => Refreshed::Brought(live),
                    Err(error) => Refreshed::Failed(error),
                };
            }
            Err(failure) => failure,
        };
        match failure.fate {
            Fate::NotProcessed => {
                self.restore(lease, generation, token, before).await;
                Refreshed::Failed(TokenError::of(failure, self.entry.org_id()))
            }
            // `get_token` can be repeated safely, so the client can recover there from a refused
            // nonce.
            Fate::Unauthenticated { verified: true } => {
                self.restore(lease, generation, token, before).await;
                Refreshed::GetTokenNext
            }
            // Do not send another request immediately to a server that asked for fewer.
            Fate::Unknown if failure.throttled && self.has_valid() => {
                Refreshed::Failed(TokenError::of(failure, self.entry.org_id()))
            }
            Fate::Unknown
            | Fate::UnusableToken
            | Fate::Unauthenticated { verified: false }
            | Fate::GrantRefused
            | Fate::AppRefused => Refreshed::GetTokenNext,
        }
    }

    /// Puts back a refresh token that was not processed. `before` is the previous value of `spent`.
    async fn restore(&self, lease: &dyn Lease, generation: u64, token: Secret, before: u64) {
        match self.shared.bounded(lease.restore(generation, token)).await {
            Ok(()) => self.entry.slot().spent = before,
            Err(error) => self.shared.store_failed(&self.entry, &error),
        }
    }

    async fn issue(
        &self,
        lease: Option<&dyn Lease>,
        deadline: Instant,
    ) -> Result<Arc<Live>, TokenError> {
        let left = deadline.saturating_duration_since(Instant::now());
        let issue = self.shared.issuer.issue(self.entry.org_id());
        match self.ask(Way::Issue, left, issue).await {
            Ok((issued, asked)) => self.keep(issued, asked, Way::Issue, lease).await,
            Err(failure) => Err(TokenError::of(failure, self.entry.org_id())),
        }
    }

    /// Sends a request to Cobo with a time limit. Returns the result and the time of the request.
    async fn ask(
        &self,
        way: Way,
        within: Duration,
        request: impl Future<Output = Result<Issued, Failure>>,
    ) -> Result<(Issued, Moment), Failure> {
        let asked = self.shared.now();
        let answer = tokio::time::timeout(within, request).await;
        let failure = match answer {
            Ok(Ok(issued)) => {
                self.shared.meter.obtained(way);
                let now = self.shared.now();
                return Ok((issued, asked.dated(&now)));
            }
            Ok(Err(failure)) => failure,
            Err(elapsed) => Failure::new(Fate::Unknown, elapsed),
        };
        self.shared.meter.failed(way);
        tracing::warn!(
            org_id = %self.entry.org_id(),
            fate = ?failure.fate,
            // `Debug` only: `Display` contains Cobo's own text, which must not be logged.
            error = ?failure.source,
            "`{}` failed",
            way.name()
        );
        Err(failure)
    }

    /// Stores what was issued before any caller gets it.
    async fn keep(
        &self,
        issued: Issued,
        asked: Moment,
        way: Way,
        lease: Option<&dyn Lease>,
    ) -> Result<Arc<Live>, TokenError> {
        let generation = {
            let slot = self.entry.slot();
            if slot.epoch != self.epoch {
                return Err(self.failed(TokenErrorKind::Unavailable)); // invalidated: discard it
            }
            // Increases across processes too, and even if the store lost its data.
            slot.generation.saturating_add(1).max(asked.wall)
        };
        let refresh_life = millis(self.shared.limits.refresh_life);
        let obtained_at = asked.earliest_unix_millis();
        let mut pair = TokenPair::new(
            generation,
            issued.access_token,
            obtained_at,
            obtained_at.saturating_add(millis(issued.life)),
        )
        .with_owner(self.shared.owner.clone());
        if let Some(token) = issued.refresh_token {
            pair = pair.with_refresh_token(token, asked.wall.saturating_add(refresh_life));
        }
        self.entry.slot().unsaved = None; // older than this pair
        let mut saved = self.save(&pair).await;
        if let Ok(Saved::Newer { generation }) = &saved
            && (lease.is_some() || self.need.is_issue())
            && *generation > self.shared.now().wall
        {
            // Not really newer: stored by a process whose clock was ahead.
            pair.generation = generation.saturating_add(1);
            if lease.is_none() {
                // The order of both is unknown: who stored the other may have spent this one's.
                pair.refresh_token = None;
            }
            saved = self.save(&pair).await;
        }
        match saved {
            Ok(Saved::Kept) => {}
            Ok(Saved::Newer { .. }) => tracing::debug!(
                org_id = %self.entry.org_id(),
                "another process has stored a newer pair"
            ),
            Err(error) if error.kind() == StoreErrorKind::OtherApp => {
                self.shared.store_failed(&self.entry, &error);
                return Err(TokenError::store(error, self.entry.org_id()));
            }
            Err(error) if !may_be_saved_later(&error) => {
                self.shared.store_failed(&self.entry, &error);
            }
            Err(error) => {
                self.shared.store_failed(&self.entry, &error);
                let unsaved = leftover(pair.clone(), &error);
                self.shared.save_later(&self.entry, self.epoch, unsaved);
            }
        }
        let origin = match (self.need, way) {
            (Need::Replacement, Way::Refresh) => Origin::Replacement,
            _ => Origin::Cobo,
        };
        let live = Live::since(&pair, origin, asked, self.shared.chance());
        let live = live.map_err(|error| TokenError::unusable(self.entry.org_id(), Some(error)))?;
        if !live.is_valid(&self.shared.now()) {
            return Err(TokenError::unusable(self.entry.org_id(), None));
        }
        tracing::info!(
            org_id = %self.entry.org_id(),
            way = way.name(),
            generation = pair.generation,
            life_s = issued.life.as_secs(),
            "obtained an access token"
        );
        Ok(Arc::new(live))
    }

    async fn save(&self, pair: &TokenPair) -> Result<Saved, StoreError> {
        let save = self.shared.store.save(self.entry.org_id(), pair);
        self.shared.bounded(save).await
    }

    /// Applies the result and publishes it to all waiting callers.
    fn land(&self, result: Result<Arc<Live>, TokenError>) {
        let mut slot = self.entry.slot();
        slot.leave(self.number);
        slot.dropped = 0;
        self.landed.store(true, Ordering::Relaxed);
        let landed = if slot.epoch != self.epoch {
            Landed::Superseded
        } else {
            match result {
                Ok(live) => {
                    self.entry.install(&mut slot, live.clone());
                    // Reset the need only if no other request was made meanwhile.
                    if slot.need == self.need && slot.wanted == self.wanted {
                        slot.need = Need::Renewal;
                    }
                    slot.hold = None;
                    slot.failures = 0;
                    slot.failing_since = None;
                    Landed::Brought(live)
                }
                Err(error) => {
                    self.hold(&mut slot, &error);
                    Landed::Failed(error)
                }
            }
        };
        slot.tell(&self.entry, &self.shared);
        drop(slot);
        self.land.send_replace(Some(landed));
    }

    /// Starts a backoff before the next attempt.
    fn hold(&self, slot: &mut Slot, error: &TokenError) {
        if error.kind() == TokenErrorKind::ShutDown {
            return;
        }
        let now = self.shared.now();
        slot.failures = slot.failures.saturating_add(1);
        slot.failing_since.get_or_insert(now.wall);
        let pause = self.shared.pause(slot.failures, error.is_refusal());
        let asked_for = self.shared.limits.asked_for(error.retry_after());
        let mut until = now.with_cobo(None).after(pause.max(asked_for));
        // Cobo was not called, so end the backoff when the token expires: then Cobo will be called.
        if let (false, Some(live)) = (error.asked(), self.entry.valid(&now)) {
            until = until.earlier(live.expires());
        }
        let error = error.clone();
        slot.hold = Some(Hold { until, error });
    }

    pub(crate) async fn release(&self, lease: Box<dyn Lease>) {
        if let Err(error) = self.shared.bounded(lease.release()).await {
            self.shared.store_failed(&self.entry, &error);
        }
    }

    pub(crate) fn has_valid(&self) -> bool {
        self.entry.valid(&self.shared.now()).is_some()
    }

    pub(crate) fn failed(&self, kind: TokenErrorKind) -> TokenError {
        TokenError::new(kind, self.entry.org_id())
    }
}

/// However a flight ends, the next one can start. After a panic it backs off first. After a runtime
/// shutdown it starts at once, because callers on other runtimes wait for the token; after several
/// such shutdowns in a row it backs off as well.
impl Drop for Flight {
    fn drop(&mut self) {
        let mut slot = self.entry.slot();
        slot.leave(self.number);
        if !self.landed.load(Ordering::Relaxed) && slot.epoch == self.epoch {
            slot.dropped = slot.dropped.saturating_add(1);
            if std::thread::panicking() || slot.dropped > DROPS_WITHOUT_BACKOFF {
                self.hold(&mut slot, &self.failed(TokenErrorKind::Unavailable));
            }
        }
        slot.tell(&self.entry, &self.shared);
    }
}
