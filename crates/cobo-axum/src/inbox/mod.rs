//! Receives events, records them, acknowledges them, and calls their handlers.

pub(crate) mod builder;
mod recording;
mod time;
mod worker;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::routing::{MethodRouter, post};
use cobo_auth::InboundVerifier;
use cobo_waas2::webhooks::{Event, Router};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::inbox::builder::InboxBuilder;
use crate::inbox::time::LogTime;
use crate::log::{Counts, EventLog, LogError, ParkedEvent};
use crate::receive::ReadLimits;

/// Receives webhooks so that none is lost.
///
/// A webhook is verified, recorded in the [`EventLog`], and acknowledged only then; if that is not
/// possible within the limit, the answer is 503 and Cobo sends it again. A bounded number of workers
/// calls the handlers. After a failure, a worker calls the handler again, with increasing pauses, and
/// parks an event that keeps failing. So a handler runs at least once for each event, and must be idempotent.
///
/// A genuine body that is not an event of this version is recorded whole, and parked by the first
/// attempt to handle it.
///
/// An event without a handler is parked, too. Set [`otherwise`](Router::otherwise) to ignore the types
/// that you do not handle.
///
/// A signature does not say which app or organization an event is for. All customers of Cobo get events
/// that verify with the same key, and any of them can register your URL: then genuine events about
/// wallets that are not yours arrive. Compare the `wallet_id` (transactions, addresses, balances) or the
/// `org_id` (organizations) of the data with your own: in the handlers, or in a
/// [`filter`](InboxBuilder::filter), which also keeps such events out of the log.
///
/// The log bounds the events that wait, and the parked ones separately. Beyond either bound the answer
/// is 503. So look at [`counts`](Self::counts) from time to time, and [`release`](Self::release) or
/// [`discard`](Self::discard) the [`parked`](Self::parked) events.
///
/// Dropping an inbox does not stop its workers; [`shutdown`](Self::shutdown) does.
pub struct Inbox {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

/// Decides whether an event is recorded.
type Filter = Box<dyn Fn(&Event) -> bool + Send + Sync>;

/// What the route and the workers share.
struct Shared {
    verifier: InboundVerifier,
    log: Arc<dyn EventLog>,
    handlers: Router,
    time: LogTime,
    /// Wakes a worker after an event was recorded.
    recorded: Notify,
    /// One permit for each event that is being recorded.
    recording: Arc<Semaphore>,
    stop: watch::Sender<bool>,
    read_limits: ReadLimits,
    filter: Option<Filter>,
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

    /// Returns the route for the webhook endpoint: `POST`, answered with 200, or with 400, 401,
    /// 408, 413 or 503 and a short text.
    pub fn route<S: Clone + Send + Sync + 'static>(&self) -> MethodRouter<S> {
        let shared = Arc::clone(&self.shared);
        post(move |request: Request| {
            let shared = Arc::clone(&shared);
            async move { shared.accept(request).await }
        })
    }

    /// Returns at most `limit` parked events, with the reason of the last failure, in the order
    /// of their IDs. `after` is the last ID of the previous page; without it, this is the first page.
    ///
    /// # Errors
    ///
    /// The log failed.
    pub async fn parked(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<ParkedEvent>, LogError> {
        self.shared.log.parked(after, limit).await
    }

    /// Makes a parked event wait for its handler again. Returns whether it was parked.
    ///
    /// # Errors
    ///
    /// The log failed.
    pub async fn release(&self, id: &str) -> Result<bool, LogError> {
        let released = self.shared.log.release(id, self.shared.time.now()).await?;
        self.shared.recorded.notify_one();
        Ok(released)
    }

    /// Removes a parked event that needs no handling, and returns it. Returns `None` if it is not
    /// parked. If Cobo sends it again, it is not recorded again.
    ///
    /// # Errors
    ///
    /// The log failed.
    pub async fn discard(&self, id: &str) -> Result<Option<ParkedEvent>, LogError> {
        let discarded = self.shared.log.discard(id, self.shared.time.now()).await?;
        if discarded.is_some() {
            tracing::warn!(event_id = id, "a parked event was discarded");
        }
        Ok(discarded)
    }

    /// Returns how many events wait or are being handled, and how many are parked.
    ///
    /// # Errors
    ///
    /// The log failed.
    pub async fn counts(&self) -> Result<Counts, LogError> {
        self.shared.log.counts().await
    }

    /// Waits for the running handlers, and stops the workers. Events that arrive later are still
    /// recorded and acknowledged, so stop the server first.
    ///
    /// If the log cannot write the result of a handler, it is tried five more times, at intervals of
    /// 1 second. After that, the event is handled again: after the next start, or when its lease ends.
    pub async fn shutdown(self) {
        self.shared.stop.send_replace(true);
        for worker in self.workers {
            // A worker does not panic: each handler and each call of the log has its own task.
            let _ = worker.await;
        }
    }
}

impl Shared {
    /// How long after the log was asked for an event its handler must end; `None` without a lease.
    fn claim_limit(&self) -> Option<Duration> {
        self.log.lease().map(|lease| lease / 4 * 3)
    }

    /// How long the handler of an event may take for which the log was asked at this time.
    fn handler_limit(&self, asked: Instant) -> Duration {
        let rest = self
            .claim_limit()
            .map(|limit| limit.saturating_sub(asked.elapsed()));
        rest.map_or(self.handler_limit, |rest| rest.min(self.handler_limit))
    }

    /// Calls the log in a separate task: a panic ends that task only, and the call goes on if the
    /// caller stops waiting.
    async fn on_log<T, F>(&self, call: impl FnOnce(Arc<dyn EventLog>) -> F) -> Result<T, LogError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, LogError>> + Send + 'static,
    {
        let task = tokio::spawn(call(Arc::clone(&self.log)));
        task.await
            .unwrap_or_else(|panicked| Err(LogError::Failed(panicked.into())))
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
