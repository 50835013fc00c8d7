pub(crate) mod access_token;
pub(crate) mod builder;
pub(crate) mod clock;
pub(crate) mod cobo_time;
pub(crate) mod credential;
pub(crate) mod environment;
pub(crate) mod retry;
pub(crate) mod transport;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue, header};
use url::Url;

use crate::client::builder::ClientBuilder;
use crate::client::clock::Clock;
use crate::client::cobo_time::CoboTime;
use crate::client::credential::Credential;
use crate::client::environment::Environment;
use crate::client::retry::{Budget, RetryPolicy};
use crate::error::Error;
use crate::keys::signer::Signer;
use crate::sign::nonce::Nonces;

/// Headers that callers cannot set: they would make the sent request differ from the signed one, or
/// they carry the bearer token, which only a credential may set.
pub(crate) const RESERVED_HEADERS: [HeaderName; 12] = [
    header::AUTHORIZATION,
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::COOKIE,
    header::EXPECT,
    header::HOST,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Signs requests, sends them, and verifies the responses.
///
/// All calls go through a client: those of generated operations, and [`request`](Self::request) for
/// endpoints that no document describes. The HTTP client inside is private, so a client cannot send
/// an unsigned request. A clone shares connections and costs a few reference counts; `Client` is
/// `Send` and `Sync`.
///
/// ```no_run
/// use cobo_auth::http::Method;
/// use cobo_auth::{Client, Ed25519Signer, Environment};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let signer = Ed25519Signer::from_hex(&std::env::var("COBO_APP_SECRET")?)?;
/// let client = Client::new(Environment::development(), signer)?;
///
/// let response = client
///     .request(Method::GET, "/wallets")
///     .query("limit", 10)
///     .send()
///     .await?;
/// let wallets: serde_json::Value = response.json()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    credential: Option<Arc<dyn Credential>>,
    retry: RetryPolicy,
}

/// The state that all clones of a client share.
pub(crate) struct Shared {
    pub(crate) http: reqwest::Client,
    pub(crate) environment: Environment,
    pub(crate) base: Url,
    pub(crate) signer: Arc<dyn Signer>,
    pub(crate) api_key: HeaderValue,
    pub(crate) nonces: Nonces,
    pub(crate) clock: Arc<dyn Clock>,
    /// Shared by all clients whose responses are signed by the same keys.
    pub(crate) cobo_time: CoboTime,
    pub(crate) max_response_bytes: usize,
    pub(crate) max_response_age: Option<Duration>,
    /// Shared by all clones, even if their retry policies differ.
    pub(crate) budget: Budget,
}

impl Client {
    /// Creates a client with the default limits.
    ///
    /// # Errors
    ///
    /// The errors of [`ClientBuilder::build`].
    pub fn new(environment: Environment, signer: impl Signer + 'static) -> Result<Self, Error> {
        Self::builder(environment, signer).build()
    }

    /// Starts a client with other settings than the defaults.
    pub fn builder(environment: Environment, signer: impl Signer + 'static) -> ClientBuilder {
        ClientBuilder::new(environment, Arc::new(signer))
    }

    pub(crate) fn from_shared(shared: Shared, retry: RetryPolicy) -> Self {
        Self {
            shared: Arc::new(shared),
            credential: None,
            retry,
        }
    }

    /// Returns this client with a credential. Every call then sends the credential's access token:
    /// calls of generated operations and of [`request`](Self::request), whether or not the document
    /// names an OAuth requirement. Only calls below `/oauth/` and operations that the document
    /// marks with `x-cobo-credential: none` are sent without it. A single call can
    /// [override this](crate::Request::without_credential).
    #[must_use]
    pub fn with_credential(&self, credential: impl Credential + 'static) -> Self {
        Self {
            credential: Some(Arc::new(credential)),
            ..self.clone()
        }
    }

    /// Returns this client without a credential.
    #[must_use]
    pub fn without_credential(&self) -> Self {
        Self {
            credential: None,
            ..self.clone()
        }
    }

    /// Returns this client with another retry policy, for one call or for many. The retry budget
    /// stays shared.
    #[must_use]
    pub fn with_retry(&self, retry: RetryPolicy) -> Self {
        Self {
            retry,
            ..self.clone()
        }
    }

    /// Returns the base URL, which every path is appended to, without a slash at the end.
    pub fn base_url(&self) -> &str {
        self.shared.environment.base_url()
    }

    /// Returns the environment that this client talks to.
    pub fn environment(&self) -> &Environment {
        &self.shared.environment
    }

    /// Returns Cobo's time in Unix milliseconds: the largest timestamp of a verified response in
    /// this process, plus the time since by the monotonic clock. `None` until a response was
    /// verified, and always where the environment has no response keys.
    ///
    /// All clients whose environments have the same response keys share this time.
    pub fn cobo_time_millis(&self) -> Option<u64> {
        self.shared.cobo_time.at(self.shared.clock.monotonic())
    }

    /// The base URL.
    pub(crate) fn base(&self) -> &Url {
        &self.shared.base
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn retry_policy(&self) -> &RetryPolicy {
        &self.retry
    }

    pub(crate) fn credential(&self) -> Option<Arc<dyn Credential>> {
        self.credential.clone()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.base_url())
            .field("public_key", self.shared.signer.public_key())
            .field("credential", &self.credential)
            .finish_non_exhaustive()
    }
}
