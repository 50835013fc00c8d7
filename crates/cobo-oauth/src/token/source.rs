use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use cobo_auth::AccessToken;
use tokio_util::sync::DropGuard;

use super::builder::TokenSourceBuilder;
use super::callback::Reissue;
use super::credential::OrgCredential;
use super::entry::check;
use super::error::TokenError;
use super::installation::{Installation, InstallationError, InstallationOutcome};
use super::key::Id;
use super::shared::Shared;
use super::slot::Need;
use super::state::{OrgState, OrgWatch};
use crate::Client;
use crate::store::StoreError;

/// Access tokens that are always fresh, for any number of organizations.
///
/// ```
/// use cobo_auth::{Environment, Ed25519Signer};
/// use cobo_oauth::{Client, TokenSource};
///
/// # fn main() -> Result<(), cobo_auth::Error> {
/// let signer = Ed25519Signer::from_seed(&[7; 32]);
/// let auth = cobo_auth::Client::new(Environment::development(), signer)?;
/// let tokens = TokenSource::new(Client::new(auth.clone()), "pvSwS8iFrfK0oZrB0ugG54XPDOLEv0Ij");
///
/// // One line for an organization. Any generated client is made from it as well.
/// let organization = auth.with_credential(tokens.credential("e3986401-4aec-480a-973d-e775a4518413"));
/// # Ok(())
/// # }
/// ```
///
/// Nothing happens before an organization's token is needed. Then:
///
/// - A token that is fresh costs two clock readings and a reference count: no network, no lock.
/// - When its end comes near (5 minutes for one of 12 hours), the next one is obtained in a task of
///   its own, while callers get the one that is there. In its last moments (30 seconds) they wait.
///   An expired token is never given out, and it has expired as soon as the wall clock, the
///   monotonic clock or the time in Cobo's verified responses says so.
/// - Whatever is obtained is obtained once: callers share the request, its result and its error. A
///   caller that goes away loses nothing.
/// - A refresh token is used once, by one process, and taken out of the [store](crate::TokenStore)
///   before it is sent. Where no answer comes, or a refusal, `get_token` is next. Where Cobo refuses
///   that as well, the error [says](TokenError::is_not_installed) that the app has to be installed
///   again, and for which organization.
/// - A new pair is stored before the first caller sees it. Where that fails, the token is served
///   from memory, and storing is tried again.
/// - While the store cannot be reached, nobody refreshes; tokens that are valid are served, and
///   where one has expired `get_token` is called, which spends nothing.
/// - After a failure the next attempt waits: a second, two, four, up to a minute, with jitter, for
///   each organization by itself; half a minute at most after a refusal. Code 2024 counts as a
///   failure and not as a refusal, since another process with the same key may have used the nonce.
///   Callers that have no valid token get the last error meanwhile.
/// - A token that is not a Bearer token is refused. One without a `token_type` counts as one.
/// - An organization is refreshed when somebody calls for it: one that is idle costs nothing, and
///   its first caller after that waits for the next token.
/// - A token that a server refuses in use is replaced; see [`Credential`](cobo_auth::Credential).
///
/// Clones share everything. The source is made without a runtime; tokio's is needed where a token
/// is. When the last clone and the last credential are dropped, what was scheduled stops; what was
/// sent already finishes and is stored. [`shutdown`](Self::shutdown) waits for that.
#[derive(Clone)]
pub struct TokenSource(pub(crate) Arc<Source>);

/// What every clone and every credential of a source hold.
pub(crate) struct Source {
    pub(crate) shared: Arc<Shared>,
    /// Stops what is scheduled when the last of them is dropped.
    pub(crate) _stop: DropGuard,
}

impl TokenSource {
    /// A source that keeps its tokens in memory.
    ///
    /// `client_id` is the app's, from Cobo's portal.
    pub fn new(client: Client, client_id: impl Into<String>) -> Self {
        Self::builder(client, client_id).build()
    }

    /// A source to be set up further: where its tokens rest, for instance.
    pub fn builder(client: Client, client_id: impl Into<String>) -> TokenSourceBuilder {
        TokenSourceBuilder::new(client, client_id.into())
    }

    /// What a client needs to act for an organization.
    ///
    /// Nothing is checked or obtained before the first call.
    pub fn credential(&self, org_id: &str) -> OrgCredential {
        OrgCredential::new(self.0.shared.entry(org_id), self.0.clone())
    }

    /// The organization's access token, for those who want the header.
    ///
    /// # Errors
    ///
    /// There is none to be had; [`TokenError`] says why. The future may be dropped at any point.
    pub async fn token(&self, org_id: &str) -> Result<AccessToken, TokenError> {
        let shared = &self.0.shared;
        {
            let known = shared.organizations.pin();
            if let Some(live) = known
                .get(&Id(org_id))
                .and_then(|known| known.current(shared))
            {
                return Ok(live.into());
            }
        }
        // Apart from the way of a hit, which moves this future.
        let live = Box::pin(async { shared.entry(org_id).fetch(shared).await }).await?;
        Ok(live.into())
    }

    /// The organization's permissions have changed: its token is thrown away, and the next call
    /// gets a new one by `get_token`, as Cobo asks for.
    ///
    /// Takes effect in memory at once, and then in the store, after a refresh that is under way.
    /// Other processes go on with the token that they have until it is due.
    ///
    /// # Errors
    ///
    /// The store could not be reached: after a restart this program would take up the old token.
    /// Call again later.
    pub async fn invalidate(&self, org_id: &str) -> Result<(), TokenError> {
        self.clear(org_id, Need::Issue).await
    }

