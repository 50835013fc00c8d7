//! Receives events, records them, acknowledges them, and has them handled.

pub(crate) mod builder;
mod worker;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::routing::{MethodRouter, post};
use bytes::Bytes;
use cobo_auth::{Clock, InboundVerifier, double_sha256};
use cobo_waas2::webhooks::{Event, Router};
use http::StatusCode;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::inbox::builder::InboxBuilder;
use crate::log::{EventLog, LogError, NewEvent, ParkedEvent, Recorded};
use crate::rejection::Rejection;
use crate::webhook::receive;

/// Receives webhooks so that none is lost.
///
/// A webhook is verified, recorded in the [`EventLog`], and acknowledged only then; if that is not
/// possible within the limit, the answer is 503 and Cobo sends it again. A bounded number of workers
/// calls the handlers, again with increasing pauses after a failure, and parks an event that keeps
/// failing. So a handler runs at least once for each event, and must be idempotent.
///
/// Dropping an inbox does not stop its workers; [`shutdown`](Self::shutdown) does.
pub struct Inbox {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

/// What the route and the workers share.
struct Shared {
    verifier: InboundVerifier,
    log: Arc<dyn EventLog>,
    handlers: Router,
    clock: Arc<dyn Clock>,
    /// Wakes a worker after an event was recorded.
    recorded: Notify,
    stop: watch::Sender<bool>,
    record_limit: Duration,
    handler_limit: Duration,
    max_attempts: u32,
    first_pause: Duration,
    longest_pause: Duration,
}

impl Inbox {
    /// Starts an inbox with other settings than the defaults.
    pub fn builder(
        verifier: InboundVerifier,
        log: impl EventLog,
        handlers: Router,
    ) -> InboxBuilder {
        InboxBuilder::new(verifier, Arc::new(log), handlers)
    }

    /// The route for the webhook endpoint: `POST`, answered with 200, or with 400, 401, 413 or 503
    /// and a short text.
    pub fn route<S: Clone + Send + Sync + 'static>(&self) -> MethodRouter<S> {
        let shared = Arc::clone(&self.shared);
        post(move |request: Request| {
            let shared = Arc::clone(&shared);
            async move { shared.accept(request).await }
        })
    }

    /// The events that failed too often, with the reason of the last failure.
    ///
    /// # Errors
    ///
    /// The log failed.
    pub async fn parked(&self) -> Result<Vec<ParkedEvent>, LogError> {
        self.shared.log.parked().await
    }

    /// Has a parked event handled again. Returns whether it was parked.
    ///
    /// # Errors
    ///
    /// The log failed.
    pub async fn release(&self, id: &str) -> Result<bool, LogError> {
        let released = self.shared.log.release(id, self.shared.now()).await?;
        self.shared.recorded.notify_one();
        Ok(released)
    }

    /// Stops the workers, after the handlers that are running. Events that arrive later are still
    /// recorded and acknowledged, so stop the server first.
    pub async fn shutdown(self) {
        self.shared.stop.send_replace(true);
        for worker in self.workers {
            // A worker does not panic: each handler has its own task.
            let _ = worker.await;
        }
    }
}

impl Shared {
    async fn accept(self: Arc<Self>, request: Request) -> Result<StatusCode, Rejection> {
        let body = receive(&self.verifier, request).await?;
        let event = body.parse::<Event>()?;
        let body: Bytes = body.into_inner().into_bytes();
        let id = event.event_id.clone().filter(|id| !id.is_empty());
        let id = id.unwrap_or_else(|| hex::encode(double_sha256([&*body])));
        let new = NewEvent {
            id: id.clone(),
            body,
        };
        // Its own task: if the connection ends or the limit is reached, recording goes on.
        let shared = Arc::clone(&self);
        let task = tokio::spawn(async move {
            let recorded = shared.log.record(new, shared.now()).await;
            shared.recorded.notify_one();
            recorded
        });
        let why = match tokio::time::timeout(self.record_limit, task).await {
            Ok(Ok(Ok(Recorded::New))) => {
                tracing::debug!(event_id = id, event = %event.type_, "recorded an event");
                return Ok(StatusCode::OK);
            }
            Ok(Ok(Ok(Recorded::Duplicate))) => {
                tracing::debug!(event_id = id, "an event arrived again");
                return Ok(StatusCode::OK);
            }
            Ok(Ok(Err(error))) => error.to_string(),
            Ok(Err(_)) => "the event log panicked".to_owned(),
            Err(_) => format!("the event log took longer than {:?}", self.record_limit),
        };
        tracing::error!(event_id = id, "an event was not acknowledged: {why}");
        Err(Rejection::LATER)
    }

    fn now(&self) -> u64 {
        self.clock.unix_millis()
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox")
            .field("workers", &self.workers.len())
            .field("handlers", &self.shared.handlers)
            .finish_non_exhaustive()
    }
}
