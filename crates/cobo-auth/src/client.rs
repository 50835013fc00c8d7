use std::fmt;
use std::sync::Arc;

use http::{HeaderName, HeaderValue, Method, header};
use reqwest::Request;
use url::Url;

use crate::builder::ClientBuilder;
use crate::clock::Clock;
use crate::credential::{AccessToken, Credential};
use crate::environment::Environment;
use crate::error::Error;
use crate::message::Message;
use crate::nonce::Nonces;
use crate::operation::Operation;
use crate::receive::receive;
use crate::request::RequestBuilder;
use crate::response::{Body, Response};
use crate::signer::Signer;
use crate::target::canonicalize;

const API_KEY: HeaderName = HeaderName::from_static("biz-api-key");
const API_NONCE: HeaderName = HeaderName::from_static("biz-api-nonce");
const API_SIGNATURE: HeaderName = HeaderName::from_static("biz-api-signature");

/// Signs requests, sends them, and verifies what comes back.
///
/// Everything goes through it: the generated operations, and [`request`](Self::request) for
/// endpoints that no document describes. There is no way to the HTTP client inside, and so none to
/// send a request that is not signed. A clone shares connections and costs a few reference counts;
/// `Client` is `Send` and `Sync`.
///
/// ```no_run
/// use cobo_auth::{Client, Ed25519Signer, Environment};
/// use http::Method;
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
}

/// What clones of a client have in common.
pub(crate) struct Shared {
    pub(crate) http: reqwest::Client,
    /// Builds requests for generated code, and cannot send any.
    pub(crate) factory: reqwest::Client,
    pub(crate) environment: Environment,
    pub(crate) base: Url,
    pub(crate) signer: Arc<dyn Signer>,
    pub(crate) api_key: HeaderValue,
    pub(crate) nonces: Nonces,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) max_response_bytes: usize,
}

impl Client {
    /// A client with the default limits.
    ///
    /// # Errors
    ///
    /// Those of [`ClientBuilder::build`].
    pub fn new(environment: Environment, signer: impl Signer + 'static) -> Result<Self, Error> {
        Self::builder(environment, signer).build()
    }

    /// A client to be set up further.
    pub fn builder(environment: Environment, signer: impl Signer + 'static) -> ClientBuilder {
        ClientBuilder::new(environment, Arc::new(signer))
    }

    pub(crate) fn from_shared(shared: Shared) -> Self {
        Self {
            shared: Arc::new(shared),
            credential: None,
        }
    }

    /// This client with a credential: operations that take a bearer token get its token.
    #[must_use]
    pub fn with_credential(&self, credential: impl Credential + 'static) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            credential: Some(Arc::new(credential)),
        }
    }

    /// This client without a credential.
    #[must_use]
    pub fn without_credential(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            credential: None,
        }
    }

    /// The URL that every path stands below, without a slash at the end.
    pub fn base_url(&self) -> &str {
        self.shared.environment.base_url()
    }

    /// The environment that this client talks to.
    pub fn environment(&self) -> &Environment {
        &self.shared.environment
    }

    /// How many milliseconds the newest nonce of this client's key is ahead of the clock: 0 below
    /// a thousand calls a second.
    pub fn nonce_ahead_millis(&self) -> u64 {
        self.shared.nonces.ahead_of(self.shared.clock.unix_millis())
    }

    /// A request to an endpoint that no document describes: method, and path below the base URL.
    ///
    /// Nothing is checked before [`send`](RequestBuilder::send).
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        RequestBuilder::new(self.clone(), method, path)
    }

    /// Signs and sends a request of an operation, and verifies the response.
    ///
    /// Generated code calls this. Path and query are rewritten in the
    /// [canonical way](crate::canonicalize) first.
    ///
    /// # Errors
    ///
    /// Before anything is sent: a URL that is not below the base URL or does not fit the
    /// operation's template, a body that is a stream, a failing signer or credential. After that,
    /// whatever [`Error`] tells apart.
    pub async fn execute(
        &self,
        request: Request,
        operation: &'static Operation,
    ) -> Result<Response<Body>, Error> {
        let credential = self
            .credential
            .as_ref()
            .filter(|_| operation.takes_bearer())
            .cloned();
        self.send(request, Some(operation), credential)
            .await
            .map_err(|error| error.with_operation(operation.id()))
    }

    pub(crate) async fn send(
        &self,
        mut request: Request,
        operation: Option<&'static Operation>,
        credential: Option<Arc<dyn Credential>>,
    ) -> Result<Response<Body>, Error> {
        self.prepare(&mut request, operation)?;
        let with_bearer = credential.is_some();
        if let Some(credential) = &credential {
            let token = obtain(credential.as_ref()).await?;
            request
                .headers_mut()
                .insert(header::AUTHORIZATION, token.header().clone());
        }
        self.sign(&mut request).await?;
        let sent = self.shared.http.execute(request).await;
        receive(sent, &self.shared)
            .await
            .map_err(|error| error.with_bearer(with_bearer))
    }

    /// Makes the request what will be signed and sent, or refuses it.
    fn prepare(
        &self,
        request: &mut Request,
        operation: Option<&'static Operation>,
    ) -> Result<(), Error> {
        let base = &self.shared.base;
        canonicalize(request.url_mut()).map_err(|why| Error::target("query", why))?;
        let url = request.url();
        let below_base = url
            .path()
            .strip_prefix(base.path().trim_end_matches('/'))
            .filter(|rest| rest.starts_with('/'))
            .filter(|_| url.origin() == base.origin() && url.username().is_empty());
        let Some(path) = below_base else {
            return Err(Error::invalid_request(
                "the request leads elsewhere than below the base URL".to_owned(),
            ));
        };
        if operation.is_some_and(|operation| !operation.fits(request.method(), path)) {
            return Err(Error::invalid_request(
                "the request does not fit the operation's path; a path parameter leads elsewhere"
                    .to_owned(),
            ));
        }
        if request.body().is_some_and(|body| body.as_bytes().is_none()) {
            return Err(Error::invalid_request(
                "the body is a stream, which cannot be signed before it is sent; give its bytes"
                    .to_owned(),
            ));
        }
        // A bearer token comes from the credential or not at all.
        request.headers_mut().remove(header::AUTHORIZATION);
        Ok(())
    }

    /// Signs the request over what it will be on the wire, with a nonce of its own.
    async fn sign(&self, request: &mut Request) -> Result<(), Error> {
        let nonce = self.shared.nonces.next(self.shared.clock.unix_millis());
        let digest = Message {
            method: request.method().as_str(),
            path: request.url().path(),
            nonce: &nonce.to_string(),
            params: request.url().query().unwrap_or_default(),
            body: request
                .body()
                .and_then(reqwest::Body::as_bytes)
                .unwrap_or_default(),
        }
        .digest();
        let signature = self.shared.signer.sign(&digest).await;
        let signature = signature.map_err(Error::signer)?.to_hex();
        let signature = HeaderValue::try_from(signature)
            .map_err(|_| Error::invalid_request("the signature is no header value".to_owned()))?;
        let headers = request.headers_mut();
        headers.insert(API_KEY, self.shared.api_key.clone());
        headers.insert(API_NONCE, HeaderValue::from(nonce));
        headers.insert(API_SIGNATURE, signature);
        Ok(())
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn credential(&self) -> Option<Arc<dyn Credential>> {
        self.credential.clone()
    }
}

async fn obtain(credential: &dyn Credential) -> Result<AccessToken, Error> {
    match credential.current() {
        Some(token) => Ok(token),
        None => credential.fetch().await,
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
