use std::fmt;
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use zeroize::Zeroizing;

use crate::call::NOT_THE_CALLERS;
use crate::client::{Client, Shared};
use crate::clock::{Clock, SystemClock};
use crate::cobo_time::CoboTime;
use crate::environment::{Environment, is_loopback};
use crate::error::Error;
use crate::nonce::{NonceStrategy, Nonces};
use crate::retry::{Budget, RetryPolicy};
use crate::signer::Signer;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const TIMEOUT: Duration = Duration::from_secs(30);
const MAX_RESPONSE_BYTES: usize = 32 * 1024 * 1024;

type Configure = Box<dyn FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send>;

/// Sets up a [`Client`].
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

    /// Sets up the HTTP client: a proxy, root certificates, timeouts.
    ///
    /// Applied after the defaults (10 s to connect, 30 s in all, no proxy to loopback) and before
    /// what is enforced: no redirects, no retries below the signature, no decompression below its
    /// verification, no printing of what is sent. Default headers that are set here are sent with
    /// every call, unsigned; `Authorization` and those that frame a request are refused.
    ///
    /// Plain `http` to loopback needs no certificates, so the machine's are not loaded for it; root
    /// certificates that are added here are trusted all the same.
    #[must_use]
    pub fn http(
        mut self,
        configure: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + 'static,
    ) -> Self {
        self.configure = Some(Box::new(configure));
        self
    }

    /// The largest response body that is read, in bytes; 32 MiB unless set.
    #[must_use]
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.max_response_bytes = bytes;
        self
    }

    /// How old the timestamp of a signed response may be, by this machine's clock, and how far in
    /// its future. Not checked unless set: it makes a wrong clock fail every call.
    #[must_use]
    pub fn max_response_age(mut self, age: Duration) -> Self {
        self.max_response_age = Some(age);
        self
    }

    /// How calls are attempted again; [`RetryPolicy::standard`] unless set.
    #[must_use]
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// How nonces are made; [`NonceStrategy::Random`] unless set. Clients of one key and base URL
    /// share what the process knows about the nonces that the server accepts.
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

    /// A clock to use instead of the machine's. [`NonceStrategy::Milliseconds`] takes its time.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Allows plain `http` to other machines. Everyone on the way can read the tokens then.
    #[must_use]
    pub fn danger_allow_plain_http(mut self) -> Self {
        self.allow_plain_http = true;
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    ///
    /// Plain `http` to another machine, or an HTTP client that cannot be set up (no root
    /// certificates on this machine, a proxy that is no URL).
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
            // Whatever the machine's tables say, this name stays on the machine.
            let own = [([127, 0, 0, 1], 0).into(), (Ipv6Addr::LOCALHOST, 0).into()];
            defaults.no_proxy().resolve_to_addrs("localhost", &own)
        } else {
            defaults
        };
        let defaults = if loopback && base.scheme() == "http" {
            // No certificate is needed, and none may be installed: loading the machine's would fail.
            defaults.tls_certs_only([])
        } else {
            defaults
        };
        let configured = match self.configure {
            Some(configure) => configure(defaults),
            None => defaults,
        };
        let public_key = self.signer.public_key();
        let api_key = HeaderValue::try_from(public_key.to_string())
            .map_err(|_| Error::configuration("the public key is no header value".to_owned()))?;
        let shared = Shared {
            http: checked(enforce(configured).build().map_err(setup)?)?,
            factory: factory().map_err(setup)?,
            base,
            api_key,
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

/// What no caller may change: each of these would break what a signature is for.
fn enforce(http: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    http
        // The signed headers would travel to another host.
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        // The same nonce and signature would be sent twice.
        .retry(reqwest::retry::never())
        // A dependency can switch these features on; the bytes would change below the verifier.
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        // It writes everything that is sent and received into the log.
        .connection_verbose(false)
}

/// Default headers are sent with every call, after the signature: some of them would make it another
/// request. reqwest shows them in `Debug` and nowhere else; a test holds it to that.
fn checked(http: reqwest::Client) -> Result<reqwest::Client, Error> {
    let shown = Zeroizing::new(format!("{http:?}"));
    let forbidden = NOT_THE_CALLERS
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

/// A client that can send nothing: it trusts no certificate and speaks no plain HTTP. Progenitor's
/// traits ask generated clients for one, and show it to everyone.
fn factory() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .tls_certs_only([])
        .https_only(true)
        .no_proxy()
        .build()
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
