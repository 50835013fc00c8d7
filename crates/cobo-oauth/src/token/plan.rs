//! Decides what a refresh task does, from the store's content and from who holds the lease.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::SemaphorePermit;
use tokio::time::Instant;

use super::cached_token::{CachedToken, Phase};
use super::error::{TokenError, TokenErrorKind};
use super::refresh_state::RefreshReason;
use super::refresh_task::RefreshTask;
use crate::store::{Lease, StoreError, TokenPair};

/// The range of pauses between two store reads while another process has the lease.
const MIN_PAUSE: Duration = Duration::from_millis(20);
const MAX_PAUSE: Duration = Duration::from_millis(500);

/// The decision.
pub(crate) enum Plan<'a> {
    /// Use the token that another process has stored.
    Adopt(Arc<CachedToken>),
    /// Obtain a new pair from Cobo.
    Obtain {
        stored: Option<TokenPair>,
        /// Without a lease only `get_token` is possible, which spends no refresh token.
        lease: Option<Box<dyn Lease>>,
        permit: SemaphorePermit<'a>,
    },
}

impl<'a> Plan<'a> {
    /// Obtains a token by `get_token`.
    fn get_token(permit: SemaphorePermit<'a>) -> Self {
        Self::Obtain {
            stored: None,
            lease: None,
            permit,
        }
    }
}

impl RefreshTask {
    /// Decides what to do. Calls the store, but not Cobo.
    pub(crate) async fn plan(&self) -> Result<Plan<'_>, TokenError> {
        let started = Instant::now();
        let mut pause = MIN_PAUSE;
        self.shared.save_unsaved(&self.tokens).await;
        loop {
            let stored = match self.load().await {
                Ok(stored) => stored,
                Err(error) => return self.plan_without_store(error).await,
            };
            if let Some(token) = self.adopt(stored.as_ref()) {
                return Ok(Plan::Adopt(token));
            }
            // Acquired before the lease, so that no lease is held while waiting.
            let permit = self.permit().await?;
            // Without a lease, so that forged callbacks do not fill the store with leases.
            if self.handle.reason.requires_get_token() && stored.is_none() {
                return Ok(Plan::get_token(permit));
            }
            match self.lease().await {
                Ok(Some(lease)) => return self.plan_with_lease(lease, permit).await,
                Ok(None) => {}
                Err(error) => {
                    drop(permit);
                    return self.plan_without_store(error).await;
                }
            }
            // Another process is refreshing, or died during a refresh.
            if started.elapsed() >= self.shared.limits.lease_wait && !self.has_valid_token() {
                return Ok(Plan::get_token(permit));
            }
            drop(permit);
            if started.elapsed() >= self.shared.limits.deadline {
                tracing::warn!(org_id = %self.tokens.org_id(), "another process keeps the lease");
                return Err(self.error(TokenErrorKind::Unavailable));
            }
            tokio::time::sleep(pause.mul_f64(0.5 + self.shared.jitter() / 2.0)).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }

    /// Decides with the lease held. A pair that another process stored before it released the lease
    /// is now visible.
    async fn plan_with_lease<'a>(
        &'a self,
        lease: Box<dyn Lease>,
        permit: SemaphorePermit<'a>,
    ) -> Result<Plan<'a>, TokenError> {
        let stored = match self.load().await {
            Ok(stored) => stored,
            Err(error) => {
                self.release(lease).await;
                drop(permit);
                return self.plan_without_store(error).await;
            }
        };
        if let Some(token) = self.adopt(stored.as_ref()) {
            self.release(lease).await;
            return Ok(Plan::Adopt(token));
        }
        let lease = Some(lease);
        Ok(Plan::Obtain {
            stored,
            lease,
            permit,
        })
    }

    async fn lease(&self) -> Result<Option<Box<dyn Lease>>, StoreError> {
        let ttl = self.shared.limits.lease();
        let lease = self.shared.store.lease(self.tokens.org_id(), ttl);
        self.shared.with_store_timeout(lease).await
    }

    /// Decides after a store failure. A valid token is not refreshed, because another process may be
    /// spending the refresh token. If there is no valid token, calls `get_token`.
    async fn plan_without_store(&self, error: StoreError) -> Result<Plan<'_>, TokenError> {
        let error = self.store_failed(error);
        // An `OtherApp` error must reach the callers: two apps share a store by mistake.
        if self.has_valid_token() || error.kind() == TokenErrorKind::OtherApp {
            return Err(error);
        }
        Ok(Plan::get_token(self.permit().await?))
    }

    /// Waits for a permit to obtain a token.
    async fn permit(&self) -> Result<SemaphorePermit<'_>, TokenError> {
        let permits = &self.shared.permits;
        self.shared.permit(permits, self.tokens.org_id()).await
    }

    async fn load(&self) -> Result<Option<TokenPair>, StoreError> {
        self.shared.load(self.tokens.org_id()).await
    }

    /// The stored token, if it may be used instead of a new one.
    fn adopt(&self, stored: Option<&TokenPair>) -> Option<Arc<CachedToken>> {
        let pair = stored?;
        let is_newer = self.tokens.is_newer(&self.tokens.state(), pair.generation);
        if self.handle.reason == RefreshReason::Reissue || !is_newer {
            return None;
        }
        let now = self.shared.now();
        let token = CachedToken::from_store(pair, now, self.shared.jitter());
        let token = Arc::new(token.ok().flatten()?);
        if !self.handle.reason.requires_get_token() && token.phase(&now) < Phase::RefreshRequired {
            return Some(token);
        }
        // Served only until the new token is there, or if no new one can be obtained.
        let mut state = self.tokens.state();
        if state.epoch == self.handle.epoch {
            self.tokens.install(&mut state, token);
        }
        None
    }
}
