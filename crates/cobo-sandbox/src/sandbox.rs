//! The handle of a running sandbox.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::answer::Answer;
use crate::config::{DEMO_APP_SECRET, SandboxBuilder, StartError};
use crate::key::AppKey;
use crate::page::{Page, Pages};
use crate::received::ReceivedRequest;
use crate::script::ScriptError;
use crate::server;
use crate::signature::{Refusal, RequestParts, SignedBy, check};
use crate::spec::Fields;
use crate::state::{State, lock};
use crate::violation::Violation;

/// So long a shutdown waits for the requests that are under way.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(5);

/// A running sandbox. It stops when the handle is dropped.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), cobo_sandbox::StartError> {
/// use cobo_sandbox::{DEMO_ORG_ID, Sandbox};
///
/// let sandbox = Sandbox::start().await?;
/// assert!(sandbox.base_url().ends_with("/v2"));
/// assert!(sandbox.remove(DEMO_ORG_ID)); // `get_token` is refused from now on
/// assert!(sandbox.received().is_empty());
/// sandbox.shutdown().await;
/// # Ok(())
/// # }
/// ```
pub struct Sandbox {
    state: Arc<State>,
    address: SocketAddr,
    base_url: String,
    demo: bool,
    // Dropping it tells the server to stop.
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Sandbox {
    /// Starts a sandbox with every default: a free loopback port, the demo key, client id and organization.
    ///
    /// # Errors
    ///
    /// As [`SandboxBuilder::start`].
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// The settings, to change some before the start.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }

    pub(crate) fn run(
        listener: TcpListener,
        address: SocketAddr,
        state: Arc<State>,
        demo: bool,
    ) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let server = server::serve(listener, state.clone(), async {
            // An error means that the handle was dropped, which is the signal.
            let _ = stopped.await;
        });
        Self {
            state,
            address,
            base_url: format!("http://{address}/v2"),
            demo,
            stop,
            server: tokio::spawn(server),
        }
    }

    /// Stops: takes no new connections, and waits up to five seconds for the requests that are under way.
    pub async fn shutdown(self) {
        let Self {
            stop, mut server, ..
        } = self;
        drop(stop);
        if tokio::time::timeout(SHUTDOWN_PATIENCE, &mut server)
            .await
            .is_err()
        {
            server.abort();
        }
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a client is to use as base URL: with `/v2`, without a final slash.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The app's client id.
    pub fn client_id(&self) -> &str {
        &self.state.client_id
    }

    /// The private key of the demo app, in hex; `None` when other keys were given.
    pub fn app_secret(&self) -> Option<&'static str> {
        self.demo.then_some(DEMO_APP_SECRET)
    }

    /// The public key, in hex, that verifies the sandbox's responses.
    pub fn response_public_key(&self) -> String {
        self.state.response_key.public_hex()
    }
}

/// The app's keys and installations.
impl Sandbox {
    /// The registered app keys, in hex.
    pub fn app_keys(&self) -> Vec<String> {
        let keys = lock(&self.state.keys);
        keys.app_keys().map(AppKey::to_string).collect()
    }

    /// Registers one more app key.
    pub fn add_app_key(&self, key: AppKey) {
        Arc::make_mut(&mut lock(&self.state.keys)).insert_app(key);
    }

    /// Registers one more of the API keys that belong to an organization, see [`SandboxBuilder::org_key`].
    pub fn add_org_key(&self, key: AppKey, org_id: &str) {
        lock(&self.state.organizations).add_with_key(org_id, self.state.clock.now_ms());
        Arc::make_mut(&mut lock(&self.state.keys)).insert_organization(key, org_id);
    }

    /// Removes a key, an app's or an organization's own, and returns whether it was registered. What it signs is
    /// refused from now on.
    pub fn remove_app_key(&self, key: &AppKey) -> bool {
        Arc::make_mut(&mut lock(&self.state.keys)).remove(key)
    }

    /// The organizations that have the app installed, in the order of installation.
    pub fn org_ids(&self) -> Vec<String> {
        lock(&self.state.organizations).ids()
    }

    /// Installs the app for an organization; false when it has it already.
    pub fn install(&self, org_id: &str) -> bool {
        lock(&self.state.organizations).install(org_id, self.state.clock.now_ms())
    }

    /// Removes the app from an organization, whose tokens are dead from now on; false when it did not have it.
    pub fn remove(&self, org_id: &str) -> bool {
        lock(&self.state.organizations).remove(org_id)
    }
}

/// Time and the life of tokens.
impl Sandbox {
    /// Moves the sandbox's time forward.
    pub fn advance(&self, by: Duration) {
        self.state.clock.advance(by);
    }

    /// The sandbox's time, in milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        self.state.clock.now_ms()
    }

    /// How long an organization's access tokens live that are issued from now on.
    pub fn set_access_ttl(&self, ttl: Duration) {
        lock(&self.state.organizations).lifetimes.access = ttl;
    }

    /// How long an organization's refresh tokens live that are issued from now on.
    pub fn set_refresh_ttl(&self, ttl: Duration) {
        lock(&self.state.organizations).lifetimes.refresh = ttl;
    }

    /// Ends all the access tokens of an organization. Its refresh tokens live on.
    pub fn expire_access_tokens(&self, org_id: &str) {
        lock(&self.state.organizations).expire_access(org_id);
    }

    /// Ends all the refresh tokens of an organization. Its access tokens live on.
    pub fn expire_refresh_tokens(&self, org_id: &str) {
        lock(&self.state.organizations).expire_refresh(org_id);
    }
}

