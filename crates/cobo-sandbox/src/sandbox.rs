//! The handle of a running sandbox.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::answer::Answer;
use crate::clock::Clock;
use crate::config::{DEMO_APP_SECRET, SandboxBuilder, StartError};
use crate::key::AppKey;
use crate::outbound::{Courier, Orders};
use crate::page::{Page, Pages};
use crate::received::ReceivedRequest;
use crate::script::ScriptError;
use crate::server;
use crate::signature::{Refusal, RequestParts, SignedBy, check};
use crate::spec::Fields;
use crate::state::{State, lock};
use crate::violation::Violation;

/// How long a shutdown waits for requests in flight.
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
    pub(crate) state: Arc<State>,
    address: SocketAddr,
    base_url: String,
    demo: bool,
    // Dropping it tells the server to stop.
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
    _courier: Courier,
}

impl Sandbox {
    /// Starts a sandbox with the defaults: a free loopback port, and the demo key, client id and organization.
    ///
    /// # Errors
    ///
    /// As [`SandboxBuilder::start`].
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// Creates the settings of a sandbox that answers every operation of Cobo's WaaS 2.0, and keeps state.
    ///
    /// What an organization creates, it finds again: projects, vaults, TSS requests, wallets, addresses, transactions,
    /// merchants, pay-in orders, refunds, top-up addresses and payouts. A list starts empty, an unknown id is answered
    /// with 404 and code 2028, and so is a request that names an object which the organization does not have. What moves
    /// through states reaches the last one after a minute of the sandbox's time ([`advance`](Self::advance),
    /// [`advance_to_end`](Self::advance_to_end)), and succeeds, unless a script says otherwise
    /// ([`script_end`](Self::script_end)).
    ///
    /// A `request_id` of a transfer or of a contract call works once; the second request is refused with code 30001. Its
    /// HTTP status, 400, is a guess: Cobo documents only the code. A speed-up or a drop makes the original transaction
    /// fail at once; at Cobo, it can still be confirmed until its replacement is.
    ///
    /// Balances come from completed [deposits](Self::deposit) and transfers. A transfer to an address of the organization
    /// changes both balances, but no deposit is listed for it. Fees are not counted, and a transfer is not refused if the
    /// balance is too small: the balance is negative then. The fee that `estimate_fee` returns is an example, in the coin of the chain that the request names.
    ///
    /// All other operations are answered with values made from the document, see [`SandboxBuilder::specification`]. In
    /// both cases the request selects the variant of a union: with `wallet_type: MPC` it is an MPC Wallet.
    #[cfg(feature = "waas2")]
    pub fn waas2() -> SandboxBuilder {
        SandboxBuilder::default().waas2()
    }

    /// Creates the settings of a sandbox, to change them before the start.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }

    pub(crate) fn run(
        listener: TcpListener,
        address: SocketAddr,
        state: Arc<State>,
        orders: Orders,
        demo: bool,
    ) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let server = server::serve(listener, state.clone(), async {
            // An error means that the handle was dropped, which stops the server too.
            let _ = stopped.await;
        });
        Self {
            _courier: Courier::start(state.clone(), orders),
            state,
            address,
            base_url: format!("http://{address}/v2"),
            demo,
            stop,
            server: tokio::spawn(server),
        }
    }

    /// Stops the sandbox: accepts no new connections, and waits at most five seconds for requests in flight.
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

    /// Returns the address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the base URL for clients: with `/v2`, without a final slash.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Returns the app's client id.
    pub fn client_id(&self) -> &str {
        &self.state.client_id
    }

    /// Returns the private key of the demo app, in hex; `None` if other keys were registered.
    pub fn app_secret(&self) -> Option<&'static str> {
        self.demo.then_some(DEMO_APP_SECRET)
    }

    /// Returns the public key, in hex, that verifies the sandbox's responses.
    pub fn response_public_key(&self) -> String {
        self.state.response_key.public_hex()
    }
}

/// The app's keys and installations.
impl Sandbox {
    /// Returns the registered app keys, in hex.
    pub fn app_keys(&self) -> Vec<String> {
        let keys = lock(&self.state.keys);
        keys.app_keys().map(AppKey::to_string).collect()
    }

    /// Registers another app key.
    pub fn add_app_key(&self, key: AppKey) {
        Arc::make_mut(&mut lock(&self.state.keys)).insert_app(key);
    }

    /// Registers another API key that belongs to an organization, see [`SandboxBuilder::org_key`].
    pub fn add_org_key(&self, key: AppKey, org_id: &str) {
        lock(&self.state.organizations).add_with_key(org_id, self.state.clock.now_ms());
        Arc::make_mut(&mut lock(&self.state.keys)).insert_organization(key, org_id);
    }

