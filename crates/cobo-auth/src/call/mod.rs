//! A call: the request is checked, then attempted until it succeeds or must not be attempted again.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use cobo_model::Secret;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use tracing::Instrument as _;
use url::Url;

use crate::body::Body;
use crate::call::response::Response;
use crate::client::Client;
use crate::client::access_token::AccessToken;
use crate::client::credential::Credential;
use crate::error::Error;
use crate::operation::Operation;
use crate::request_id::SentId;
use crate::sign::message::Message;

mod attempts;
pub(crate) mod metrics;
pub(crate) mod options;
pub(crate) mod receive;
pub(crate) mod redact;
pub(crate) mod response;
pub(crate) mod service;
mod span;

pub(crate) const API_KEY: HeaderName = HeaderName::from_static("biz-api-key");
pub(crate) const API_NONCE: HeaderName = HeaderName::from_static("biz-api-nonce");
pub(crate) const API_SIGNATURE: HeaderName = HeaderName::from_static("biz-api-signature");

/// One call: what is sent, but for the access token and the signature, and how it may be sent.
pub(crate) struct Call {
    /// The operation id, or method and path.
    pub(crate) label: Cow<'static, str>,
    /// The operation, if a document describes it.
    pub(crate) operation: Option<&'static Operation>,
    pub(crate) repeatable: bool,
    /// The id by which Cobo recognises a repetition.
    pub(crate) request_id: Option<SentId>,
    pub(crate) credential: Option<Arc<dyn Credential>>,
    /// The secrets in the request, besides the access token.
    pub(crate) secrets: Vec<Secret>,
    pub(crate) method: Method,
    /// The URL, with path and query in the canonical form.
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
}

/// What signing adds to a call.
pub(crate) struct Signed {
    pub(crate) nonce: String,
    pub(crate) signature: String,
}

impl Call {
    /// The id of the organization that the call acts for, if its credential knows it.
    fn org_id(&self) -> Option<&str> {
        self.credential.as_deref()?.org_id()
    }
}

/// Logs a call that failed before there was a request to attempt.
pub(crate) fn log_unbuilt(documented: Option<&'static Operation>, error: &Error) {
    let operation = error.operation().unwrap_or_default();
    let span = span::of_call(documented, operation, None);
    span.in_scope(|| {
        tracing::debug!(operation, attempt = 0, kind = ?error.kind(), "the call failed");
    });
    span::record(&span, Err(error));
}

impl Call {
    /// Adds the headers of every request that do not depend on the client or on the attempt: no
    /// content encoding of the response; `Content-Length: 0` for an empty `POST`, `PUT` or `PATCH`,
    /// since some gateways refuse one without it (411).
    pub(crate) fn add_fixed_headers(&mut self) {
        self.headers.insert(
            header::ACCEPT_ENCODING,
            HeaderValue::from_static("identity"),
        );
        let usual = matches!(self.method, Method::POST | Method::PUT | Method::PATCH);
        if usual && self.body.as_ref().is_none_or(Bytes::is_empty) {
            let none = HeaderValue::from_static("0");
            self.headers.insert(header::CONTENT_LENGTH, none);
        }
    }

    /// Refuses methods that cannot be signed safely. The signed message begins with the method, so
    /// another character such as `|` would make it ambiguous. CONNECT has another target than the one
    /// that is signed.
    pub(crate) fn check_method(&self) -> Result<(), Error> {
        let method = self.method.as_str();
        let plain = method.bytes().all(|byte| byte.is_ascii_uppercase());
        if plain && !matches!(self.method, Method::CONNECT | Method::TRACE) {
            return Ok(());
        }
        Err(Error::invalid_request(
            "this method cannot be signed; it is CONNECT or TRACE, or not in upper case".to_owned(),
        ))
    }

    /// The message that the signature covers.
    pub(crate) fn message<'a>(&'a self, nonce: &'a str) -> Message<'a> {
        Message {
            method: self.method.as_str(),
            path: self.url.path(),
            nonce,
            params: self.url.query().unwrap_or_default(),
            body: self.body.as_deref().unwrap_or_default(),
        }
    }

    /// The request of one attempt: the headers of the call, then those of the client and of the
    /// attempt. The HTTP client adds the headers of [`HttpOptions`](crate::HttpOptions). Nothing else
    /// makes a request.
    fn http_request(
        &self,
        api_key: &HeaderValue,
        signed: Signed,
        token: Option<&AccessToken>,
    ) -> Result<reqwest::Request, Error> {
        let mut request = reqwest::Request::new(self.method.clone(), self.url.clone());
        *request.body_mut() = self.body.clone().map(reqwest::Body::from);
        let headers = request.headers_mut();
        headers.clone_from(&self.headers);
        headers.insert(API_KEY, api_key.clone());
        for (name, value) in [(API_NONCE, signed.nonce), (API_SIGNATURE, signed.signature)] {
            let mut value = HeaderValue::try_from(value)
                .map_err(|_| Error::invalid_request(format!("invalid value of `{name}`")))?;
            value.set_sensitive(name == API_SIGNATURE);
            headers.insert(name, value);
        }
        if let Some(token) = token {
            headers.insert(header::AUTHORIZATION, token.header().clone());
        }
        Ok(request)
    }
}

impl Client {
    pub(crate) async fn call(&self, call: Call) -> Result<Response<Body>, Error> {
        let span = span::of_call(call.operation, &call.label, call.org_id());
        let result = self.attempts(&call).instrument(span.clone()).await;
        span::record(&span, result.as_ref());
        match result {
            Ok(response) => Ok(response.of(call.label, call.repeatable, call.request_id)),
            Err(error) => Err(error
                .with_repeatable(call.repeatable)
                .with_operation(call.label)),
        }
    }
}
