use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::client::Client;
use crate::client::clock::{Clock, SystemClock};
use crate::client::environment::{Environment, is_plain_http_to_others};
use crate::client::transport::options::HttpOptions;
use crate::error::Error;
use crate::user_info::cache::{KeyCache, MIN_INTERVAL};
use crate::user_info::jwks;
use crate::user_info::verifier::UserInfoVerifier;

const LEEWAY: Duration = Duration::from_secs(30);
const MAX_KEY_AGE: Duration = Duration::from_secs(60 * 60);

/// Configures and builds a [`UserInfoVerifier`].
///
/// ```
/// use cobo_auth::{Environment, ResponseKeys, UserInfoVerifier};
///
/// let gateway = Environment::custom("https://cobo.example.com/v2", ResponseKeys::unverified())?;
/// let verifier = UserInfoVerifier::builder_without_client(&gateway, "the-client-id")
///     .issuer("https://portal.example.com/");
/// # Ok::<(), cobo_auth::Error>(())
/// ```
pub struct UserInfoVerifierBuilder {
    environment: Environment,
    http: Http,
    clock: Arc<dyn Clock>,
    issuer: Option<String>,
    audience: String,
    leeway: Duration,
    max_key_age: Duration,
}

enum Http {
    /// The HTTP client of a [`Client`].
    Shared(reqwest::Client),
    Own(Box<HttpOptions>),
}

impl UserInfoVerifier {
    /// Creates a verifier of tokens for an app. It fetches the keys with the client's TLS, proxy
    /// and timeouts.
    ///
    /// # Errors
    ///
    /// The client's environment is a custom one (use [`builder`](Self::builder) and set the
    /// issuer), or the client id is empty.
    pub fn new(client: &Client, client_id: impl Into<String>) -> Result<Self, Error> {
        Self::builder(client, client_id).build()
    }

    /// Starts a verifier with other settings than the defaults. Plain `http` works for loopback
    /// only, even if the client allows it.
    pub fn builder(client: &Client, client_id: impl Into<String>) -> UserInfoVerifierBuilder {
        let shared = client.shared();
        UserInfoVerifierBuilder {
            http: Http::Shared(shared.http.clone()),
            clock: Arc::clone(&shared.clock),
            ..Self::builder_without_client(client.environment(), client_id)
        }
    }

    /// Starts a verifier for a server that has no API key and so no [`Client`]. Plain
    /// `http` works for loopback only.
    pub fn builder_without_client(
        environment: &Environment,
        client_id: impl Into<String>,
    ) -> UserInfoVerifierBuilder {
        UserInfoVerifierBuilder {
            environment: environment.clone(),
            http: Http::Own(Box::default()),
            clock: Arc::new(SystemClock),
            issuer: environment.issuer().map(str::to_owned),
            audience: client_id.into(),
            leeway: LEEWAY,
            max_key_age: MAX_KEY_AGE,
        }
    }
}

impl UserInfoVerifierBuilder {
    /// Sets the issuer (`iss`) that tokens must have, with a slash at the end if the tokens have
    /// one. Default: the portal of the environment. A custom environment needs it.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Sets the audience (`aud`) that tokens must have. Default: the app's client id.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = audience.into();
        self
    }

    /// Sets by how much the clocks of the portal and of this machine may differ. Default: 30
    /// seconds. A token lives for 5 minutes.
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Sets the age at which keys are refused if they could not be fetched again. Default: 1 hour;
    /// at least 10 seconds, the shortest time between two fetches.
    ///
    /// Keys are fetched again at the age of 5 minutes, or at the age that is set here if that is less.
    /// While the fetch fails, they stay in use, even a key that the portal has withdrawn in the
    /// meantime. Keys that have reached the age set here are not used: tokens are then refused with
    /// [`KeysTooOld`](crate::UserInfoErrorKind::KeysTooOld), until a fetch succeeds. Keys age while the
    /// machine is suspended, too.
    #[must_use]
    pub fn max_key_age(mut self, age: Duration) -> Self {
        self.max_key_age = age;
        self
    }

    /// Sets the options of the HTTP connections. Default: those of the client, or
    /// [`HttpOptions::new`].
    #[must_use]
    pub fn http(mut self, options: HttpOptions) -> Self {
        self.http = Http::Own(Box::new(options));
        self
    }

    /// Replaces the clock. Default: the clock of the client, or the machine's.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Builds the verifier. Sends no request: the keys are fetched for the first token.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration): the environment is a custom one
    /// and no issuer was set; the issuer or the audience is empty; the age of
    /// [`max_key_age`](Self::max_key_age) is less than 10 seconds; the base URL is plain `http` to
    /// another machine, even if the client allows that; without a client, or with its own HTTP
    /// options, also the errors of [`ClientBuilder::build`](crate::ClientBuilder::build).
    pub fn build(self) -> Result<UserInfoVerifier, Error> {
        let Some(issuer) = self.issuer.filter(|issuer| !issuer.is_empty()) else {
            return Err(Error::configuration(
                "the issuer of user info tokens is not known for a custom environment; set it with \
                 `UserInfoVerifierBuilder::issuer`"
                    .to_owned(),
            ));
        };
        if self.audience.is_empty() {
            return Err(Error::configuration(
                "the audience of user info tokens is empty; give the verifier the client id of the \
                 app"
                .to_owned(),
            ));
        }
        if self.max_key_age < MIN_INTERVAL {
            return Err(Error::configuration(format!(
                "the keys of user info tokens cannot be fetched as often as \
                 `UserInfoVerifierBuilder::max_key_age` requires; set at least {MIN_INTERVAL:?}"
            )));
        }
        let base = self.environment.url()?;
        // Only TLS proves that the keys are the portal's.
        if is_plain_http_to_others(&base) {
            return Err(Error::configuration(
                "the base URL is plain http to another machine, so anyone on the network path could \
                 replace the portal's keys and forge users; use https"
                    .to_owned(),
            ));
        }
        let http = match self.http {
            Http::Shared(http) => http,
            Http::Own(options) => options.client(&base)?,
        };
        Ok(UserInfoVerifier {
            keys: KeyCache::new(
                http,
                jwks::url(&base)?,
                self.max_key_age,
                Arc::clone(&self.clock),
            ),
            clock: self.clock,
            issuer: issuer.into(),
            audience: self.audience.into(),
            leeway: self.leeway,
        })
    }
}

impl fmt::Debug for UserInfoVerifierBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserInfoVerifierBuilder")
            .field("environment", &self.environment)
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}