    /// The app was removed from the organization: its tokens are forgotten, in memory and in the
    /// store.
    ///
    /// # Errors
    ///
    /// The store could not be reached, and still has the tokens. Call again later.
    pub async fn forget(&self, org_id: &str) -> Result<(), TokenError> {
        self.clear(org_id, Need::Renewal).await?;
        let shared = &self.0.shared;
        shared.drop_unused(org_id, &shared.now());
        Ok(())
    }

    async fn clear(&self, org_id: &str, next: Need) -> Result<(), TokenError> {
        let shared = &self.0.shared;
        check(org_id)?; // what is none is not even shown to the store
        shared.entry(org_id).clear(shared, next).await
    }

    /// Does what an installation callback asks for: the organization installed the app, or changed
    /// what it may do, so the source obtains a new token by `get_token`. Takes the query of the URL
    /// that Cobo called, with `approval_result` and `org_id`.
    ///
    /// Anyone can call that URL, so a callback is only a hint: the current token is served until Cobo
    /// has issued the new one, and a refusal changes nothing. Callbacks of one organization are
    /// answered together, 2 seconds after the last answer at the earliest, and those of 8
    /// organizations at a time. A caller that goes away changes nothing either.
    ///
    /// Organizations that nothing is stored of share
    /// [one rate](TokenSourceBuilder::unknown_installation_rate). When a callback has to wait for
    /// it, this returns [`InstallationOutcome::Queued`] at once.
    ///
    /// # Errors
    ///
    /// A query that is not an installation callback's, and what kept the token from being obtained:
    /// a refusal, an outage, or too many callbacks that wait already (a thousand). If
    /// [`TokenError::is_retryable`] says so, this process's next refresh is a `get_token`; after a
    /// restart, call this again.
    pub async fn on_installation(
        &self,
        query: &str,
    ) -> Result<InstallationOutcome, InstallationError> {
        let installation: Installation = query.parse()?;
        let shared = &self.0.shared;
        check(installation.org_id())?;
        let entry = shared.entry(installation.org_id());
        Ok(match entry.reissue(shared).await? {
            Reissue::Obtained => InstallationOutcome::Confirmed(installation),
            Reissue::Queued => InstallationOutcome::Queued(installation),
        })
    }

    /// The organizations that the app has tokens of, in the order of their ids: those in the store,
    /// and those whose tokens could not be stored yet. A restarted app finds its organizations here
    /// and needs no list of its own.
    ///
    /// The store reads every entry; with very many organizations this takes seconds. It may take as
    /// long as the [deadline](TokenSourceBuilder::deadline).
    ///
    /// # Errors
    ///
    /// The store, or a part of it, cannot be reached: there is no list that may lack some. A store
    /// that did not answer another call in the last 5 seconds is not asked.
    pub async fn organizations(&self) -> Result<Vec<String>, StoreError> {
        let shared = &self.0.shared;
        let listed = shared.store.organizations(&shared.owner);
        // Longer than other calls of the store may take: it reads every entry.
        let listed = shared.bounded_by(shared.limits.deadline, listed).await?;
        let mut organizations: BTreeSet<_> = listed.into_iter().collect();
        let known = shared.organizations.pin();
        let entries = known.values().map(|known| &known.entry);
        let unsaved = entries.filter(|entry| entry.slot().unsaved.is_some());
        organizations.extend(unsaved.map(|entry| entry.org_id().to_string()));
        Ok(organizations.into_iter().collect())
    }

    /// How the organization's token is doing; `None` where nobody has asked for one.
    pub fn state(&self, org_id: &str) -> Option<OrgState> {
        let shared = &self.0.shared;
        Some(shared.known(org_id)?.state(&shared.now()))
    }

    /// Follows how the organization's token is doing.
    pub fn watch(&self, org_id: &str) -> OrgWatch {
        let shared = &self.0.shared;
        let entry = shared.entry(org_id);
        OrgWatch {
            states: entry.watch(&shared.now()),
            _entry: entry,
            stop: shared.stop.clone(),
        }
    }

    /// Stops what is scheduled, and waits for what was sent to finish and to be stored. Should
    /// everything hang, that is bounded by the [deadline](TokenSourceBuilder::deadline) and five
    /// times what one [call of the store](TokenSourceBuilder::store_timeout) may take.
    ///
    /// Tokens that are valid are given out afterwards, too; no new one is obtained.
    pub async fn shutdown(&self) {
        let shared = &self.0.shared;
        shared.stop.cancel();
        shared.tasks.close();
        let finished = async {
            shared.tasks.wait().await;
            // What a task was to save whose runtime has ended.
            let orphans: Vec<_> = {
                let known = shared.organizations.pin();
                let entries = known.values().map(|known| &known.entry);
                let unsaved = entries.filter(|entry| entry.slot().unsaved.is_some());
                unsaved.cloned().collect()
            };
            for entry in orphans {
                shared.save_leftover(&entry).await;
            }
        };
        let finished = tokio::time::timeout(shared.limits.shutdown(), finished);
        if finished.await.is_err() {
            tracing::warn!("the token source was shut down with work unfinished");
        }
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TokenSource").field(&self.0.shared).finish()
    }
}
