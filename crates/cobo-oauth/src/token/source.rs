use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use cobo_auth::AccessToken;

use super::credential::OrgCredential;
use super::error::TokenError;
use super::installation::{Installation, InstallationError, InstallationOutcome};
use super::org_state::OrgState;
use super::org_tokens::{OrgTokens, check_org_id};
use super::org_watch::OrgWatch;
use super::refresh_state::RefreshReason;
use super::shared::Source;
use crate::store::StoreError;

/// Provides valid access tokens for any number of organizations, and refreshes them.
///
/// ```
/// use cobo_auth::{Environment, Ed25519Signer};
/// use cobo_oauth::{OAuthClient, TokenSource};
///
/// # fn main() -> Result<(), cobo_auth::Error> {
/// let signer = Ed25519Signer::from_seed(&[7; 32]);
/// let auth = cobo_auth::Client::new(Environment::development(), signer)?;
/// let tokens = TokenSource::new(OAuthClient::new(auth.clone()), "pvSwS8iFrfK0oZrB0ugG54XPDOLEv0Ij");
///
/// // One line for an organization. Any generated client is made from it as well.
/// let organization = auth.with_credential(tokens.credential("e3986401-4aec-480a-973d-e775a4518413"));
/// # Ok(())
/// # }
/// ```
///
/// Nothing is sent until an organization's token is needed. Then:
///
/// - Reading a fresh token costs two clock readings and a reference count: no network, no lock.
/// - Shortly before a token expires (5 minutes for a token of 12 hours), a separate task obtains
///   the next one, while callers get the current one. In its last moments (30 seconds for a token
///   of 12 hours) callers wait for the next one. An expired token is never returned. A token has
///   expired as soon as the wall clock, the monotonic clock or the time in Cobo's verified
///   responses says so.
/// - Callers that need the same token share one request, its result and its error. Dropping a
///   caller does not cancel the request.
/// - A refresh token is used once, by one process, and is removed from the
///   [store](crate::TokenStore) before it is sent. If no response comes, or a refusal, `get_token`
///   is called. If Cobo refuses that as well, the error [says](TokenError::is_not_installed) that
///   the app has to be installed again, and for which organization.
/// - A new pair is stored before the first caller gets it. If storing fails, the token is served
///   from memory, and storing is retried.
/// - While the store cannot be reached, there are no refreshes. Valid tokens are served; when a
///   token has expired, `get_token` is called, which spends no refresh token.
/// - After a failure the next attempt backs off: 1 s, 2 s, 4 s, up to a minute, with jitter, for
///   each organization separately; at most 30 s after a refusal. Code 2024 counts as a failure and
///   not as a refusal, because another process with the same key may have used the nonce. During
///   the backoff, callers without a valid token get the last error.
/// - A token that is not a Bearer token is refused. A token without a `token_type` counts as a
///   Bearer token.
/// - A token is refreshed only when it is requested: an idle organization causes no requests, and
///   its next caller waits for a new token.
/// - A token that a server refuses is replaced; see [`Credential`](cobo_auth::Credential).
///
/// Clones share everything. Creating a source needs no tokio runtime; obtaining a token does. When
/// the last clone and the last credential are dropped, scheduled work stops; requests that were
/// sent finish, and their results are stored. [`shutdown`](Self::shutdown) waits for that.
#[derive(Clone)]
pub struct TokenSource(pub(crate) Arc<Source>);

impl TokenSource {
    /// Returns the credential that a client needs to act for an organization.
    ///
    /// Nothing is checked or obtained until the first call.
    pub fn credential(&self, org_id: &str) -> OrgCredential {
        OrgCredential::new(self.0.shared.org(org_id), self.0.clone())
    }

    /// Returns a valid access token of the organization, for callers that set the header
    /// themselves.
    ///
    /// # Errors
    ///
    /// No valid token can be obtained; [`TokenError`] says why. The future may be dropped at any
    /// point.
    pub async fn token(&self, org_id: &str) -> Result<AccessToken, TokenError> {
        let shared = &self.0.shared;
        match shared.current(org_id) {
            Some(token) => Ok(token),
            None => shared.org(org_id).fetch(shared).await,
        }
    }

    /// Invalidates an organization's token after its permissions have changed. The next call
    /// obtains a new token by `get_token`, as Cobo requires.
    ///
    /// Takes effect in memory at once, and in the store after a refresh that is in flight. Other
    /// processes use their current token until it is due for a refresh.
    ///
    /// # Errors
    ///
    /// The store failed: after a restart this program would use the old token. Call again later.
    pub async fn invalidate(&self, org_id: &str) -> Result<(), TokenError> {
        self.clear(org_id, RefreshReason::Reissue).await
    }

