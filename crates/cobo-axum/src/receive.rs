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

/// The limits of reading bodies. Clones share the number of bodies.
#[derive(Debug, Clone)]
pub(crate) struct ReadLimits {
    /// How long reading a body may take.
    pub(crate) limit: Duration,
    /// One permit for each body that is being read.
    bodies: Arc<Semaphore>,
}

impl ReadLimits {
    /// The limits unless the app sets others. Cobo waits for 2 seconds.
    pub(crate) fn new() -> Self {
        Self {
            limit: Duration::from_secs(5),
            bodies: Arc::new(Semaphore::new(MAX_READING)),
        }
    }

    /// Sets how many bodies are read at the same time, at least one.
    pub(crate) fn set_max_bodies(&mut self, bodies: usize) {
        let bodies = bodies.clamp(1, Semaphore::MAX_PERMITS);
        self.bodies = Arc::new(Semaphore::new(bodies));
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
             many, use an `Inbox` or a `VerifyLayer` with a higher `max_reading`"
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
