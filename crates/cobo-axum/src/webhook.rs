use axum::body::Body;
use axum::extract::{FromRef, FromRequest, Request};
use cobo_auth::{InboundError, InboundVerifier, Verified};
use futures_util::StreamExt as _;
use http::HeaderMap;
use serde::de::DeserializeOwned;

use crate::rejection::Rejection;

/// An extractor for a verified webhook or callback. The server's state must contain an
/// [`InboundVerifier`].
///
/// It verifies only. To acknowledge within 2 seconds and lose nothing, use an
/// [`Inbox`](crate::Inbox).
///
/// ```
/// use cobo_auth::{Environment, InboundVerifier};
/// use cobo_axum::Webhook;
/// use cobo_waas2::webhooks::Event;
///
/// async fn webhook(Webhook(event): Webhook<Event>) {
///     println!("{} after {:?}", event.type_, event.age());
/// }
///
/// let app: axum::Router = axum::Router::new()
///     .route("/webhook", axum::routing::post(webhook))
///     .with_state(InboundVerifier::new(&Environment::production())?);
/// # Ok::<(), cobo_auth::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Webhook<T>(pub Verified<T>);

impl<T, S> FromRequest<S> for Webhook<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
    InboundVerifier: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Rejection> {
        let verified = receive(&InboundVerifier::from_ref(state), request).await?;
        Ok(Self(verified.parse()?))
    }
}

/// Reads and verifies the body of a request.
pub(crate) async fn receive(
    verifier: &InboundVerifier,
    request: Request,
) -> Result<Verified<cobo_auth::Body>, Rejection> {
    let (parts, body) = request.into_parts();
    let body = read(&parts.headers, body, verifier.max_body_bytes()).await?;
    Ok(verifier.verify(&body, &parts.headers)?)
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
