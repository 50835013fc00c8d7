use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;
use tower_layer::Layer;
use tower_service::Service;

type BoxError = Box<dyn Error + Send + Sync>;

/// An attempt to open a connection, after it has ended. The hook of
/// [`HttpOptions::on_connect`](crate::HttpOptions::on_connect) gets it.
#[derive(Debug)]
#[non_exhaustive]
pub struct ConnectAttempt<'a> {
    /// How long it took: name resolution, TCP, the proxy, and TLS.
    pub took: Duration,
    /// How it ended.
    pub outcome: ConnectOutcome<'a>,
}

/// How an attempt to open a connection ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConnectOutcome<'a> {
    /// The connection is open.
    Connected,
    /// There is no connection.
    Failed(&'a (dyn Error + Send + Sync)),
    /// The attempt was given up before it ended: after the
    /// [`connect_timeout`](crate::HttpOptions::connect_timeout), or because the call ended.
    Abandoned,
}

pub(super) type ConnectHook = Arc<dyn Fn(&ConnectAttempt<'_>) + Send + Sync>;

/// Calls the hook after each attempt of the connector below it.
#[derive(Clone)]
pub(super) struct HookLayer(pub(super) ConnectHook);

impl<S> Layer<S> for HookLayer {
    type Service = HookService<S>;

    fn layer(&self, connector: S) -> HookService<S> {
        HookService {
            connector,
            hook: self.0.clone(),
        }
    }
}

#[derive(Clone)]
pub(super) struct HookService<S> {
    connector: S,
    hook: ConnectHook,
}

impl<S, R> Service<R> for HookService<S>
where
    S: Service<R, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let attempt = Attempt {
            hook: Some(self.hook.clone()),
            started: Instant::now(),
        };
        let connecting = self.connector.call(request);
        Box::pin(async move {
            let result = connecting.await;
            attempt.end(match &result {
                Ok(_) => ConnectOutcome::Connected,
                Err(error) => ConnectOutcome::Failed(&**error),
            });
            result
        })
    }
}

/// Reports an attempt once: when it ends, or when it is dropped before.
struct Attempt {
    hook: Option<ConnectHook>,
    started: Instant,
}

impl Attempt {
    fn end(mut self, outcome: ConnectOutcome<'_>) {
        self.report(outcome);
    }

    fn report(&mut self, outcome: ConnectOutcome<'_>) {
        let Some(hook) = self.hook.take() else {
            return;
        };
        let attempt = ConnectAttempt {
            took: self.started.elapsed(),
            outcome,
        };
        // A panic here would end the call, or abort the program while another panic drops the attempt.
        if catch_unwind(AssertUnwindSafe(|| hook(&attempt))).is_err() {
            tracing::error!("the function of `HttpOptions::on_connect` panicked");
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.report(ConnectOutcome::Abandoned);
    }
}