/// What was received.
impl Sandbox {
    /// How often a refresh token was presented that had been used before. Whoever does that could not
    /// tell that it was used, or did not keep what it was replaced by. One that has expired since
    /// may be forgotten.
    pub fn replayed_refresh_tokens(&self) -> u64 {
        lock(&self.state.organizations).replays()
    }

    /// The last requests, oldest first. A request is in it before its answer is sent.
    pub fn received(&self) -> Vec<ReceivedRequest> {
        lock(&self.state.received).to_vec()
    }

    /// Forgets the requests received so far. Their nonces stay spent.
    pub fn clear_received(&self) {
        lock(&self.state.received).clear();
    }

    /// [Checks](check) a request against the keys registered now, as the server does, but spends no nonce.
    ///
    /// # Errors
    ///
    /// The first [`Refusal`] that applies.
    pub fn check(&self, request: &RequestParts<'_>) -> Result<SignedBy, Refusal> {
        let keys = lock(&self.state.keys).clone();
        check(request, keys.all())
    }
}

/// What is answered: scripts, and what a document says.
impl Sandbox {
    /// The ids of all operations: the sandbox's own, and those of its document.
    pub fn operation_ids(&self) -> impl Iterator<Item = &str> {
        self.state.operation_ids()
    }

    /// Answers the next calls of an operation with these, one each.
    ///
    /// This works for every operation: the sandbox's own (`get_token`, `get_org_info` …) and those of its document.
    /// Signature, nonce, access token and, for an operation of a document, the request are checked first; a request
    /// that is refused takes no answer away.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use cobo_sandbox::{Answer, Sandbox};
    /// use http::StatusCode;
    ///
    /// let sandbox = Sandbox::start().await?;
    /// // The refresh is carried out, and its answer is lost. The next call is refused.
    /// let answers = [
    ///     Answer::as_usual().dropped(),
    ///     Answer::error(StatusCode::TOO_MANY_REQUESTS, 2026).header("Retry-After", "2"),
    /// ];
    /// sandbox.script("refresh_token", answers)?;
    ///
    /// let error = sandbox.script("refresh_tokens", []).unwrap_err();
    /// assert!(error.to_string().contains("similar: refresh_token"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When no operation has this id: the error names similar ones. When an answer has a header that cannot be sent.
    /// Nothing is scripted then.
    pub fn script(
        &self,
        operation_id: &str,
        answers: impl IntoIterator<Item = Answer>,
    ) -> Result<(), ScriptError> {
        let id = self.state.script_id(operation_id)?;
        let answers: Vec<Answer> = answers.into_iter().collect();
        if let Some(name) = answers.iter().find_map(Answer::invalid_header) {
            return Err(ScriptError::InvalidHeader(name.to_owned()));
        }
        lock(&self.state.scripts).push(id, answers);
        Ok(())
    }

    /// Answers a list operation in these pages, from now on, in place of the pages scripted before. Without any page,
    /// the list is empty.
    ///
    /// # Errors
    ///
    /// When no operation has this id: the error names similar ones. When the operation does not answer with a list and
    /// `pagination`, or an answer of a page has a header that cannot be sent. Nothing is scripted then.
    pub fn script_pages(
        &self,
        operation_id: &str,
        pages: impl IntoIterator<Item = Page>,
    ) -> Result<(), ScriptError> {
        let id = self.state.script_id(operation_id)?;
        let documents = self.state.documents.as_ref();
        let success =
            documents.and_then(|documents| documents.specification.success(id, Fields::All, 0));
        let answer = success.and_then(|(_, sample)| sample);
        if !answer.is_some_and(|answer| Pages::fit(&answer.value)) {
            return Err(ScriptError::NoList(operation_id.to_owned()));
        }
        let pages: Vec<Page> = pages.into_iter().collect();
        if let Some(name) = pages.iter().find_map(Page::invalid_header) {
            return Err(ScriptError::InvalidHeader(name.to_owned()));
        }
        lock(&self.state.scripts).set_pages(id, Pages::new(pages));
        Ok(())
    }

    /// Forgets what was scripted and not answered yet.
    pub fn clear_scripts(&self) {
        lock(&self.state.scripts).clear();
    }

    /// The last requests, oldest first, that violated the document; 1,000 are kept.
    pub fn violations(&self) -> Vec<Violation> {
        let documents = self.state.documents.as_ref();
        documents.map_or_else(Vec::new, |documents| lock(&documents.violations).to_vec())
    }

    /// How many requests have violated the document since the start.
    pub fn violation_count(&self) -> u64 {
        let documents = self.state.documents.as_ref();
        documents.map_or(0, |documents| lock(&documents.violations).count())
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("base_url", &self.base_url)
            .field("client_id", &self.client_id())
            .field("org_ids", &self.org_ids())
            .finish_non_exhaustive()
    }
}
