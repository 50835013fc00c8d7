use std::borrow::Cow;
use std::fmt;

use cobo_model::macros::collect_secrets;
use http::{HeaderValue, Method, header};
use serde::Serialize;
use url::Url;

use crate::call::{Call, log_unbuilt};
use crate::client::Client;
use crate::credential::Credential;
use crate::error::Error;
use crate::explanation::Explanation;
use crate::options::{CallCredential, CallOptions, is_oauth};
use crate::response::{Body, Response};
use crate::target::check_path;

/// A request to an endpoint that no document describes; created by
/// [`Client::request`](crate::Client::request).
///
/// [`send`](Self::send) reports an invalid request before anything is sent.
#[must_use = "nothing is sent before `send`"]
pub struct RequestBuilder {
    client: Client,
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    body: Option<Result<Vec<u8>, serde_json::Error>>,
    options: CallOptions,
}

impl RequestBuilder {
    pub(crate) fn new(client: Client, method: Method, path: &str) -> Self {
        Self {
            client,
            method,
            path: path.to_owned(),
            query: Vec::new(),
            body: None,
            options: CallOptions::default(),
        }
    }

    /// Adds a query parameter. An empty value is not sent. A parameter that is added several times
    /// is sent once, with its values as one comma-separated list.
    pub fn query(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.query.push((name.to_owned(), value.to_string()));
        self
    }

    /// Sets the body, as JSON.
    pub fn json(mut self, body: &(impl Serialize + ?Sized)) -> Self {
        let (written, secrets) = collect_secrets(|| serde_json::to_vec(body));
        self.body = Some(written);
        self.options.secrets.extend(secrets);
        self
    }

    /// Sends this credential's access token instead of the client's, also below `/oauth/`.
    pub fn credential(mut self, credential: impl Credential + 'static) -> Self {
        self.options.credential = CallCredential::given(credential);
        self
    }

    /// Sends no access token, whatever credential the client has.
    pub fn without_credential(mut self) -> Self {
        self.options.credential = CallCredential::None;
        self
    }

    /// Sets whether the request may be sent again after it may have been carried out. By default
    /// only `GET` and `HEAD` may.
    pub fn repeatable(mut self, repeatable: bool) -> Self {
        self.options.repeatable = Some(repeatable);
        self
    }

    /// Signs and sends the request, and verifies the response.
    ///
    /// # Errors
    ///
    /// Before anything is sent: a path that does not start with `/`, or that has a query, an empty
    /// segment or a dot segment; a body that cannot be written as JSON; a failure of the signer or
    /// the credential. After that, any kind of [`Error`].
    pub async fn send(mut self) -> Result<Response<Body>, Error> {
        match self.build() {
            Ok(request) => {
                let safe = matches!(self.method, Method::GET | Method::HEAD);
                let options = std::mem::take(&mut self.options);
                let call = Call {
                    label: Cow::Owned(format!("{} {}", self.method, self.path)),
                    operation: None,
                    repeatable: options.repeatable.unwrap_or(safe),
                    credential: options
                        .credential
                        .of_call(self.client.credential(), !is_oauth(&self.path)),
                    secrets: options.secrets,
                };
                self.client.call(request, call).await
            }
            Err(error) => Err(error.with_operation(self.label())).inspect_err(log_unbuilt),
        }
    }

    /// Signs the request without sending it, and returns the signed message and the headers. Use it
    /// for a support case when Cobo answers "authentication failed". It uses a nonce, and no access
    /// token.
    ///
    /// # Errors
    ///
    /// The errors that [`send`](Self::send) returns before anything is sent.
    pub async fn explain(mut self) -> Result<Explanation, Error> {
        let mut request = self.build()?;
        self.client.prepare(&mut request, None)?;
        let strategy = self.client.shared().nonces.strategy();
        self.client.sign(&mut request, strategy).await?;
        Explanation::of(&request)
    }

    /// The request in error texts. An invalid path is left out, since it may contain anything.
    fn label(&self) -> String {
        match self.check() {
            Ok(()) => format!("{} {}", self.method, self.path),
            Err(_) => self.method.to_string(),
        }
    }

    fn check(&self) -> Result<(), Error> {
        if !self.path.starts_with('/') || self.path.contains(['?', '#']) {
            return Err(Error::invalid_request(
                "a path starts with `/` and has no query; add parameters with `query`".to_owned(),
            ));
        }
        check_path(&self.path).map_err(|why| Error::target("path", why))
    }

    fn build(&mut self) -> Result<reqwest::Request, Error> {
        self.check()?;
        let url = Url::parse(&format!("{}{}", self.client.base_url(), self.path));
        let mut url =
            url.map_err(|_| Error::invalid_request("the path makes no URL".to_owned()))?;
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        let mut request = reqwest::Request::new(self.method.clone(), url);
        let json = HeaderValue::from_static("application/json");
        if let Some(body) = self.body.take() {
            let body = body.map_err(|_| {
                Error::invalid_request("the body cannot be written as JSON".to_owned())
            })?;
            *request.body_mut() = Some(body.into());
            request
                .headers_mut()
                .insert(header::CONTENT_TYPE, json.clone());
        }
        request.headers_mut().insert(header::ACCEPT, json);
        Ok(request)
    }
}

impl fmt::Debug for RequestBuilder {
    /// Omits query and body, which may contain a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBuilder")
            .field("request", &self.label())
            .finish_non_exhaustive()
    }
}
