//! Decides what a flight does, from the store's content and from who holds the lease.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::SemaphorePermit;
use tokio::time::Instant;

use super::error::{TokenError, TokenErrorKind};
use super::flight::Flight;
use super::live::{Live, Origin, Phase};
use super::slot::Need;
use crate::store::{Lease, StoreError, StoreErrorKind, TokenPair};

/// The range of pauses between two store reads while another process has the lease.
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// The decision.
pub(crate) enum Plan<'a> {
    /// Use the token that another process has stored.
    Adopt(Arc<Live>),
    /// Obtain a new pair from Cobo.
    Obtain {
        stored: Option<TokenPair>,
        lease: Option<Box<dyn Lease>>,
        turn: SemaphorePermit<'a>,
    },
}

impl<'a> Plan<'a> {
    /// Obtains a token by `get_token`, which needs no lease.
    fn without_lease(turn: SemaphorePermit<'a>) -> Self {
        Self::Obtain {
            stored: None,
            lease: None,
            turn,
        }
    }
}

impl Flight {
    /// Decides what to do. Calls the store, but not Cobo.
    pub(crate) async fn plan(&self) -> Result<Plan<'_>, TokenError> {
        let started = Instant::now();
        let mut pause = SHORTEST_PAUSE;
        self.shared.save_leftover(&self.entry).await;
        loop {
            let stored = match self.load().await {
                Ok(stored) => stored,
                Err(error) => return self.without_store(error).await,
            };
            if let Some(live) = self.adopt(stored.as_ref()) {
                return Ok(Plan::Adopt(live));
            }
            // Acquired before the lease, so that no lease is held while waiting.
            let turn = self.turn().await?;
            // `get_token` spends nothing. Nor are strangers, who send callbacks, to fill the store.
            if self.need.is_issue() && stored.is_none() {
                return Ok(Plan::without_lease(turn));
            }
            let (store, ttl) = (&self.shared.store, self.shared.limits.lease());
            let lease = self.shared.bounded(store.lease(self.entry.org_id(), ttl));
            match lease.await {
                Ok(Some(lease)) => return self.plan_with(lease, turn).await,
                Ok(None) => {}
                Err(error) => {
                    drop(turn);
                    return self.without_store(error).await;
                }
            }
            // Another process is refreshing, or died during a refresh.
            let patient = started.elapsed() < self.shared.limits.patience || self.has_valid();
            if !patient {
                return Ok(Plan::without_lease(turn));
            }
            drop(turn);
            if started.elapsed() >= self.shared.limits.deadline {
                tracing::warn!(org_id = %self.entry.org_id(), "another process keeps the lease");
                return Err(self.failed(TokenErrorKind::Unavailable));
            }
            tokio::time::sleep(pause.mul_f64(0.5 + self.shared.chance() / 2.0)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Decides with the lease held. A pair that another process stored before it released the lease
    /// is now visible.
    async fn plan_with<'a>(
        &'a self,
        lease: Box<dyn Lease>,
        turn: SemaphorePermit<'a>,
    ) -> Result<Plan<'a>, TokenError> {
        let stored = match self.load().await {
            Ok(stored) => stored,
            Err(error) => {
                self.release(lease).await;
                drop(turn);
                return self.without_store(error).await;
            }
        };
        if let Some(live) = self.adopt(stored.as_ref()) {
            self.release(lease).await;
            return Ok(Plan::Adopt(live));
        }
        let lease = Some(lease);
        Ok(Plan::Obtain {
            stored,
            lease,
            turn,
        })
    }

    /// Handles a store failure. A valid token is not refreshed, because another process may be
    /// spending the refresh token. If the token has expired, calls `get_token`, which spends
    /// nothing.
    async fn without_store(&self, error: StoreError) -> Result<Plan<'_>, TokenError> {
        self.shared.store_failed(&self.entry, &error);
        // An `OtherApp` error must reach the callers: two apps share a store by mistake.
        if self.has_valid() || error.kind() == StoreErrorKind::OtherApp {
            return Err(TokenError::store(error, self.entry.org_id()));
        }
        Ok(Plan::without_lease(self.turn().await?))
    }

    /// Waits for a permit to obtain a token.
    async fn turn(&self) -> Result<SemaphorePermit<'_>, TokenError> {
        let turns = &self.shared.turns;
        self.shared.permit(turns, self.entry.org_id()).await
    }

    async fn load(&self) -> Result<Option<TokenPair>, StoreError> {
        self.shared.load(self.entry.org_id()).await
    }

    /// The stored token, if it is valid and newer than the token to be replaced.
    fn adopt(&self, stored: Option<&TokenPair>) -> Option<Arc<Live>> {
        let pair = stored?;
        let lacking = self.entry.lacks(&self.entry.slot(), pair.generation);
        if self.need == Need::Issue || !lacking {
            return None;
        }
        let now = self.shared.now();
        let live = Live::new(pair, Origin::Store, now, self.shared.chance());
        let live = Arc::new(live.ok().flatten()?);
        if !self.need.is_issue() && live.phase(&now) < Phase::Mandatory {
            return Some(live);
        }
        // Better than none, if no other is to be had in its last moments, or after a callback.
        let mut slot = self.entry.slot();
        if slot.epoch == self.epoch {
            self.entry.install(&mut slot, live);
        }
        None
    }
}