    /// Removes a key of an app or of an organization, and returns whether it was registered. Later requests signed with
    /// it are refused.
    pub fn remove_app_key(&self, key: &AppKey) -> bool {
        Arc::make_mut(&mut lock(&self.state.keys)).remove(key)
    }

    /// Returns the ids of the organizations that have the app installed, in the order of
    /// installation.
    pub fn org_ids(&self) -> Vec<String> {
        lock(&self.state.organizations).ids()
    }

    /// Installs the app for an organization; returns false if it is already installed.
    pub fn install(&self, org_id: &str) -> bool {
        lock(&self.state.organizations).install(org_id, self.state.clock.now_ms())
    }

    /// Removes the app from an organization and ends its tokens; returns false if the app was not installed.
    pub fn remove(&self, org_id: &str) -> bool {
        lock(&self.state.organizations).remove(org_id)
    }
}

/// Time, and the lifetimes of tokens.
impl Sandbox {
    /// Moves the sandbox's time forward.
    pub fn advance(&self, by: Duration) {
        self.state.clock.advance(by);
        self.state.publish();
    }

    /// Returns the sandbox's time, in milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        self.state.clock.now_ms()
    }

    /// Returns the sandbox's clock. A clone shares its time.
    pub fn clock(&self) -> Clock {
        self.state.clock.clone()
    }

    /// Sets the lifetime of organizations' access tokens that are issued after this call.
    pub fn set_access_ttl(&self, ttl: Duration) {
        lock(&self.state.organizations).lifetimes.access = ttl;
    }

    /// Sets the lifetime of organizations' refresh tokens that are issued after this call.
    pub fn set_refresh_ttl(&self, ttl: Duration) {
        lock(&self.state.organizations).lifetimes.refresh = ttl;
    }

    /// Ends all access tokens of an organization. Its refresh tokens stay valid.
    pub fn expire_access_tokens(&self, org_id: &str) {
        lock(&self.state.organizations).expire_access(org_id);
    }

    /// Ends all refresh tokens of an organization. Its access tokens stay valid.
    pub fn expire_refresh_tokens(&self, org_id: &str) {
        lock(&self.state.organizations).expire_refresh(org_id);
    }
}

/// The requests that were received.
impl Sandbox {
    /// Returns how many times a used refresh token was presented again. A client that does this
    /// could not know that the token was used, or lost the pair that replaced it. A used token that
    /// has expired may not be counted.
    pub fn replayed_refresh_tokens(&self) -> u64 {
        lock(&self.state.organizations).replays()
    }

    /// Returns the most recent requests, oldest first. A request is recorded before its answer is
    /// sent.
    pub fn received(&self) -> Vec<ReceivedRequest> {
        lock(&self.state.received).to_vec()
    }

    /// Removes all recorded requests. Their nonces still count as used.
    pub fn clear_received(&self) {
        lock(&self.state.received).clear();
    }

    /// [Checks](check) a request against the registered keys, as the server does, but does not mark its nonce as used.
    ///
    /// # Errors
    ///
    /// The first [`Refusal`] that applies.
    pub fn check(&self, request: &RequestParts<'_>) -> Result<SignedBy, Refusal> {
        let keys = lock(&self.state.keys).clone();
        check(request, keys.all())
    }
}

/// Scripted answers, and operations of the document.
impl Sandbox {
    /// Returns the ids of all operations: the sandbox's own, and those of its document.
    pub fn operation_ids(&self) -> impl Iterator<Item = &str> {
        self.state.operation_ids()
    }

    /// Answers the next calls of an operation with these answers, one for each call.
    ///
    /// This works for every operation: the sandbox's own (`get_token`, `get_org_info` …) and those of its document.
    /// Signature, nonce, access token and, for an operation of a document, the request are checked first; a refused
    /// request does not use up an answer.
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
    /// When there is no operation with this id: the error names similar ones. When an answer has a header that cannot
    /// be sent. In both cases nothing is scripted.
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

    /// Answers a list operation with these pages from now on, and drops its earlier pages. Without pages, the list is
    /// empty.
    ///
    /// # Errors
    ///
    /// When there is no operation with this id: the error names similar ones. When the operation does not answer with a
    /// list and `pagination`, or an answer of a page has a header that cannot be sent. In all cases nothing is
    /// scripted.
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

    /// Removes all scripted answers and pages that are not sent yet, and all ends that no object has yet.
    pub fn clear_scripts(&self) {
        lock(&self.state.scripts).clear();
        if let Some((objects, _)) = self.state.objects() {
            objects.clear_scripts();
        }
    }

    /// Returns the most recent requests that violated the document, oldest first; at most 1,000 are
    /// kept.
    pub fn violations(&self) -> Vec<Violation> {
        let documents = self.state.documents.as_ref();
        documents.map_or_else(Vec::new, |documents| lock(&documents.violations).to_vec())
    }

    /// Returns how many requests have violated the document since the start.
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
