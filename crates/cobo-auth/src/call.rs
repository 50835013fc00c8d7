//! A call: attempts that are signed, sent and received one by one, until one succeeds or no more
//! may be made.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, header};
use reqwest::Request;
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::access_token::AccessToken;
use crate::client::Client;
use crate::credential::Credential;
use crate::error::{Error, ErrorKind, printable};
use crate::message::Message;
use crate::operation::Operation;
use crate::receive::receive;
use crate::response::{Body, Response};
use crate::retry::{Failed, chance};
use crate::target::canonicalize;

pub(crate) const API_KEY: HeaderName = HeaderName::from_static("biz-api-key");
pub(crate) const API_NONCE: HeaderName = HeaderName::from_static("biz-api-nonce");
pub(crate) const API_SIGNATURE: HeaderName = HeaderName::from_static("biz-api-signature");

/// Headers that would make what is sent another request than the one that is signed, and the
/// bearer token, which comes from the credential or not at all.
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

/// What is to be called, and how.
pub(crate) struct Call {
    /// The operation id, or method and path.
    pub(crate) label: Cow<'static, str>,
    /// The operation, where a document describes it.
    pub(crate) operation: Option<&'static Operation>,
    pub(crate) repeatable: bool,
    pub(crate) credential: Option<Arc<dyn Credential>>,
}

impl Client {
    pub(crate) async fn call(
        &self,
        mut request: Request,
        call: Call,
    ) -> Result<Response<Body>, Error> {
        let span = tracing::debug_span!("cobo", operation = %call.label);
        let result = async {
            self.prepare(&mut request, call.operation)?;
            self.attempts(request, &call).await
        }
        .instrument(span)
        .await;
        match result {
            Ok(response) => Ok(response.of(call.label)),
            Err(error) => Err(error.with_operation(call.label)),
        }
    }

    /// Makes the request what will be signed and sent, or refuses it.
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

    async fn attempts(&self, request: Request, call: &Call) -> Result<Response<Body>, Error> {
        let started = Instant::now();
        let deadline = self.retry_policy().within();
        let left = || deadline.map(|deadline| deadline.saturating_sub(started.elapsed()));
        let (mut renewed, mut in_vain) = (false, false);
        let mut attempt = 1;
        let mut last = None;
        loop {
            if left() == Some(Duration::ZERO) {
                return Err(last.unwrap_or_else(|| Error::deadline(false)));
            }
            let Some(request) = request.try_clone() else {
                return Err(Error::invalid_request("the body is a stream".to_owned()));
            };
            let (token, result) = self.attempt(request, call, attempt, left()).await;
            let error = match result {
                Ok(response) => {
                    self.shared().budget.give_back();
                    return Ok(response);
                }
                // The credential has made its own attempts.
                Err(error) if error.kind() == ErrorKind::Credential => return Err(error),
                Err(error) => error,
            };
            let refused = error.is_token_expired();
            if refused && renewed && !std::mem::replace(&mut in_vain, true) {
                self.shared().budget.take();
            }
            if let (true, false, Some(credential), Some(token)) =
                (refused, renewed, &call.credential, token)
            {
                credential.rejected(&token);
                if call.repeatable && self.shared().budget.is_left() {
                    // Nothing is wrong with the server: not one of the attempts, and at once. It is
                    // paid for if the next token is refused as well.
                    renewed = true;
                    tracing::debug!(attempt, "the access token was refused; renewing it");
                    last = Some(error);
                    continue;
                }
            }
            let delay = self.retry_policy().delay(
                &Failed {
                    error: &error,
                    attempt,
                    repeatable: call.repeatable,
                    after_renewal: refused && renewed,
                    left: left(),
                    chance: chance(),
                },
                &self.shared().budget,
            );
            let Some(delay) = delay else {
                return Err(error);
            };
            tracing::warn!(attempt, ?delay, status = status(&error), "attempting again");
            tokio::time::sleep(delay).await;
            last = Some(error);
            attempt += 1;
        }
    }

    /// One attempt, and the token that it carried.
    async fn attempt(
        &self,
        mut request: Request,
        call: &Call,
        attempt: u32,
        left: Option<Duration>,
    ) -> (Option<AccessToken>, Result<Response<Body>, Error>) {
        let started = Instant::now();
        let (mut token, mut sent) = (None, false);
        let exchange = async {
            if let Some(credential) = &call.credential {
                let obtained = obtain(credential.as_ref()).await;
                let obtained = obtained.map_err(Error::credential)?;
                request
                    .headers_mut()
                    .insert(header::AUTHORIZATION, obtained.header().clone());
                token = Some(obtained);
            }
            self.sign(&mut request).await?;
            sent = true;
            let answer = self.shared().http.execute(request).await;
            receive(answer, self.shared()).await
        };
        let result = match left {
            None => exchange.await,
            Some(left) => match tokio::time::timeout(left, exchange).await {
                Ok(result) => result,
                Err(_) => Err(Error::deadline(sent)),
            },
        };
        let result = result.map_err(|error| error.with_bearer(token.is_some()));
        trace(attempt, started.elapsed(), &result);
        (token, result)
    }

    /// Signs the request over what it will be on the wire, with a nonce of its own.
    pub(crate) async fn sign(&self, request: &mut Request) -> Result<(), Error> {
        let shared = self.shared();
        let strategy = shared.nonces.strategy();
        let nonce = shared.nonces.next(strategy, shared.clock.unix_millis())?;
        let digest = message(request, &nonce).digest();
        let signature = shared.signer.sign(&digest).await;
        let signature = signature.map_err(Error::signer)?;
        if !signature.may_be_of(shared.signer.public_key().curve()) {
            return Err(Error::signer(
                "the signer gave something else than a signature of its curve".into(),
            ));
        }
        let signature = signature.to_hex();
        let mut signature = HeaderValue::try_from(signature)
            .map_err(|_| Error::invalid_request("the signature is no header value".to_owned()))?;
        signature.set_sensitive(true);
        let nonce_value = HeaderValue::try_from(nonce)
            .map_err(|_| Error::invalid_request("the nonce is no header value".to_owned()))?;
        let headers = request.headers_mut();
        headers.insert(API_KEY, shared.api_key.clone());
        headers.insert(API_NONCE, nonce_value);
        headers.insert(API_SIGNATURE, signature);
        Ok(())
    }
}

/// Says that an answer is wanted as it was signed, and that there is no body where one is usual:
/// some gateways refuse a POST that does not say so (411).
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

/// The message has the method in front: one with another alphabet could stand for more than itself,
/// and CONNECT goes to another target than the one that is signed.
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

/// What the signature of a request is made over.
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

async fn obtain(credential: &dyn Credential) -> Result<AccessToken, Error> {
    match credential.current() {
        Some(token) => Ok(token),
        None => credential.fetch().await,
    }
}

fn status(error: &Error) -> Option<u16> {
    error.status().map(|status| status.as_u16())
}

fn trace(attempt: u32, took: Duration, result: &Result<Response<Body>, Error>) {
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    match result {
        Ok(response) => tracing::debug!(
            attempt,
            duration_ms,
            status = response.status().as_u16(),
            bytes = response.len(),
            "succeeded"
        ),
        Err(error) => tracing::debug!(
            attempt,
            duration_ms,
            status = status(error),
            code = error.code().map(crate::ErrorCode::get),
            error_id = error.error_id().and_then(printable),
            kind = ?error.kind(),
            "failed"
        ),
    }
}
