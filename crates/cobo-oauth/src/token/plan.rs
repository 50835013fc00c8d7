//! What a flight does: found out from the store, and from who else is on the way.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::SemaphorePermit;
use tokio::time::Instant;

use super::error::{TokenError, TokenErrorKind};
use super::flight::Flight;
use super::live::{Live, Origin, Phase};
use super::slot::Need;
use crate::store::{Lease, StoreError, StoreErrorKind, TokenPair};

/// The pauses between two looks at a store where another process has the lease.
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// What is to be done, once it is known what the store has.
pub(crate) enum Plan<'a> {
    /// Another process has been there first.
    Adopt(Arc<Live>),
    /// A new pair is to be had from Cobo.
    Obtain {
        stored: Option<TokenPair>,
        lease: Option<Box<dyn Lease>>,
        turn: SemaphorePermit<'a>,
    },
}

impl<'a> Plan<'a> {
    /// A token of `get_token`, then.
    fn without_lease(turn: SemaphorePermit<'a>) -> Self {
        Self::Obtain {
            stored: None,
            lease: None,
            turn,
        }
    }
}

impl Flight {
    /// Nothing is sent here but to the store.
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
            // Before the lease, which nobody is to hold while it waits.
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
            // Another process is refreshing, or died while it was.
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

    /// With the lease in hand: what another process stored before it gave the lease up is seen now.
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

    /// Without the store nobody refreshes: another process may be spending the refresh token. When
    /// the token has expired, `get_token` is called, which spends nothing.
    async fn without_store(&self, error: StoreError) -> Result<Plan<'_>, TokenError> {
        self.shared.store_failed(&self.entry, &error);
        // Two apps share a store by mistake: their callers have to hear of it.
        if self.has_valid() || error.kind() == StoreErrorKind::OtherApp {
            return Err(TokenError::store(error, self.entry.org_id()));
        }
        Ok(Plan::without_lease(self.turn().await?))
    }

    /// Waits until this organization's token may be obtained.
    async fn turn(&self) -> Result<SemaphorePermit<'_>, TokenError> {
        let turns = &self.shared.turns;
        self.shared.permit(turns, self.entry.org_id()).await
    }

    async fn load(&self) -> Result<Option<TokenPair>, StoreError> {
        self.shared.load(self.entry.org_id()).await
    }

    /// The stored pair's token, if it is another one than what is to be replaced, and good.
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
