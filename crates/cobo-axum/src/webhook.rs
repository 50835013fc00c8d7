use std::sync::LazyLock;

use axum::extract::{FromRef, FromRequest, Request};
use cobo_auth::{InboundVerifier, Verified};
use serde::de::DeserializeOwned;

use crate::receive::{ReadLimits, receive};
use crate::rejection::Rejection;

/// For all extractors of the process whose routes set no limits.
static DEFAULT_LIMITS: LazyLock<ReadLimits> = LazyLock::new(ReadLimits::new);

/// An extractor for a verified webhook or callback. The server's state must contain an
/// [`InboundVerifier`].
///
/// It verifies the event and does not record it. To acknowledge within 2 seconds and lose nothing, use
/// an [`Inbox`](crate::Inbox). A body that does not decode as `T` is answered with 400, and Cobo gives
/// up after its last attempt; an inbox records such a body.
///
/// A signature does not say which app or organization an event is for: check that, see
/// [`Inbox`](crate::Inbox). A body must arrive within 5 seconds, and all extractors of the process read at
/// most 256 bodies at the same time; beyond that the answer is 503. [`ReadLimits`] sets other limits for
/// some routes.
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
        let read_limits = ReadLimits::of(&request, &DEFAULT_LIMITS);
        let verified = receive(&InboundVerifier::from_ref(state), request, &read_limits).await?;
        Ok(Self(verified.parse()?))
    }
}
