//! The handle of a running sandbox.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::courier::Courier;
use crate::demo::DEMO_APP_SECRET;
use crate::lock::lock;
use crate::outbound::Orders;
use crate::server;
use crate::signature::{AppKey, Refusal, RequestParts, SignedBy, check};
use crate::state::{ReceivedRequest, State};

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
    pub(super) state: Arc<State>,
    address: SocketAddr,
    base_url: String,
    demo: bool,
    // Dropping it tells the server to stop.
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
    _courier: Courier,
}

impl Sandbox {
    /// Starts the server and the courier.
    pub(super) fn run(
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

    /// Registers another API key that belongs to an organization, see [`SandboxBuilder::org_key`](crate::SandboxBuilder::org_key).
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

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("base_url", &self.base_url)
            .field("client_id", &self.client_id())
            .field("org_ids", &self.org_ids())
            .finish_non_exhaustive()
    }
}
