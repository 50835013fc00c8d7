//! The settings of a sandbox.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;

use super::handle::Sandbox;
use super::start_error::StartError;
use crate::clock::Clock;
use crate::demo::{DEMO_APP_KEY, DEMO_CLIENT_ID, DEMO_ORG_ID};
use crate::organization::{Lifetimes, Organizations};
use crate::outbound::{Orders, Outbound};
use crate::signature::{AcceptedNonces, AppKey, Nonces, PortalKeys, Registered, ResponseKey};
use crate::spec::Specification;
use crate::state::{Documents, ErrorIds, ReceivedLog, State};
use crate::waas2::Objects;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The settings of a sandbox, used to start it. Every setting has a default.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), cobo_sandbox::StartError> {
/// use std::time::Duration;
/// use cobo_sandbox::{Clock, Sandbox};
///
/// let sandbox = Sandbox::builder()
///     .client_id("my-app")
///     .org_id("first")
///     .org_id("second")
///     .access_ttl(Duration::from_secs(60))
///     .clock(Clock::fixed(1_700_000_000_000))
///     .start()
///     .await?;
/// assert_eq!(sandbox.org_ids(), ["first", "second"]);
/// # Ok(())
/// # }
/// ```
#[must_use = "a sandbox runs only when it is started"]
pub struct SandboxBuilder {
    listen: SocketAddr,
    allow_remote: bool,
    app_keys: Vec<AppKey>,
    org_keys: Vec<(AppKey, String)>,
    client_id: String,
    org_ids: Vec<String>,
    lifetimes: Lifetimes,
    permission_lifetimes: Lifetimes,
    clock: Clock,
    response_key: Option<ResponseKey>,
    received_limit: usize,
    accepted_nonces: AcceptedNonces,
    allow_nonce_reuse: bool,
    specification: Option<Specification>,
    specification_only: bool,
    keeps_objects: bool,
    answer_limit: Duration,
}

impl Default for SandboxBuilder {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            allow_remote: false,
            app_keys: Vec::new(),
            org_keys: Vec::new(),
            client_id: DEMO_CLIENT_ID.to_owned(),
            org_ids: Vec::new(),
            lifetimes: Lifetimes {
                access: Duration::from_secs(43_199),
                refresh: DAY * 30,
            },
            permission_lifetimes: Lifetimes {
                access: Duration::from_secs(3_600),
                refresh: DAY * 7,
            },
            clock: Clock::system(),
            response_key: None,
            received_limit: 10_000,
            accepted_nonces: AcceptedNonces::Any,
            allow_nonce_reuse: false,
            specification: None,
            specification_only: false,
            keeps_objects: false,
            answer_limit: Duration::from_secs(2),
        }
    }
}

impl SandboxBuilder {
    /// Sets the address to listen on; by default `127.0.0.1` and a free port.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Allows an address that other machines can reach, and URLs of other machines. The demo key is public.
    pub fn allow_remote(mut self, allow: bool) -> Self {
        self.allow_remote = allow;
        self
    }

    /// Registers an app's key; each call adds one. Without a call, [`DEMO_APP_KEY`] is registered, unless it is
    /// registered as an organization's own key.
    pub fn app_key(mut self, key: AppKey) -> Self {
        self.app_keys.push(key);
        self
    }

    /// Registers an organization's own API key; each call adds one.
    ///
    /// A request signed with it acts for this organization, without an access token and whether or not the app is
    /// installed. The key cannot call the OAuth operations. A request that sends an access token with it is refused: by
    /// Cobo's documentation, only apps have tokens.
    ///
    /// An app's key, in contrast, needs an access token for every operation except the OAuth ones.
    pub fn org_key(mut self, key: AppKey, org_id: impl Into<String>) -> Self {
        self.org_keys.push((key, org_id.into()));
        self
    }

