use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use axum::body::HttpBody;
use bytes::Bytes;
use cobo_auth::{Body, InboundVerifier, Verified};
use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::receive::{ReadLimits, receive_body};
use crate::rejection::Rejection;

/// A tower layer for servers other than axum: it verifies each request, and passes it on with a
/// [`Verified`] body. A request that does not verify never reaches the inner service.
///
/// The inner service gets the type `Request<Verified<Body>>`, so it cannot be used without the layer by
/// mistake. The limits and the answers are those of the extractor [`Webhook`](crate::Webhook). The body
/// of the inner response must be made from a text, such as `axum::body::Body` or
/// `http_body_util::Full<Bytes>`.
///
/// It does not record events: the inner service must store an event before it acknowledges it. A signature does
/// not say which app or organization an event is for: the inner service must check that, see
/// [`Inbox`](crate::Inbox).
///
/// ```
/// use std::convert::Infallible;
/// use std::future::{Ready, ready};
/// use std::task::{Context, Poll};
///
/// use cobo_auth::{Body, Environment, InboundVerifier, Verified};
/// use cobo_axum::VerifyLayer;
/// use cobo_waas2::webhooks::Event;
/// use http::{Request, Response};
/// use tower_layer::Layer;
/// use tower_service::Service;
///
/// #[derive(Clone)]
/// struct Webhooks;
///
/// impl Service<Request<Verified<Body>>> for Webhooks {
///     type Response = Response<axum::body::Body>;
///     type Error = Infallible;
///     type Future = Ready<Result<Self::Response, Infallible>>;
///
///     fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
///         Poll::Ready(Ok(()))
///     }
///
///     fn call(&mut self, request: Request<Verified<Body>>) -> Self::Future {
///         let event = request.body().parse::<Event>();
///         println!("{:?}", event.map(|event| event.event_id.clone()));
///         ready(Ok(Response::default()))
///     }
/// }
///
/// let layer = VerifyLayer::new(InboundVerifier::new(&Environment::production())?);
/// let service = layer.layer(Webhooks);
/// # Ok::<(), cobo_auth::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct VerifyLayer {
    verifier: InboundVerifier,
    read_limits: ReadLimits,
}

impl VerifyLayer {
    /// Creates a layer that reads a body within 5 seconds, and at most 256 bodies at the same time.
    pub fn new(verifier: InboundVerifier) -> Self {
        Self {
            verifier,
            read_limits: ReadLimits::new(),
        }
    }

    /// Sets how long reading a body may take. After that, the answer is 408.
    #[must_use]
    pub fn read_limit(mut self, limit: Duration) -> Self {
        self.read_limits = self.read_limits.read_limit(limit);
        self
    }

    /// Sets how many bodies are read at the same time, at least one. Beyond that the answer is 503. Each of
    /// them may take up to three times the memory of the
    /// [largest body](InboundVerifier::with_max_body_bytes).
    #[must_use]
    pub fn max_reading(mut self, bodies: usize) -> Self {
        self.read_limits = self.read_limits.max_reading(bodies);
        self
    }
}

impl<S> Layer<S> for VerifyLayer {
    type Service = Verify<S>;

    fn layer(&self, inner: S) -> Verify<S> {
        Verify {
            layer: self.clone(),
            inner,
        }
    }
}

/// The service of a [`VerifyLayer`].
#[derive(Debug, Clone)]
pub struct Verify<S> {
    layer: VerifyLayer,
    inner: S,
}

impl<S, B, R> Service<Request<B>> for Verify<S>
where
    S: Service<Request<Verified<Body>>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    R: From<&'static str>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The service that was polled, and not its clone, is ready.
        let ready = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, ready);
        let VerifyLayer {
            verifier,
            read_limits,
        } = self.layer.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = axum::body::Body::new(body);
            match receive_body(&verifier, &parts.headers, body, &read_limits).await {
                Ok(verified) => inner.call(Request::from_parts(parts, verified)).await,
                Err(rejection) => Ok(response(rejection)),
            }
        })
    }
}

/// The same answer as axum makes from a [`Rejection`].
fn response<R: From<&'static str>>(rejection: Rejection) -> Response<R> {
    let mut response = Response::new(R::from(rejection.text()));
    *response.status_mut() = rejection.status();
    *response.headers_mut() = rejection.headers();
    response
}
