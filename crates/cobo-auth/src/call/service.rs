use std::task::{Context, Poll};

use cobo_model::IntoBody;
use tower_service::Service;

use crate::body::Body;
use crate::call::response::Response;
use crate::error::Error;
use crate::operation::{CallFuture, Request};

/// A [`tower`](https://docs.rs/tower) service that sends requests.
///
/// Layers around it see a [`Request`] before it is signed, and its verified [`Response`] or its
/// error. They cannot change a request after it was signed: signing, sending and our own retries
/// happen inside of one call of this service.
///
/// Put no layer around it that repeats a call, such as tower's `Retry`, or that sends it twice, such
/// as its `Hedge`: such a layer would send a transfer a second time although the first one may have
/// been carried out. What is safe to repeat is decided inside one call of this service, by the
/// [`RetryPolicy`](crate::RetryPolicy) of the client and by what the document says about the
/// operation. A timeout layer drops the call, and you do not learn whether it was carried out: set
/// [`HttpOptions::timeout`](crate::HttpOptions::timeout) instead.
///
/// Each request is sent by the client that made it, with the credential and the retry policy of
/// that client. So one service can limit the requests of many organizations together. A request of
/// a generated client becomes a [`Request`] with `into()`.
///
/// ```no_run
/// use cobo_auth::{Client, RequestService};
/// use http::Method;
/// use tower_service::Service as _;
///
/// # async fn example(client: Client) -> Result<(), cobo_auth::Error> {
/// let mut service = RequestService; // or a `tower::ServiceBuilder` with layers around it
/// let response = service.call(client.request(Method::GET, "/wallets")).await?;
/// let wallets: serde_json::Value = response.json()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct RequestService;

impl<B: IntoBody + Send + 'static> Service<Request<B>> for RequestService {
    type Response = Response<Body>;
    type Error = Error;
    type Future = CallFuture<Response<Body>>;

    /// Always ready.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // A layer that calls the service on a task of its own must not write bodies there.
        Box::pin(async move { request.send().await })
    }
}
