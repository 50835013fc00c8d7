//! The attempts of a call. Each attempt is signed, sent and received separately.

use std::time::Duration;

use http::HeaderValue;
use tokio::time::Instant;
use tracing::{Instrument as _, Span};

use super::{API_SIGNATURE, Call, Signed, metrics, span};
use crate::body::Body;
use crate::call::receive::receive;
use crate::call::redact::{explanation, holds_secret};
use crate::call::response::Response;
use crate::client::Client;
use crate::client::access_token::AccessToken;
use crate::client::credential::Credential;
use crate::client::retry::{AttemptFailure, jitter};
use crate::error::code::ErrorCode;
use crate::error::{Error, ErrorKind, Execution, printable};
use crate::sign::nonce::NonceStrategy;

/// The results of a call's attempts so far.
#[derive(Debug, Default)]
struct Outcomes {
    /// Whether a failed attempt may have been carried out. Once set it stays set. The call's error
    /// takes this information only from here.
    may_be_executed: bool,
    /// Whether the access token was renewed after the server refused it.
    renewed: bool,
    /// Whether the renewed token was refused as well.
    renewed_token_refused: bool,
    /// Whether the server may have refused a nonce because it is random. Then milliseconds are
    /// sent.
    milliseconds: bool,
    /// The number of the current or last attempt.
    attempt: u32,
    /// The secrets that the failed attempts have sent.
    sent: Vec<Sent>,
}

/// The secrets that one attempt has sent, besides those that every attempt sends.
#[derive(Debug, Default)]
struct Sent {
    token: Option<AccessToken>,
    signature: Option<HeaderValue>,
}

/// A finished attempt.
struct Attempt {
    sent: Sent,
    /// The strategy that made its nonce.
    strategy: NonceStrategy,
    result: Result<Response<Body>, Error>,
}

impl Client {
    /// Attempts the request until it succeeds or must not be attempted again.
    pub(super) async fn attempts(&self, call: &Call) -> Result<Response<Body>, Error> {
        let mut outcomes = Outcomes {
            attempt: 1,
            ..Outcomes::default()
        };
        let result = self.attempt_until_done(call, &mut outcomes).await;
        result
            .map_err(|error| {
                error
                    .with_earlier_unknown(outcomes.may_be_executed)
                    .with_request_id(call.request_id.clone())
            })
            .inspect_err(|error| failed(call, outcomes.attempt, error))
    }

    async fn attempt_until_done(
        &self,
        call: &Call,
        outcomes: &mut Outcomes,
    ) -> Result<Response<Body>, Error> {
        let started = Instant::now();
        let deadline = self.retry_policy().time_limit();
        let left = || deadline.map(|deadline| deadline.saturating_sub(started.elapsed()));
        let mut last = None;
        loop {
            if left() == Some(Duration::ZERO) {
                return Err(last.unwrap_or_else(|| Error::deadline(false)));
            }
            let nonces = &self.shared().nonces;
            let Attempt {
                sent,
                strategy,
                result,
            } = self.attempt(call, outcomes, left()).await;
            let token = sent.token.clone();
            if is_nonce_accepted(&result) && nonces.accepted(strategy) {
                tracing::warn!(
                    "the server refuses random nonces; this process sends milliseconds from now \
                     on, and processes that share a key may send the same nonce: set \
                     `ClientBuilder::nonces(NonceStrategy::Milliseconds)` and give each process its \
                     own key"
                );
            }
            let error = match result {
                Ok(response) => {
                    self.shared().budget.refund();
                    return Ok(response);
                }
                // The credential has already made its own attempts.
                Err(error) if error.kind() == ErrorKind::Credential => return Err(error),
                Err(error) => {
                    outcomes.sent.push(sent);
                    self.with_explanation_of(error, call, &outcomes.sent)
                }
            };
            if error.code() == Some(ErrorCode::AUTHENTICATION) {
                if outcomes.milliseconds {
                    // The nonce was not the reason, so the repetition costs budget.
                    self.shared().budget.take();
                } else if nonces.may_be_refused(strategy) {
                    if !call.repeatable || !self.shared().budget.is_left() {
                        return Err(error.with_nonce_refused());
                    }
                    // This repetition does not count as an attempt: the server may accept the other
                    // kind of nonce.
                    outcomes.milliseconds = true;
                    outcomes.note(&error);
                    again(call, outcomes.attempt, Duration::ZERO, &error);
                    last = Some(error.with_nonce_refused());
                    continue;
                }
            }
            let refused = error.is_token_expired();
            if refused
                && outcomes.renewed
                && !std::mem::replace(&mut outcomes.renewed_token_refused, true)
            {
                self.shared().budget.take();
            }
            if let (true, false, Some(credential), Some(token)) =
                (refused, outcomes.renewed, &call.credential, token)
            {
                credential.rejected(&token);
                if call.repeatable && self.shared().budget.is_left() {
                    // The server works, so this repetition does not count as an attempt and has no
                    // delay. It costs budget if the new token is refused too.
                    outcomes.renewed = true;
                    outcomes.note(&error);
                    tracing::debug!(
                        operation = %call.label,
                        org_id = call.org_id(),
                        attempt = outcomes.attempt,
                        status = status(&error),
                        code = code(&error),
                        error_id = error_id(&error),
                        "the access token was refused; renewing it"
                    );
                    last = Some(error);
                    continue;
                }
            }
            let delay = self.retry_policy().delay(
                &AttemptFailure {
                    error: &error,
                    attempt: outcomes.attempt,
                    repeatable: call.repeatable,
                    after_renewal: refused && outcomes.renewed,
                    left: left(),
                    jitter: jitter(),
                },
                &self.shared().budget,
            );
            let Some(delay) = delay else {
                return Err(error);
            };
            outcomes.note(&error);
            again(call, outcomes.attempt, delay, &error);
            tokio::time::sleep(delay).await;
            last = Some(error);
            outcomes.attempt += 1;
        }
    }

