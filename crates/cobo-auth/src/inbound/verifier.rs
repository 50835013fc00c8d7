use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use zeroize::Zeroizing;

use crate::body::Body;
use crate::call::receive::coding;
use crate::client::clock::{Clock, SystemClock};
use crate::client::environment::Environment;
use crate::error::Error;
use crate::inbound::error::InboundError;
use crate::inbound::verified::Verified;
use crate::sign::verifier::ResponseKeys;

const MAX_FUTURE: Duration = Duration::from_secs(5 * 60);
const MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Verifies webhooks and callbacks: raw body and headers in, a [`Verified`] body out.
///
/// It accepts both spellings of the signature headers (`BIZ-TIMESTAMP` and `BIZ_TIMESTAMP`), and
/// checks the signature strictly, as for responses. A clone is cheap.
///
/// Pass the bytes as they arrived. A body that was parsed and written again does not verify.
///
/// ```
/// use cobo_auth::{Environment, InboundVerifier};
///
/// // Returns the status and the text to answer with.
/// fn webhook(verifier: &InboundVerifier, body: &[u8], headers: &http::HeaderMap) -> (u16, &'static str) {
///     let event = verifier
///         .verify(body, headers)
///         .and_then(|body| body.parse::<serde_json::Value>());
///     match event {
///         Ok(event) => {
///             println!("{} after {:?}", event["event_id"], event.age());
///             (200, "")
///         }
///         Err(error) => {
///             eprintln!("webhook refused: {error}");
///             (error.status().as_u16(), error.public_text())
///         }
///     }
/// }
///
/// let verifier = InboundVerifier::new(&Environment::production())?;
/// assert_eq!(webhook(&verifier, b"{}", &http::HeaderMap::new()), (401, "not signed"));
/// # Ok::<(), cobo_auth::Error>(())
/// ```
#[derive(Clone)]
pub struct InboundVerifier {
    keys: ResponseKeys,
    clock: Arc<dyn Clock>,
    max_future: Duration,
    max_age: Duration,
    max_body_bytes: usize,
}

impl InboundVerifier {
    /// Creates a verifier with the keys of an environment.
    ///
    /// # Errors
    ///
    /// The environment has [no keys](ResponseKeys::unverified): anybody could send webhooks.
    pub fn new(environment: &Environment) -> Result<Self, Error> {
        Self::from_keys(environment.response_keys().clone())
    }

    /// Creates a verifier with these keys. During a key rotation there are several.
    ///
    /// # Errors
    ///
    /// The keys are [`ResponseKeys::unverified`].
    pub fn from_keys(keys: ResponseKeys) -> Result<Self, Error> {
        if !keys.can_verify() {
            return Err(Error::configuration(
                "webhooks and callbacks cannot be verified without keys; give the environment the \
                 keys that sign its responses"
                    .to_owned(),
            ));
        }
        Ok(Self {
            keys,
            clock: Arc::new(SystemClock),
            max_future: MAX_FUTURE,
            max_age: MAX_AGE,
            max_body_bytes: MAX_BODY_BYTES,
        })
    }

    /// Sets how far the timestamp of a signature may be in the future and in the past. Default: 5
    /// minutes and 24 hours.
    ///
    /// It is not documented whether Cobo signs each delivery attempt anew, so an attempt may have
    /// the timestamp of the first one.
    #[must_use]
    pub fn with_tolerance(mut self, future: Duration, past: Duration) -> Self {
        self.max_future = future;
        self.max_age = past;
        self
    }

    /// Sets the largest body that is accepted, in bytes. Default: 1 MiB.
    #[must_use]
    pub fn with_max_body_bytes(mut self, bytes: usize) -> Self {
        self.max_body_bytes = bytes;
        self
    }

    /// Replaces the machine's clock.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Returns the largest body that is accepted, in bytes. A server need not read more.
    pub fn max_body_bytes(&self) -> usize {
        self.max_body_bytes
    }

    /// Checks everything that needs no body: that the signature headers are there and well formed, that
    /// the timestamp is within the tolerance, and that the body has no content encoding. A server that
    /// checks this first need not read the body of a stranger who sends no signature.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify) with these headers. If only the time is wrong, a warning with both
    /// clocks is logged; the request may be genuine or forged.
    ///
    /// ```
    /// use cobo_auth::{Environment, InboundErrorKind, InboundVerifier};
    ///
    /// let verifier = InboundVerifier::new(&Environment::production())?;
    /// let error = verifier.check_headers(&http::HeaderMap::new()).unwrap_err();
    /// assert_eq!(error.kind(), InboundErrorKind::MissingSignature);
    /// # Ok::<(), cobo_auth::Error>(())
    /// ```
    pub fn check_headers(&self, headers: &HeaderMap) -> Result<(), InboundError> {
        check_coding(headers)?;
        let timestamp = self
            .keys
            .check_headers(headers)
            .map_err(InboundError::signature)?;
        self.check_time(timestamp).map(drop)
    }

    /// Verifies a body as it was received.
    ///
    /// # Errors
    ///
    /// [`InboundErrorKind`](crate::InboundErrorKind) has all reasons. If only the time is wrong, a
    /// warning with both clocks is logged.
    pub fn verify(&self, body: &[u8], headers: &HeaderMap) -> Result<Verified<Body>, InboundError> {
        if body.len() > self.max_body_bytes {
            return Err(InboundError::too_large(self.max_body_bytes));
        }
        check_coding(headers)?;
        let timestamp = self
            .keys
            .verify(body, headers)
            .map_err(InboundError::signature)?;
        let age = self.check_time(timestamp)?;
        let body = Body::new(Zeroizing::new(body.to_vec()));
        Ok(Verified::new(body, timestamp, age))
    }

    /// The age of a signature; an error if it is outside of the tolerance.
    fn check_time(&self, timestamp: u64) -> Result<Duration, InboundError> {
        let now = self.clock.unix_millis();
        let age = Duration::from_millis(now.saturating_sub(timestamp));
        let ahead = Duration::from_millis(timestamp.saturating_sub(now));
        let error = if let Some(outside) = beyond(age, self.max_age) {
            InboundError::too_old(outside)
        } else if let Some(outside) = beyond(ahead, self.max_future) {
            InboundError::in_future(outside)
        } else {
            return Ok(age);
        };
        tracing::warn!(
            local_clock_ms = now,
            timestamp_ms = timestamp,
            "a webhook or callback is refused because of the time of its signature; it is old or forged, \
             or the local clock is wrong: synchronise the local clock"
        );
        Err(error)
    }
}

fn check_coding(headers: &HeaderMap) -> Result<(), InboundError> {
    coding(headers).map_or(Ok(()), |coding| Err(InboundError::encoded(coding)))
}

/// By how many milliseconds `value` is larger than `limit`; `None` if it is not.
fn beyond(value: Duration, limit: Duration) -> Option<u64> {
    let outside = value.checked_sub(limit).filter(|rest| !rest.is_zero())?;
    Some(u64::try_from(outside.as_millis()).unwrap_or(u64::MAX))
}

impl fmt::Debug for InboundVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboundVerifier")
            .field("keys", &self.keys)
            .field("max_future", &self.max_future)
            .field("max_age", &self.max_age)
            .field("max_body_bytes", &self.max_body_bytes)
            .finish_non_exhaustive()
    }
}