    /// Sets the app's client id; by default [`DEMO_CLIENT_ID`].
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = client_id.into();
        self
    }

    /// Installs the app for an organization; each call adds one. Without a call, it is installed for [`DEMO_ORG_ID`].
    pub fn org_id(mut self, org_id: impl Into<String>) -> Self {
        self.org_ids.push(org_id.into());
        self
    }

    /// Sets the lifetime of an organization's access token; by default 43,199 seconds.
    pub fn access_ttl(mut self, ttl: Duration) -> Self {
        self.lifetimes.access = ttl;
        self
    }

    /// Sets the lifetime of an organization's refresh token; by default 30 days.
    pub fn refresh_ttl(mut self, ttl: Duration) -> Self {
        self.lifetimes.refresh = ttl;
        self
    }

    /// Sets the lifetime of a permission access token; by default 3,600 seconds.
    pub fn permission_access_ttl(mut self, ttl: Duration) -> Self {
        self.permission_lifetimes.access = ttl;
        self
    }

    /// Sets the lifetime of a permission refresh token; by default 7 days.
    pub fn permission_refresh_ttl(mut self, ttl: Duration) -> Self {
        self.permission_lifetimes.refresh = ttl;
        self
    }

    /// Sets the sandbox's clock; by default the system's time.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the seed of the key that signs responses; by default a random one from the operating system.
    pub fn response_seed(mut self, seed: &[u8; 32]) -> Self {
        self.response_key = Some(ResponseKey::from_seed(seed));
        self
    }

    /// Sets how many of the most recent requests are recorded; by default 10,000. With 0, none are.
    pub fn received_limit(mut self, limit: usize) -> Self {
        self.received_limit = limit;
        self
    }

    /// Sets how long a webhook or callback waits for its answer; by default 2 seconds.
    pub fn answer_limit(mut self, limit: Duration) -> Self {
        self.answer_limit = limit;
        self
    }

    /// Sets which kinds of nonces are accepted; by default [any](AcceptedNonces::Any). This does not change whether a
    /// repeated nonce is refused.
    pub fn accept_nonces(mut self, accepted: AcceptedNonces) -> Self {
        self.accepted_nonces = accepted;
        self
    }

    /// Allows the same key to send a nonce more than once. By default a repeated nonce is refused.
    pub fn allow_nonce_reuse(mut self, allow: bool) -> Self {
        self.allow_nonce_reuse = allow;
        self
    }

    /// Answers the operations of an OpenAPI document too, below `/v2`.
    ///
    /// The path, query, headers and body of a request are checked against the document. A request that violates it is
    /// refused with 400, each violation is named, and the sandbox records them for a test ([`Sandbox::violations`]).
    /// Other requests are answered with values made from the document's schemas, with all fields, or with what a test
    /// scripted ([`Sandbox::script`], [`Sandbox::script_pages`]). The sandbox's own operations do not change.
    ///
    /// The document's `security` is ignored: an app's key needs an access token for every operation except those below
    /// `/oauth/` and those that the document marks with `x-cobo-credential: none`.
    pub fn specification(mut self, specification: Specification) -> Self {
        self.specification = Some(specification);
        self.keeps_objects = false;
        self
    }

    /// Answers every operation of Cobo's WaaS 2.0, with state, see [`Sandbox::waas2`].
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use cobo_sandbox::{End, Sandbox};
    ///
    /// let sandbox = Sandbox::waas2().start().await?;
    /// sandbox.script_end("create_transfer_transaction", [End::fails("rejected by the signer")])?;
    /// // Let the app under test make a transfer here, and let the time pass:
    /// sandbox.advance_to_end();
    /// assert!(sandbox.created("create_transfer_transaction").is_empty());
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "waas2")]
    pub fn waas2(mut self) -> Self {
        self.specification = Some(Specification::waas2());
        self.keeps_objects = true;
        self
    }

    /// Answers only from the document, including the operations that the sandbox otherwise has itself. It then issues
    /// no tokens: an app's key must still send an access token, but any token is accepted.
    pub fn specification_only(mut self, only: bool) -> Self {
        self.specification_only = only;
        self
    }

    /// Starts the sandbox in a task of the current Tokio runtime.
    ///
    /// # Errors
    ///
    /// When other machines can reach the address and that was not allowed, when the address cannot be listened on, when
    /// a key is registered for an app and for an organization, or when the operating system provides no random bytes.
    ///
    /// # Panics
    ///
    /// When called outside of a Tokio runtime.
    pub async fn start(mut self) -> Result<Sandbox, StartError> {
        if !self.listen.ip().is_loopback() && !self.allow_remote {
            return Err(StartError::Remote(self.listen));
        }
        let bind_error = |source| StartError::Bind {
            address: self.listen,
            source,
        };
        let listener = TcpListener::bind(self.listen).await.map_err(bind_error)?;
        let address = listener.local_addr().map_err(bind_error)?;
        let is_org_key = |key: &AppKey| self.org_keys.iter().any(|(org_key, _)| org_key == key);
        if self.app_keys.iter().any(is_org_key) {
            return Err(StartError::KeyOfBoth);
        }
        let demo_key = AppKey::from_hex(DEMO_APP_KEY)?;
        let demo = self.app_keys.is_empty() && !is_org_key(&demo_key);
        if demo {
            self.app_keys.push(demo_key);
        }
        let (state, orders) = self.into_state().map_err(|error| StartError::Randomness {
            source: error.into(),
        })?;
        Ok(Sandbox::run(listener, address, state.into(), orders, demo))
    }

    fn into_state(mut self) -> Result<(State, Orders), getrandom::Error> {
        if self.org_ids.is_empty() {
            self.org_ids.push(DEMO_ORG_ID.to_owned());
        }
        let mut organizations = Organizations::new(self.lifetimes, self.permission_lifetimes);
        for org_id in &self.org_ids {
            organizations.install(org_id, self.clock.now_ms());
        }
        let mut keys = Registered::default();
        for key in self.app_keys {
            keys.insert_app(key);
        }
        for (key, org_id) in &self.org_keys {
            organizations.add_with_key(org_id, self.clock.now_ms());
            keys.insert_organization(*key, org_id);
        }
        let response_key = self.response_key.map_or_else(ResponseKey::generate, Ok)?;
        let (outbound, orders) = Outbound::new(self.allow_remote, self.answer_limit);
        let state = State {
            clock: self.clock,
            client_id: self.client_id,
            response_key,
            keys: Mutex::new(Arc::new(keys)),
            accepted_nonces: self.accepted_nonces,
            nonces: (!self.allow_nonce_reuse).then(|| Mutex::new(Nonces::new())),
            organizations: Mutex::new(organizations),
            received: Mutex::new(ReceivedLog::new(self.received_limit)),
            errors: ErrorIds::new()?,
            scripts: Mutex::default(),
            portal: Mutex::new(PortalKeys::generate()?),
            documents: self.specification.map(|specification| Documents {
                specification,
                only: self.specification_only,
                objects: self.keeps_objects.then(Objects::default),
                violations: Mutex::default(),
            }),
            outbound,
        };
        Ok((state, orders))
    }
}

impl fmt::Debug for SandboxBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxBuilder")
            .field("listen", &self.listen)
            .field("client_id", &self.client_id)
            .field("org_ids", &self.org_ids)
            .field("app_keys", &self.app_keys)
            .field("org_keys", &self.org_keys)
            .field("response_key", &self.response_key)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_does_not_show_the_response_seed() {
        let builder = SandboxBuilder::default()
            .client_id("app")
            .org_id("org")
            .response_seed(&[7; 32]);
        assert_eq!(
            format!("{builder:?}"),
            concat!(
                r#"SandboxBuilder { listen: 127.0.0.1:0, client_id: "app", org_ids: ["org"], app_keys: [], org_keys: [], "#,
                "response_key: Some(ResponseKey([redacted], public ",
                "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c)), .. }"
            )
        );
    }
}
