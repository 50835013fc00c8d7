use std::fmt;
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::client::clock::{Clock, SystemClock};
use crate::client::cobo_time::CoboTime;
use crate::client::environment::{Environment, is_loopback};
use crate::client::retry::{Budget, RetryPolicy};
use crate::client::{Client, RESERVED_HEADERS, Shared};
use crate::error::Error;
use crate::keys::signer::Signer;
use crate::sign::nonce::{NonceStrategy, Nonces};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const TIMEOUT: Duration = Duration::from_secs(30);
const MAX_RESPONSE_BYTES: usize = 32 * 1024 * 1024;

type Configure = Box<dyn FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send>;

/// Configures and builds a [`Client`].
///
/// ```
/// use std::time::Duration;
/// use cobo_auth::{Client, Ed25519Signer, Environment};
///
/// let signer = Ed25519Signer::from_seed(&[7; 32]);
/// let client = Client::builder(Environment::development(), signer)
///     .http(|http| http.timeout(Duration::from_secs(5)))
///     .build()?;
/// # Ok::<(), cobo_auth::Error>(())
/// ```
pub struct ClientBuilder {
    environment: Environment,
    signer: Arc<dyn Signer>,
    clock: Arc<dyn Clock>,
    configure: Option<Configure>,
    max_response_bytes: usize,
    max_response_age: Option<Duration>,
    retry: RetryPolicy,
    nonces: NonceStrategy,
    allow_plain_http: bool,
}

impl ClientBuilder {
    pub(crate) fn new(environment: Environment, signer: Arc<dyn Signer>) -> Self {
        Self {
            environment,
            signer,
            clock: Arc::new(SystemClock),
            configure: None,
            max_response_bytes: MAX_RESPONSE_BYTES,
            max_response_age: None,
            retry: RetryPolicy::standard(),
            nonces: NonceStrategy::default(),
            allow_plain_http: false,
        }
    }

    /// Configures the HTTP client: a proxy, root certificates, timeouts.
    ///
    /// `configure` runs after the defaults (connect timeout 10 s, total timeout 30 s, no proxy for
    /// loopback) and before the settings that are enforced: no redirects, no retries by the HTTP
    /// client, no decompression before verification, no logging of requests and responses. Default
    /// headers that are set here are sent with every call, unsigned; `Authorization` and headers
    /// that frame a request are refused.
    ///
    /// For plain `http` to loopback, the machine's root certificates are not loaded, because none
    /// are needed. Root certificates that are added here are still trusted.
    #[must_use]
    pub fn http(
        mut self,
        configure: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + 'static,
    ) -> Self {
        self.configure = Some(Box::new(configure));
        self
    }

    /// Sets the largest response body that is read, in bytes. Default: 32 MiB.
    #[must_use]
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.max_response_bytes = bytes;
        self
    }

    /// Sets how far the timestamp of a signed response may be from this machine's clock, in the
    /// past or in the future. Not checked by default: with a wrong clock every call would fail.
    #[must_use]
    pub fn max_response_age(mut self, age: Duration) -> Self {
        self.max_response_age = Some(age);
        self
    }

    /// Sets the retry policy. Default: [`RetryPolicy::standard`].
    #[must_use]
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Sets how nonces are made. Default: [`NonceStrategy::Random`]. All clients of the process
    /// with the same key and base URL share what they learn about the nonces that the server
    /// accepts.
    ///
    /// ```
    /// use cobo_auth::{Client, Ed25519Signer, Environment, NonceStrategy};
    ///
    /// // For a server that refuses every other kind, where a process begins with a write.
    /// let signer = Ed25519Signer::from_seed(&[7; 32]);
    /// let client = Client::builder(Environment::development(), signer)
    ///     .nonces(NonceStrategy::Milliseconds)
    ///     .build()?;
    /// # Ok::<(), cobo_auth::Error>(())
    /// ```
    #[must_use]
    pub fn nonces(mut self, strategy: NonceStrategy) -> Self {
        self.nonces = strategy;
        self
    }

    /// Replaces the machine's clock. [`NonceStrategy::Milliseconds`] uses this clock.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Allows plain `http` to other machines. Anyone on the network path can then read the tokens.
    #[must_use]
    pub fn danger_allow_plain_http(mut self) -> Self {
        self.allow_plain_http = true;
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    ///
    /// The base URL is plain `http` to another machine, or the HTTP client cannot be set up (no
    /// root certificates on this machine, an invalid proxy URL).
    pub fn build(self) -> Result<Client, Error> {
        let base = self.environment.url()?;
        let loopback = is_loopback(&base);
        if base.scheme() == "http" && !loopback && !self.allow_plain_http {
            return Err(Error::configuration(
                "the base URL is plain http to another machine; use https, or say \
                 `danger_allow_plain_http`"
                    .to_owned(),
            ));
        }
        let defaults = reqwest::Client::builder()
            .user_agent(concat!("cobo-rust/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT);
        let defaults = if loopback {
            // Resolve `localhost` to this machine, whatever the hosts file or DNS says.
            let own = [([127, 0, 0, 1], 0).into(), (Ipv6Addr::LOCALHOST, 0).into()];
            defaults.no_proxy().resolve_to_addrs("localhost", &own)
        } else {
            defaults
        };
        let defaults = if loopback && base.scheme() == "http" {
            // Plain `http` needs no certificates. Loading the machine's fails if none are
            // installed.
            defaults.tls_certs_only([])
        } else {
            defaults
        };
        let configured = match self.configure {
            Some(configure) => configure(defaults),
            None => defaults,
        };
        let public_key = self.signer.public_key();
        let shared = Shared {
            http: checked(enforce(configured).build().map_err(setup)?)?,
            base,
            api_key: public_key.to_string(),
            cobo_time: CoboTime::of(self.environment.response_keys()),
            nonces: Nonces::of(public_key, self.environment.base_url(), self.nonces),
            environment: self.environment,
            signer: self.signer,
            clock: self.clock,
            max_response_bytes: self.max_response_bytes,
            max_response_age: self.max_response_age,
            budget: Budget::full(),
        };
        Ok(Client::from_shared(shared, self.retry))
    }
}

/// Settings that callers cannot change. If one of them were missing, the signature would not
/// protect the call.
fn enforce(http: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    http
        // A redirect would send the signed headers to another host.
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        // A retry inside reqwest would send the same nonce and signature twice.
        .retry(reqwest::retry::never())
        // A dependency can enable these features. The verifier must see the bytes as they were
        // sent.
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        // Verbose mode logs everything that is sent and received.
        .connection_verbose(false)
}

/// Refuses default headers that would change a request after it was signed. reqwest shows default
/// headers only in `Debug`; a test checks that it still does.
fn checked(http: reqwest::Client) -> Result<reqwest::Client, Error> {
    let shown = Zeroizing::new(format!("{http:?}"));
    let forbidden = RESERVED_HEADERS
        .iter()
        .find(|name| shown.contains(&format!("\"{name}\": ")));
    match forbidden {
        None => Ok(http),
        Some(name) => Err(Error::configuration(format!(
            "the HTTP client has `{name}` as a default header, which would be sent unsigned with \
             every call; leave it out (a bearer token comes from a `Credential`)"
        ))),
    }
}

fn setup(error: reqwest::Error) -> Error {
    Error::configuration("the HTTP client cannot be set up".to_owned()).caused_by(error)
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("environment", &self.environment)
            .field("public_key", self.signer.public_key())
            .finish_non_exhaustive()
    }
}