    /// Makes one attempt.
    async fn attempt(&self, call: &Call, outcomes: &Outcomes, left: Option<Duration>) -> Attempt {
        let started = Instant::now();
        let (mut secrets, mut sent) = (Sent::default(), false);
        let mut span = Span::none();
        let mut strategy = NonceStrategy::Milliseconds;
        let exchange = async {
            if let Some(credential) = &call.credential {
                let obtained = obtain(credential.as_ref()).await;
                secrets.token = Some(obtained.map_err(Error::credential)?);
            }
            let shared = self.shared();
            // Chosen after the token was obtained: that request may show which nonces the server
            // accepts.
            if !outcomes.milliseconds {
                strategy = shared.nonces.strategy();
            }
            let signed = self.sign(call, strategy).await?;
            let token = secrets.token.as_ref();
            let request = call.http_request(&shared.api_key, signed, token)?;
            secrets.signature = request.headers().get(API_SIGNATURE).cloned();
            let sent_at = shared.cobo_time.at(shared.clock.monotonic());
            sent = true;
            span = span::of_request(call, outcomes.attempt, outcomes.sent.len());
            let response = async {
                let answer = shared.http.execute(request).await;
                receive(answer, shared, sent_at).await
            };
            response.instrument(span.clone()).await
        };
        let result = match left {
            None => exchange.await,
            Some(left) => match tokio::time::timeout(left, exchange).await {
                Ok(result) => result,
                Err(_) => Err(Error::deadline(sent)),
            },
        };
        let result = result.map_err(|error| {
            error
                .with_bearer(secrets.token.is_some())
                .with_request_id(call.request_id.clone())
        });
        if let Ok(response) = &result {
            tracing::debug!(
                operation = %call.label,
                org_id = call.org_id(),
                attempt = outcomes.attempt,
                duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
                status = response.status().as_u16(),
                bytes = response.len(),
                "succeeded"
            );
        }
        span::record(&span, result.as_ref());
        metrics::attempt(call.operation, &result);
        Attempt {
            sent: secrets,
            strategy,
            result,
        }
    }

    /// The error with Cobo's explanation, if Cobo signed it, and without what the call sent in secret:
    /// a server can repeat it anywhere.
    fn with_explanation_of(&self, error: Error, call: &Call, sent: &[Sent]) -> Error {
        let mut secrets = vec![self.shared().api_key.as_bytes()];
        secrets.extend(call.secrets.iter().map(|secret| secret.expose().as_bytes()));
        for sent in sent {
            let token = sent.token.as_ref().map(AccessToken::secret);
            secrets.extend(token.map(|token| token.expose().as_bytes()));
            secrets.extend(sent.signature.as_ref().map(HeaderValue::as_bytes));
        }
        let error = error.without(|text| holds_secret(text, &secrets));
        match error.body().filter(|_| error.is_signed()) {
            Some(body) => {
                let explanation = explanation(body.message(), &secrets);
                error.with_explanation(explanation)
            }
            None => error,
        }
    }

    /// Signs the call with a new nonce.
    pub(crate) async fn sign(&self, call: &Call, strategy: NonceStrategy) -> Result<Signed, Error> {
        let shared = self.shared();
        let nonce = shared.nonces.next(strategy, shared.clock.unix_millis())?;
        let digest = call.message(&nonce).digest();
        let signature = shared.signer.sign(&digest).await;
        let signature = signature.map_err(Error::signer)?;
        if !signature.has_length_for(shared.signer.public_key().curve()) {
            return Err(Error::signer(
                "the signer returned a signature with a length that its curve does not have".into(),
            ));
        }
        Ok(Signed {
            nonce,
            signature: signature.to_hex(),
        })
    }
}

impl Outcomes {
    /// Records a failed attempt that is followed by another one.
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

fn code(error: &Error) -> Option<i64> {
    error.code().map(ErrorCode::get)
}

/// Cobo's id of a failure, if it is short and printable enough for logs.
fn error_id(error: &Error) -> Option<String> {
    error.error_id().and_then(printable)
}

/// Whether a response shows that the server accepted the nonce. An error does so only if Cobo signed
/// it, and not if it may come from a check before that of the nonce: a rate limit, a path that does
/// not exist.
fn is_nonce_accepted(result: &Result<Response<Body>, Error>) -> bool {
    const EARLIER: [ErrorCode; 3] = [
        ErrorCode::AUTHENTICATION,
        ErrorCode::RATE_LIMITED,
        ErrorCode::NO_SUCH_ENDPOINT,
    ];
    match result {
        Ok(_) => true,
        Err(error) => {
            error.is_signed() && !error.code().is_some_and(|code| EARLIER.contains(&code))
        }
    }
}

/// Logs a failed call, with the number of its last attempt, or 0 if no attempt was made.
pub(super) fn failed(call: &Call, attempt: u32, error: &Error) {
    tracing::debug!(
        operation = %call.label,
        org_id = call.org_id(),
        attempt,
        status = status(error),
        code = code(error),
        error_id = error_id(error),
        kind = ?error.kind(),
        "the call failed"
    );
}

/// Logs a failed attempt that is followed by another one.
fn again(call: &Call, attempt: u32, delay: Duration, error: &Error) {
    tracing::warn!(
        operation = %call.label,
        org_id = call.org_id(),
        attempt,
        ?delay,
        status = status(error),
        code = code(error),
        error_id = error_id(error),
        "attempting again"
    );
}
