//! A call: attempts that are signed, sent and received one by one, until one succeeds or no more
//! may be made.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue, header};
use reqwest::Request;
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::client::Client;
use crate::credential::{AccessToken, Credential};
use crate::error::{Error, printable};
use crate::message::Message;
use crate::operation::Operation;
use crate::receive::receive;
use crate::response::{Body, Response};
use crate::retry::{Failed, chance};
use crate::target::canonicalize;

pub(crate) const API_KEY: HeaderName = HeaderName::from_static("biz-api-key");
pub(crate) const API_NONCE: HeaderName = HeaderName::from_static("biz-api-nonce");
pub(crate) const API_SIGNATURE: HeaderName = HeaderName::from_static("biz-api-signature");

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

    async fn attempts(&self, request: Request, call: &Call) -> Result<Response<Body>, Error> {
        let started = Instant::now();
        let deadline = self.retry_policy().within();
        let mut renewed = false;
        let mut attempt = 1;
        loop {
            let Some(request) = request.try_clone() else {
                return Err(Error::invalid_request("the body is a stream".to_owned()));
            };
            let left = deadline.map(|deadline| deadline.saturating_sub(started.elapsed()));
            let (token, result) = self.attempt(request, call, attempt, left).await;
            let error = match result {
                Ok(response) => {
                    self.shared().budget.give_back();
                    return Ok(response);
                }
                Err(error) => error,
            };
            let refused = error.is_token_expired();
            if let (true, Some(credential), Some(token)) = (refused, &call.credential, token) {
                credential.rejected(&token);
                if call.repeatable && !renewed {
                    // Nothing is wrong with the server: not one of the attempts, and at once.
                    renewed = true;
                    tracing::debug!(attempt, "the access token was refused; renewing it");
                    continue;
                }
            }
            let delay = self.retry_policy().delay(
                &Failed {
                    error: &error,
                    attempt,
                    repeatable: call.repeatable,
                    after_renewal: refused && renewed,
                    left: deadline.map(|deadline| deadline.saturating_sub(started.elapsed())),
                    chance: chance(),
                },
                &self.shared().budget,
            );
            let Some(delay) = delay else {
                return Err(error);
            };
            tracing::warn!(attempt, ?delay, status = status(&error), "attempting again");
            tokio::time::sleep(delay).await;
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
        let mut token = None;
        let exchange = async {
            if let Some(credential) = &call.credential {
                let obtained = obtain(credential.as_ref()).await?;
                request
                    .headers_mut()
                    .insert(header::AUTHORIZATION, obtained.header().clone());
                token = Some(obtained);
            }
            self.sign(&mut request).await?;
            let sent = self.shared().http.execute(request).await;
            receive(sent, self.shared()).await
        };
        let result = match left {
            None => exchange.await,
            Some(left) => match tokio::time::timeout(left, exchange).await {
                Ok(result) => result,
                Err(_) => Err(Error::deadline()),
            },
        };
        let result = result.map_err(|error| error.with_bearer(call.credential.is_some()));
        trace(attempt, started.elapsed(), &result);
        (token, result)
    }

    /// Signs the request over what it will be on the wire, with a nonce of its own.
    pub(crate) async fn sign(&self, request: &mut Request) -> Result<(), Error> {
        let shared = self.shared();
        let nonce = shared.nonces.next(shared.clock.unix_millis());
        let digest = message(request, &nonce.to_string()).digest();
        let signature = shared.signer.sign(&digest).await;
        let signature = signature.map_err(Error::signer)?.to_hex();
        let mut signature = HeaderValue::try_from(signature)
            .map_err(|_| Error::invalid_request("the signature is no header value".to_owned()))?;
        signature.set_sensitive(true);
        let headers = request.headers_mut();
        headers.insert(API_KEY, shared.api_key.clone());
        headers.insert(API_NONCE, HeaderValue::from(nonce));
        headers.insert(API_SIGNATURE, signature);
        Ok(())
    }
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
