//! A call: the request is checked, then attempted until it succeeds or must not be attempted again.

use std::borrow::Cow;
use std::sync::Arc;

use cobo_model::Secret;
use http::{HeaderName, HeaderValue, Method, header};
use reqwest::Request;
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::client::Client;
use crate::credential::Credential;
use crate::error::Error;
use crate::message::Message;
use crate::operation::Operation;
use crate::response::{Body, Response};
use crate::target::canonicalize;

mod attempts;
mod metrics;

pub(crate) const API_KEY: HeaderName = HeaderName::from_static("biz-api-key");
pub(crate) const API_NONCE: HeaderName = HeaderName::from_static("biz-api-nonce");
pub(crate) const API_SIGNATURE: HeaderName = HeaderName::from_static("biz-api-signature");

/// Headers that callers cannot set: they would make the sent request differ from the signed one, or
/// they carry the bearer token, which only a credential may set.
pub(crate) const NOT_THE_CALLERS: [HeaderName; 12] = [
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

/// One call: the operation and the options of the call.
pub(crate) struct Call {
    /// The operation id, or method and path.
    pub(crate) label: Cow<'static, str>,
    /// The operation, if a document describes it.
    pub(crate) operation: Option<&'static Operation>,
    pub(crate) repeatable: bool,
    pub(crate) credential: Option<Arc<dyn Credential>>,
    /// The secrets in the request, besides the access token.
    pub(crate) secrets: Vec<Secret>,
}

impl Call {
    /// The id of the organization that the call acts for, if its credential knows it.
    fn org_id(&self) -> Option<&str> {
        self.credential.as_deref()?.org_id()
    }
}

/// Logs a call that failed before there was a request to attempt.
pub(crate) fn log_unbuilt(error: &Error) {
    let operation = error.operation().unwrap_or_default();
    tracing::info_span!("cobo", operation).in_scope(|| {
        tracing::debug!(operation, attempt = 0, kind = ?error.kind(), "the call failed");
    });
}

impl Client {
    pub(crate) async fn call(
        &self,
        mut request: Request,
        call: Call,
    ) -> Result<Response<Body>, Error> {
        let span = tracing::info_span!("cobo", operation = %call.label, org_id = call.org_id());
        let started = Instant::now();
        let result = async {
            self.prepare(&mut request, call.operation)
                .inspect_err(|error| attempts::failed(&call, 0, error))?;
            self.attempts(request, &call).await
        }
        .instrument(span)
        .await;
        metrics::call(&call, started, &result);
        match result {
            Ok(response) => Ok(response.of(call.label, call.repeatable)),
            Err(error) => Err(error
                .with_repeatable(call.repeatable)
                .with_operation(call.label)),
        }
    }

    /// Brings the request into the form that is signed and sent, or refuses it.
    pub(crate) fn prepare(
        &self,
        request: &mut Request,
        operation: Option<&'static Operation>,
    ) -> Result<(), Error> {
        let base = &self.shared().base;
        canonicalize(request.url_mut()).map_err(|why| Error::target("query", why))?;
        check_method(request.method())?;
        let url = request.url();
        let below_base = url
            .path()
            .strip_prefix(base.path().trim_end_matches('/'))
            .filter(|rest| rest.starts_with('/'))
            .filter(|_| url.origin() == base.origin())
            .filter(|_| url.username().is_empty() && url.password().is_none());
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
        for name in NOT_THE_CALLERS {
            request.headers_mut().remove(name);
        }
        set_framing(request);
        Ok(())
    }
}

/// Asks for a response without content encoding. Sets `Content-Length: 0` for an empty POST, PUT or
/// PATCH: some gateways refuse one without it (411).
fn set_framing(request: &mut Request) {
    let body = request.body().and_then(reqwest::Body::as_bytes);
    let empty = body.is_none_or(<[u8]>::is_empty);
    let usual = matches!(
        *request.method(),
        Method::POST | Method::PUT | Method::PATCH
    );
    let headers = request.headers_mut();
    headers.insert(
        header::ACCEPT_ENCODING,
        HeaderValue::from_static("identity"),
    );
    if empty && usual {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
}

/// Refuses methods that cannot be signed safely. The signed message begins with the method, so
/// another character such as `|` would make it ambiguous. CONNECT has another target than the one
/// that is signed.
fn check_method(method: &Method) -> Result<(), Error> {
    let plain = method
        .as_str()
        .bytes()
        .all(|byte| byte.is_ascii_uppercase());
    if plain && !matches!(*method, Method::CONNECT | Method::TRACE) {
        return Ok(());
    }
    Err(Error::invalid_request(
        "this method cannot be signed; it is CONNECT or TRACE, or not in upper case".to_owned(),
    ))
}

/// The message that the signature of a request covers.
pub(crate) fn message<'a>(request: &'a Request, nonce: &'a str) -> Message<'a> {
    let body = request.body().and_then(reqwest::Body::as_bytes);
    Message {
        method: request.method().as_str(),
        path: request.url().path(),
        nonce,
        params: request.url().query().unwrap_or_default(),
        body: body.unwrap_or_default(),
    }
}
