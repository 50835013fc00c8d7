//! Calls of the store with a timeout, a circuit breaker and a check of the owner.

use std::future::Future;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::error::TokenError;
use super::metrics::Metrics;
use super::org_tokens::OrgTokens;
use super::shared::Shared;
use crate::store::{Owner, StoreError, StoreErrorKind, TokenPair};

/// If the store did not answer, it is not called again for this time, so that it does not delay every
/// organization.
const CIRCUIT_OPEN: Duration = Duration::from_secs(5);

impl Shared {
    /// Calls the store with the store timeout. If the store does not answer, it is not called again
    /// for 5 seconds.
    pub(crate) async fn with_store_timeout<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.with_timeout(self.limits.store, call).await
    }

    /// Like [`with_store_timeout`](Self::with_store_timeout), with another timeout.
    pub(crate) async fn with_timeout<T>(
        &self,
        timeout: Duration,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let result = self.unless_circuit_open(timeout, call).await;
        // The circuit also opens if the store's own timeout elapsed first.
        if let Err(error) = &result
            && error.kind() == StoreErrorKind::NoAnswer
        {
            *self.circuit_open_until() = Some(Instant::now() + CIRCUIT_OPEN);
        }
        result
    }

    fn circuit_open_until(&self) -> MutexGuard<'_, Option<Instant>> {
        let until = self.store_circuit_open_until.lock();
        until.unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls the store with a timeout, unless the circuit is open. Does not open the circuit.
    async fn unless_circuit_open<T>(
        &self,
        timeout: Duration,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let until = *self.circuit_open_until();
        // During a shutdown the store is called, so that nothing is left unsaved.
        if until.is_some_and(|until| Instant::now() < until) && !self.stop.is_cancelled() {
            return Err(StoreError::unavailable(
                "a call within the last 5 s got no answer, so the store is not called again yet",
            )
            .not_applied());
        }
        let result = tokio::time::timeout(timeout, call).await;
        result.unwrap_or_else(|_| {
            let what = format!("a call took longer than {timeout:?}");
            Err(StoreError::no_answer(what))
        })
    }

    /// Loads the pair of an organization. Another app's pair is an error.
    pub(crate) async fn load(&self, org_id: &str) -> Result<Option<TokenPair>, StoreError> {
        let stored = self.with_store_timeout(self.store.load(org_id)).await?;
        let Some(owner) = self.abandoned_owner(org_id, stored.as_ref())? else {
            return Ok(stored);
        };
        let remove = self.store.remove(org_id, owner);
        self.with_store_timeout(remove).await?;
        tracing::info!(org_id, "removed an expired pair from before a key rotation");
        Ok(None)
    }

    /// Checks that this app may use a stored pair. Returns the owner of a pair to be removed: one of
    /// this client id whose response keys have all been replaced, and whose tokens have expired.
    /// Without the removal, the organization could never get a token again.
    fn abandoned_owner<'a>(
        &self,
        org_id: &str,
        stored: Option<&'a TokenPair>,
    ) -> Result<Option<&'a Owner>, StoreError> {
        let Some((pair, owner)) = stored.and_then(|pair| Some((pair, pair.owner.as_ref()?))) else {
            return Ok(None);
        };
        match self.owner.check(org_id, Some(owner)) {
            Ok(()) => Ok(None),
            Err(_)
                if owner.client_id() == self.owner.client_id()
                    && pair.has_expired(self.now().earliest_unix_millis()) =>
            {
                Ok(Some(owner))
            }
            Err(error) => Err(error),
        }
    }

    /// Whether there is a token of this organization in memory or in the store. If the store fails, the
    /// organization counts as unknown. Anyone can send callbacks for made-up organizations, so only a few
    /// lookups run at a time, and a missing answer does not open the circuit for other callers.
    ///
    /// # Errors
    ///
    /// The stored token belongs to another app, or there are too many callbacks.
    pub(crate) async fn is_known(&self, tokens: &OrgTokens) -> Result<bool, TokenError> {
        if tokens.cached().is_some() || tokens.has_unsaved() {
            return Ok(true);
        }
        let org_id = tokens.org_id();
        let _lookup = self.permit(&self.callbacks.lookups, org_id).await?;
        let load = self.store.load(org_id);
        let Ok(stored) = self.unless_circuit_open(self.limits.store, load).await else {
            return Ok(false);
        };
        let checked = self.abandoned_owner(org_id, stored.as_ref());
        checked.map_err(|error| TokenError::store(error, org_id))?;
        Ok(stored.is_some())
    }

    /// Removes the stored pair of an organization.
    pub(crate) async fn remove(&self, org_id: &Arc<str>) -> Result<(), TokenError> {
        let remove = self.store.remove(org_id, &self.owner);
        self.with_store_timeout(remove).await.map_err(|error| {
            Metrics::store_failed();
            TokenError::store(error, org_id)
        })
    }

    pub(crate) fn store_failed(&self, org_id: &str, error: &StoreError) {
        Metrics::store_failed();
        tracing::warn!(org_id, %error, "the token store failed");
    }
}