    /// Deletes an organization's tokens in memory and in the store, after the app was removed
    /// there.
    ///
    /// # Errors
    ///
    /// The store failed and still has the tokens. Call again later.
    pub async fn forget(&self, org_id: &str) -> Result<(), TokenError> {
        self.clear(org_id, RefreshReason::Expiring).await?;
        let shared = &self.0.shared;
        shared.remove_if_unused(org_id, &shared.now());
        Ok(())
    }

    async fn clear(&self, org_id: &str, next: RefreshReason) -> Result<(), TokenError> {
        let shared = &self.0.shared;
        check_org_id(org_id)?; // the store never receives an invalid id
        shared.org(org_id).invalidate(shared, next).await
    }

    /// Handles an installation callback: the organization installed the app or changed its
    /// permissions, so the source obtains a new token by `get_token`. `query` is the query of the
    /// URL that Cobo called, with `approval_result` and `org_id`.
    ///
    /// Anyone can call that URL, so a callback is only a hint: the current token is served until
    /// Cobo has issued the new one, and a refusal does not change it. Callbacks of one organization
    /// are answered together, with a pause of 2 seconds after each answer, for up to 8
    /// organizations at a time. Dropping the future does not cancel the request.
    ///
    /// Organizations without a stored token share
    /// [one rate limit](crate::TokenSourceBuilder::unknown_installation_rate). If a callback has to wait
    /// for it, this returns [`InstallationOutcome::Queued`] at once.
    ///
    /// # Errors
    ///
    /// The query is not that of an installation callback, or the token could not be obtained: Cobo
    /// refused, Cobo or the store is unavailable, or a thousand callbacks are waiting already. If
    /// [`TokenError::is_retryable`] returns true, the next refresh in this process calls
    /// `get_token`; after a restart, call this again.
    pub async fn on_installation(
        &self,
        query: &str,
    ) -> Result<InstallationOutcome, InstallationError> {
        let installation: Installation = query.parse()?;
        let shared = &self.0.shared;
        check_org_id(installation.org_id())?;
        let tokens = shared.org(installation.org_id());
        Ok(tokens.handle_callback(shared, installation).await?)
    }

    /// Lists the organizations that the app has tokens of, sorted by id: those in the store, and
    /// those whose tokens could not be saved yet. An app can use this after a restart instead of
    /// its own list.
    ///
    /// The store reads every entry, which takes seconds with very many organizations. The time
    /// limit is the [deadline](crate::TokenSourceBuilder::deadline).
    ///
    /// # Errors
    ///
    /// The store, or a part of it, cannot be reached: an incomplete list is never returned. A store
    /// that did not answer another call in the last 5 seconds is not called.
    pub async fn organizations(&self) -> Result<Vec<String>, StoreError> {
        let shared = &self.0.shared;
        let listed = shared.store.organizations(&shared.owner);
        // Longer than other calls of the store may take: it reads every entry.
        let listed = shared.with_timeout(shared.limits.deadline, listed).await?;
        let mut organizations: BTreeSet<_> = listed.into_iter().collect();
        let unsaved = shared.select(OrgTokens::has_unsaved);
        organizations.extend(unsaved.iter().map(|tokens| tokens.org_id().to_string()));
        Ok(organizations.into_iter().collect())
    }

    /// Returns the state of the organization's token; `None` if no token was requested yet.
    pub fn state(&self, org_id: &str) -> Option<OrgState> {
        let shared = &self.0.shared;
        Some(shared.find(org_id)?.org_state(&shared.now()))
    }

    /// Watches the state of the organization's token.
    pub fn watch(&self, org_id: &str) -> OrgWatch {
        let shared = &self.0.shared;
        let tokens = shared.org(org_id);
        OrgWatch {
            states: tokens.watch(&shared.now()),
            _tokens: tokens,
            stop: shared.stop.clone(),
        }
    }

    /// Stops scheduled work, and waits until requests that were sent have finished and their
    /// results are stored. Waits at most the [deadline](crate::TokenSourceBuilder::deadline) plus five
    /// times the [store timeout](crate::TokenSourceBuilder::store_timeout).
    ///
    /// Valid tokens are still returned afterwards; no new token is obtained.
    pub async fn shutdown(&self) {
        let shared = &self.0.shared;
        shared.stop.cancel();
        shared.tasks.close();
        let finished = async {
            shared.tasks.wait().await;
            // Pairs whose save task ended with its runtime.
            for tokens in shared.select(OrgTokens::has_unsaved) {
                shared.save_unsaved(&tokens).await;
            }
        };
        let finished = tokio::time::timeout(shared.limits.shutdown(), finished);
        if finished.await.is_err() {
            tracing::warn!(
                "the token source was shut down before all requests had finished and were stored"
            );
        }
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TokenSource").field(&self.0.shared).finish()
    }
}
