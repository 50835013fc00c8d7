use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

use crate::client::clock::{Clock, SystemClock};
use crate::client::cobo_time::CoboTime;
use crate::client::environment::{Environment, is_plain_http_to_others};
use crate::client::retry::{Budget, RetryPolicy};
use crate::client::transport::options::HttpOptions;
use crate::client::{Client, Shared};
use crate::error::Error;
use crate::keys::signer::Signer;
use crate::sign::nonce::{NonceStrategy, Nonces};

const MAX_RESPONSE_BYTES: usize = 32 * 1024 * 1024;

/// Configures and builds a [`Client`].
///
/// ```
/// use std::time::Duration;
/// use cobo_auth::{Client, Ed25519Signer, Environment, HttpOptions};
///
/// let signer = Ed25519Signer::from_seed(&[7; 32]);
/// let client = Client::builder(Environment::development(), signer)
///     .http(HttpOptions::new().timeout(Duration::from_secs(5)))
///     .build()?;
/// # Ok::<(), cobo_auth::Error>(())
/// ```
pub struct ClientBuilder {
    environment: Environment,
    signer: Arc<dyn Signer>,
    clock: Arc<dyn Clock>,
    http: HttpOptions,
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
            http: HttpOptions::new(),
            max_response_bytes: MAX_RESPONSE_BYTES,
            max_response_age: None,
            retry: RetryPolicy::standard(),
            nonces: NonceStrategy::default(),
            allow_plain_http: false,
        }
    }

    /// Sets the options of the HTTP connections: timeouts, proxy, certificates, addresses.
    ///
    /// No option changes what protects a call: redirects are not followed, the HTTP client repeats
    /// no request, a response is not decompressed before it is verified, and neither requests nor
    /// responses are logged.
    #[must_use]
    pub fn http(mut self, options: HttpOptions) -> Self {
        self.http = options;
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
    /// A `UserInfoVerifier` refuses such a base URL nevertheless.
    #[must_use]
    pub fn danger_allow_plain_http(mut self) -> Self {
        self.allow_plain_http = true;
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration): the base URL is plain `http`
    /// to another machine; it is `https` in a build without TLS; an option of
    /// [`HttpOptions`](crate::HttpOptions) is invalid; this machine has no root certificates. For
    /// plain `http` to loopback the root certificates are not loaded.
    pub fn build(self) -> Result<Client, Error> {
        let base = self.environment.url()?;
        if !self.allow_plain_http && is_plain_http_to_others(&base) {
            return Err(Error::configuration(
                "the base URL is plain http to another machine; use https, or call \
                 `ClientBuilder::danger_allow_plain_http`"
                    .to_owned(),
            ));
        }
        let public_key = self.signer.public_key();
        let api_key = HeaderValue::try_from(public_key.to_string())
            .map_err(|_| Error::configuration("invalid public key".to_owned()))?;
        let shared = Shared {
            http: self.http.client(&base)?,
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

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("environment", &self.environment)
            .field("public_key", self.signer.public_key())
            .finish_non_exhaustive()
    }
}
