//! One attempt to get an organization's next token: from the store, by a refresh, or by
//! `get_token`.
//!
//! Runs in a separate task, so that it continues when its callers are dropped.

use std::sync::Arc;
use std::time::Duration;

use cobo_auth::Secret;
use tokio::time::Instant;

use super::cached_token::CachedToken;
use super::error::{TokenError, TokenErrorKind};
use super::issuer::{Failure, FailureKind, Issued};
use super::metrics::{Grant, Metrics};
use super::moment::Moment;
use super::plan::Plan;
use super::refresh_task::RefreshTask;
use crate::store::{Lease, TokenPair};

impl RefreshTask {
    pub(crate) async fn run(self) {
        // Planning sends nothing to Cobo, so it stops when the source is shut down or dropped.
        let plan = self.shared.stop.run_until_cancelled(self.plan());
        let (result, lease) = match plan.await {
            None => (Err(self.error(TokenErrorKind::ShutDown)), None),
            Some(Err(error)) => (Err(error), None),
            Some(Ok(Plan::Adopt(token))) => (Ok(token), None),
            Some(Ok(Plan::Obtain {
                stored,
                lease,
                permit: _permit,
            })) => {
                let result = self.obtain(stored, lease.as_deref()).await;
                (result, lease)
            }
        };
        self.finish(result);
        if let Some(lease) = lease {
            self.release(lease).await;
        }
    }

    async fn obtain(
        &self,
        stored: Option<TokenPair>,
        lease: Option<&dyn Lease>,
    ) -> Result<Arc<CachedToken>, TokenError> {
        let deadline = Instant::now() + self.shared.limits.deadline;
        let oldest_usable = {
            let mut state = self.tokens.state();
            if state.epoch != self.handle.epoch {
                return Err(self.error(TokenErrorKind::Unavailable)); // invalidated meanwhile
            }
            let oldest_usable = state.generation.max(state.spent.saturating_add(1));
            let stored = stored.as_ref().map_or(0, |pair| pair.generation);
            state.generation = state.generation.max(stored);
            oldest_usable
        };
        if let (Some(lease), Some(pair)) = (lease, stored)
            && self.may_refresh(&pair, oldest_usable)
        {
            if let Some(token) = self.refresh(lease, &pair, deadline).await? {
                return Ok(token);
            }
            if self.shared.stop.is_cancelled() {
                return Err(self.error(TokenErrorKind::ShutDown));
            }
        }
        self.issue(lease, deadline).await
    }

    /// Whether the pair's refresh token may be used. A pair that is older than what this process
    /// knows, or whose refresh token it has sent, comes from a store that lost newer data.
    fn may_refresh(&self, pair: &TokenPair, oldest_usable: u64) -> bool {
        !self.handle.reason.requires_get_token()
            && pair.generation >= oldest_usable
            && pair.refresh_token.is_some()
            && pair
                .refresh_expires_at
                .is_none_or(|end| self.shared.now().wall < end)
    }

    /// Calls `refresh_token`. Returns `None` if `get_token` must be called next: the refresh token
    /// was spent, missing or refused.
    async fn refresh(
        &self,
        lease: &dyn Lease,
        pair: &TokenPair,
        deadline: Instant,
    ) -> Result<Option<Arc<CachedToken>>, TokenError> {
        let generation = pair.generation;
        let spend = lease.spend(generation);
        let token = match self.shared.with_store_timeout(spend).await {
            Ok(Some(token)) => token,
            Ok(None) => return Ok(None),
            Err(error) => {
                let error = self.store_failed(error);
                return if self.has_valid_token() {
                    Err(error)
                } else {
                    Ok(None)
                };
            }
        };
        let spent_before = {
            let mut state = self.tokens.state();
            std::mem::replace(&mut state.spent, generation)
        };
        // Reserves half of the remaining time for `get_token`, in case no answer comes.
        let half = deadline.saturating_duration_since(Instant::now()) / 2;
        let refresh = self.shared.issuer.refresh(token.clone());
        let failure = match self.request(Grant::Refresh, half, refresh).await {
            Ok((issued, requested)) => {
                let kept = self.keep(issued, requested, Grant::Refresh, Some(lease));
                return kept.await.map(Some);
            }
            Err(failure) => failure,
        };
        match failure.kind {
            FailureKind::NotProcessed => {
                self.restore(lease, generation, token, spent_before).await;
                Err(TokenError::from_failure(failure, self.tokens.org_id()))
            }
            // `get_token` can be repeated safely, so the client can recover there from a refused
            // nonce.
            FailureKind::Unauthenticated { verified: true } => {
                self.restore(lease, generation, token, spent_before).await;
                Ok(None)
            }
            // Do not send another request immediately to a server that asked for fewer.
            FailureKind::Unknown if failure.throttled && self.has_valid_token() => {
                Err(TokenError::from_failure(failure, self.tokens.org_id()))
            }
            FailureKind::Unknown
            | FailureKind::UnusableToken
            | FailureKind::Unauthenticated { verified: false }
            | FailureKind::GrantRefused
            | FailureKind::AppRefused => Ok(None),
        }
    }

    /// Puts back a refresh token that was not processed.
    async fn restore(&self, lease: &dyn Lease, generation: u64, token: Secret, spent_before: u64) {
        let restore = lease.restore(generation, token);
        match self.shared.with_store_timeout(restore).await {
            Ok(()) => self.tokens.state().spent = spent_before,
            Err(error) => drop(self.store_failed(error)),
        }
    }

    async fn issue(
        &self,
        lease: Option<&dyn Lease>,
        deadline: Instant,
    ) -> Result<Arc<CachedToken>, TokenError> {
        let left = deadline.saturating_duration_since(Instant::now());
        let issue = self.shared.issuer.issue(self.tokens.org_id());
        match self.request(Grant::Issue, left, issue).await {
            Ok((issued, requested)) => self.keep(issued, requested, Grant::Issue, lease).await,
            Err(failure) => Err(TokenError::from_failure(failure, self.tokens.org_id())),
        }
    }

    /// Sends a request to Cobo with a time limit. Returns the result and the time of the request.
    async fn request(
        &self,
        grant: Grant,
        timeout: Duration,
        request: impl Future<Output = Result<Issued, Failure>>,
    ) -> Result<(Issued, Moment), Failure> {
        let requested = self.shared.now();
        let answer = tokio::time::timeout(timeout, request).await;
        let failure = match answer {
            Ok(Ok(issued)) => {
                Metrics::obtained(grant);
                return Ok((issued, requested.with_cobo_of(&self.shared.now())));
            }
            Ok(Err(failure)) => failure,
            Err(elapsed) => Failure::new(FailureKind::Unknown, elapsed),
        };
        Metrics::failed(grant);
        tracing::warn!(
            org_id = %self.tokens.org_id(),
            kind = ?failure.kind,
            // `Debug` only: `Display` contains Cobo's own text, which must not be logged.
            error = ?failure.source,
            "`{}` failed",
            grant.operation()
        );
        Err(failure)
    }
}
