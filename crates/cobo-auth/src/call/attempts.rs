//! The attempts of a call: each is signed, sent and received by itself.

use std::time::Duration;

use http::{HeaderValue, header};
use reqwest::Request;
use tokio::time::Instant;

use super::{API_KEY, API_NONCE, API_SIGNATURE, Call, message};
use crate::access_token::AccessToken;
use crate::client::Client;
use crate::credential::Credential;
use crate::error::{Error, ErrorKind, Execution, printable};
use crate::receive::receive;
use crate::redact::explanation;
use crate::response::{Body, Response};
use crate::retry::{Failed, chance};

/// What the attempts of one call have shown so far.
#[derive(Debug, Default)]
struct Outcomes {
    /// Whether an attempt that failed may have been carried out. Once set it stays set: it is the
    /// one source of what the call's error says about this.
    may_be_executed: bool,
    /// Whether the access token was renewed after a refusal.
    renewed: bool,
    /// Whether the renewed token was refused as well.
    in_vain: bool,
    /// What the attempts that failed have sent in secret.
    sent: Vec<Sent>,
}

/// What one attempt has sent in secret, besides what is in every attempt.
#[derive(Debug, Default)]
struct Sent {
    token: Option<AccessToken>,
    signature: Option<HeaderValue>,
}

impl Client {
    /// Attempts the request until it succeeds or must not be attempted again.
    pub(super) async fn attempts(
        &self,
        request: Request,
        call: &Call,
    ) -> Result<Response<Body>, Error> {
        let mut outcomes = Outcomes::default();
        let result = self.attempt_until_done(request, call, &mut outcomes).await;
        result.map_err(|error| error.with_earlier_unknown(outcomes.may_be_executed))
    }

    async fn attempt_until_done(
        &self,
        request: Request,
        call: &Call,
        outcomes: &mut Outcomes,
    ) -> Result<Response<Body>, Error> {
        let started = Instant::now();
        let deadline = self.retry_policy().within();
        let left = || deadline.map(|deadline| deadline.saturating_sub(started.elapsed()));
        let mut attempt = 1;
        let mut last = None;
        loop {
            if left() == Some(Duration::ZERO) {
                return Err(last.unwrap_or_else(|| Error::deadline(false)));
            }
            let Some(request) = request.try_clone() else {
                return Err(Error::invalid_request("the body is a stream".to_owned()));
            };
            let (sent, result) = self.attempt(request, call, attempt, left()).await;
            let token = sent.token.clone();
            let error = match result {
                Ok(response) => {
                    self.shared().budget.give_back();
                    return Ok(response);
                }
                // The credential has made its own attempts.
                Err(error) if error.kind() == ErrorKind::Credential => return Err(error),
                Err(error) => {
                    outcomes.sent.push(sent);
                    self.explained(error, call, &outcomes.sent)
                }
            };
            let refused = error.is_token_expired();
            if refused && outcomes.renewed && !std::mem::replace(&mut outcomes.in_vain, true) {
                self.shared().budget.take();
            }
            if let (true, false, Some(credential), Some(token)) =
                (refused, outcomes.renewed, &call.credential, token)
            {
                credential.rejected(&token);
                if call.repeatable && self.shared().budget.is_left() {
                    // Nothing is wrong with the server: this is not one of the attempts, and the
                    // call is repeated at once. It costs budget if the new token is refused too.
                    outcomes.renewed = true;
                    outcomes.note(&error);
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
                    after_renewal: refused && outcomes.renewed,
                    left: left(),
                    chance: chance(),
                },
                &self.shared().budget,
            );
            let Some(delay) = delay else {
                return Err(error);
            };
            outcomes.note(&error);
            tracing::warn!(attempt, ?delay, status = status(&error), "attempting again");
            tokio::time::sleep(delay).await;
            last = Some(error);
            attempt += 1;
        }
    }

    /// One attempt, and what it sent in secret.
    async fn attempt(
        &self,
        mut request: Request,
        call: &Call,
        attempt: u32,
        left: Option<Duration>,
    ) -> (Sent, Result<Response<Body>, Error>) {
        let started = Instant::now();
        let (mut secrets, mut sent) = (Sent::default(), false);
        let exchange = async {
            if let Some(credential) = &call.credential {
                let obtained = obtain(credential.as_ref()).await;
                let obtained = obtained.map_err(Error::credential)?;
                request
                    .headers_mut()
                    .insert(header::AUTHORIZATION, obtained.header().clone());
                secrets.token = Some(obtained);
            }
            self.sign(&mut request).await?;
            secrets.signature = request.headers().get(API_SIGNATURE).cloned();
            let shared = self.shared();
            let sent_at = shared.cobo_time.at(shared.clock.monotonic());
            sent = true;
            let answer = shared.http.execute(request).await;
            receive(answer, shared, sent_at).await
        };
        let result = match left {
            None => exchange.await,
            Some(left) => match tokio::time::timeout(left, exchange).await {
                Ok(result) => result,
                Err(_) => Err(Error::deadline(sent)),
            },
        };
        let result = result.map_err(|error| error.with_bearer(secrets.token.is_some()));
        trace(attempt, started.elapsed(), &result);
        (secrets, result)
    }

    /// The error with Cobo's explanation, if Cobo signed it, without what the call sent in secret.
    fn explained(&self, error: Error, call: &Call, sent: &[Sent]) -> Error {
        let Some(body) = error.body().filter(|_| error.is_signed()) else {
            return error;
        };
        let mut secrets = vec![self.shared().api_key.as_bytes()];
        secrets.extend(call.secrets.iter().map(|secret| secret.expose().as_bytes()));
        for sent in sent {
            let token = sent.token.as_ref().map(AccessToken::secret);
            secrets.extend(token.map(|token| token.expose().as_bytes()));
            secrets.extend(sent.signature.as_ref().map(HeaderValue::as_bytes));
        }
        let explanation = explanation(body.message(), &secrets);
        error.with_explanation(explanation)
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

impl Outcomes {
    /// Notes an attempt that failed and is followed by another one.
    fn note(&mut self, error: &Error) {
        self.may_be_executed |= error.execution() != Execution::NotExecuted;
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
