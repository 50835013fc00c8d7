//! Reads and verifies requests.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use cobo_auth::{InboundError, InboundVerifier, Verified};
use futures_util::StreamExt as _;
use http::HeaderMap;
use tokio::sync::Semaphore;

use crate::rejection::Rejection;

/// How many bodies are read at the same time, unless the app sets another number.
pub(crate) const MAX_READING: usize = 256;

/// The limits of reading bodies, for [`callback`](fn@crate::callback) and [`Webhook`](crate::Webhook): how
/// long a body may take, and how many are read at the same time.
///
/// Add them to the routes as an [`Extension`](axum::Extension). All routes with the same limits, and
/// with clones of them, share the number of bodies. An [`Inbox`](crate::Inbox) and a
/// [`VerifyLayer`](crate::VerifyLayer) have their own settings and ignore the extension.
///
/// ```
/// use std::time::Duration;
///
/// use axum::Extension;
/// use cobo_auth::{Environment, InboundVerifier};
/// use cobo_axum::{ReadLimits, Webhook};
/// use cobo_waas2::webhooks::Event;
///
/// async fn webhook(Webhook(event): Webhook<Event>) {
///     println!("{}", event.type_);
/// }
///
/// let limits = ReadLimits::new()
///     .max_reading(32)
///     .read_limit(Duration::from_secs(2));
/// let app: axum::Router = axum::Router::new()
///     .route("/webhook", axum::routing::post(webhook))
///     .layer(Extension(limits))
///     .with_state(InboundVerifier::new(&Environment::production())?);
/// # Ok::<(), cobo_auth::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ReadLimits {
    /// How long reading a body may take.
    limit: Duration,
    /// One permit for each body that is being read.
    bodies: Arc<Semaphore>,
}

impl ReadLimits {
    /// Creates the default limits: 5 seconds for a body, and 256 bodies at the same time.
    #[must_use]
    pub fn new() -> Self {
        Self {
            // Cobo waits for 2 seconds.
            limit: Duration::from_secs(5),
            bodies: Arc::new(Semaphore::new(MAX_READING)),
        }
    }

    /// Sets how long reading a body may take. After that, the answer is 408.
    #[must_use]
    pub fn read_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Sets how many bodies are read at the same time, at least one. Beyond that the answer is 503. Each of
    /// them may take up to three times the memory of the
    /// [largest body](InboundVerifier::with_max_body_bytes).
    #[must_use]
    pub fn max_reading(mut self, bodies: usize) -> Self {
        let bodies = bodies.clamp(1, Semaphore::MAX_PERMITS);
        self.bodies = Arc::new(Semaphore::new(bodies));
        self
    }

    /// Whether no body can arrive in time.
    pub(crate) fn is_zero(&self) -> bool {
        self.limit.is_zero()
    }

    /// The limits of the routes that got this request, or else `default`.
    pub(crate) fn of(request: &Request, default: &Self) -> Self {
        request.extensions().get().unwrap_or(default).clone()
    }
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self::new()
    }
}

/// Reads and verifies the body of a request. Its headers are checked first, so that the body of a
/// request without signature headers is not read.
pub(crate) async fn receive(
    verifier: &InboundVerifier,
    request: Request,
    read_limits: &ReadLimits,
) -> Result<Verified<cobo_auth::Body>, Rejection> {
    let (parts, body) = request.into_parts();
    receive_body(verifier, &parts.headers, body, read_limits).await
}

/// Like [`receive`], for a request whose headers and body are separate already.
pub(crate) async fn receive_body(
    verifier: &InboundVerifier,
    headers: &HeaderMap,
    body: Body,
    read_limits: &ReadLimits,
) -> Result<Verified<cobo_auth::Body>, Rejection> {
    verifier.check_headers(headers)?;
    let Ok(_permit) = read_limits.bodies.try_acquire() else {
        tracing::warn!(
            "a webhook or callback was refused: too many bodies are being read; if Cobo sends that \
             many, set a higher `max_reading`"
        );
        return Err(Rejection::LATER);
    };
    let body = read(headers, body, verifier.max_body_bytes());
    let limit = read_limits.limit;
    let Ok(body) = tokio::time::timeout(limit, body).await else {
        tracing::warn!("a webhook or callback was refused: its body took longer than {limit:?}");
        return Err(Rejection::SLOW);
    };
    Ok(verifier.verify(&body?, headers)?)
}

/// Reads a body of at most `limit` bytes. A larger one is not read to its end.
async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<Vec<u8>, Rejection> {
    let announced = headers.get(http::header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(InboundError::too_large(limit).into());
    }
    let mut bytes = Vec::new();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Rejection::INCOMPLETE)?;
        if bytes.len() + chunk.len() > limit {
            return Err(InboundError::too_large(limit).into());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
