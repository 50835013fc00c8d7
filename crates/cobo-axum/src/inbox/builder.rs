use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cobo_auth::{Clock, InboundVerifier, SystemClock};
use cobo_waas2::webhooks::{Event, Router};
use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore, watch};

use super::time::LogTime;
use super::{Inbox, Shared, worker};
use crate::log::EventLog;
use crate::receive::{MAX_READING, ReadLimits};

/// Configures and starts an [`Inbox`].
pub struct InboxBuilder {
    shared: Shared,
    workers: usize,
    max_recording: usize,
    max_reading: usize,
}

/// An [`Inbox`] cannot start: a setting makes no sense, or there is no tokio runtime.
#[derive(Debug, thiserror::Error)]
#[error("the inbox cannot start: {0}")]
pub struct StartError(&'static str);

impl InboxBuilder {
    pub(super) fn new(verifier: InboundVerifier, log: Arc<dyn EventLog>, handlers: Router) -> Self {
        Self {
            shared: Shared {
                verifier,
                log,
                handlers,
                time: LogTime::new(Arc::new(SystemClock)),
                recorded: Notify::new(),
                recording: Arc::new(Semaphore::new(0)), // set by `start`
                stop: watch::Sender::new(false),
                read_limits: ReadLimits::new(),
                filter: None,
                // Cobo waits for 2 seconds.
                record_limit: Duration::from_millis(1_500),
                handler_limit: Duration::from_secs(60),
                max_attempts: 20,
                first_pause: Duration::from_secs(1),
                longest_pause: Duration::from_secs(600),
            },
            workers: 4,
            max_recording: 64,
            max_reading: MAX_READING,
        }
    }

    /// Sets which events are recorded: those for which `filter` returns true. All others are answered
    /// with 200 and dropped, so that Cobo does not send them again. Default: all.
    ///
    /// A signature does not say which app or organization an event is for, see [`Inbox`]. With a filter,
    /// events about wallets that are not yours take no place in the log. An event that it drops by
    /// mistake is lost: return true for data that it does not know.
    ///
    /// A body that does not decode as an event is recorded without asking. The filter is called before
    /// the answer, so it must not block. If it panics, the event is not recorded, the answer is 503, and
    /// Cobo sends the event again.
    ///
    /// ```
    /// use cobo_axum::InboxBuilder;
    /// use cobo_waas2::models::WebhookEventData;
    ///
    /// fn only_ours(builder: InboxBuilder, wallet_id: String) -> InboxBuilder {
    ///     builder.filter(move |event| match &event.data {
    ///         WebhookEventData::Transaction(data) => data.wallet_id == wallet_id,
    ///         _ => true,
    ///     })
    /// }
    /// ```
    #[must_use]
    pub fn filter(mut self, filter: impl Fn(&Event) -> bool + Send + Sync + 'static) -> Self {
        self.shared.filter = Some(Box::new(filter));
        self
    }

    /// Sets how many events are handled at the same time. Default: 4.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// Sets how many events are recorded at the same time. Beyond that the answer is 503. Each of them
    /// may use a thread that waits for the disk. Default: 64.
    #[must_use]
    pub fn max_recording(mut self, events: usize) -> Self {
        self.max_recording = events;
        self
    }

    /// Sets how many bodies are read at the same time. Beyond that the answer is 503. Each of them may
    /// take up to three times the memory of the [largest body](InboundVerifier::with_max_body_bytes),
    /// which has 1 MiB by default. Default: 256.
    #[must_use]
    pub fn max_reading(mut self, bodies: usize) -> Self {
        self.max_reading = bodies;
        self
    }

    /// Sets how long reading a body may take. After that, the answer is 408, and Cobo sends the event
    /// again. Default: 5 s.
    #[must_use]
    pub fn read_limit(mut self, limit: Duration) -> Self {
        self.shared.read_limits = self.shared.read_limits.read_limit(limit);
        self
    }

    /// Sets how long recording may take. After that, the answer is 503, and recording goes on. Default:
    /// 1.5 s, because Cobo waits for 2 s.
    #[must_use]
    pub fn record_limit(mut self, limit: Duration) -> Self {
        self.shared.record_limit = limit;
        self
    }

    /// Sets how long a handler may take. After that, it is stopped, and called again later. Default: 60 s,
    /// but at most three quarters of the log's [lease](EventLog::lease), from the time at which the log was
    /// asked for the event.
    ///
    /// A handler is stopped where it awaits. One that blocks its thread, with `std::thread::sleep` or
    /// a blocking database client, cannot be stopped: it keeps its thread, it may run at the same time
    /// as its next attempt, and a few of them stop the whole runtime. Use
    /// `tokio::task::spawn_blocking` for such work, and make that work end by itself.
    #[must_use]
    pub fn handler_limit(mut self, limit: Duration) -> Self {
        self.shared.handler_limit = limit;
        self
    }

    /// Sets after how many failed attempts an event is parked. Default: 20, which with the default
    /// [`pauses`](Self::pauses) are spread over 1 hour and 47 minutes.
    ///
    /// An event is parked at its first attempt if no other attempt can succeed: it does not decode, or it
    /// has no handler.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.shared.max_attempts = attempts;
        self
    }

    /// Sets the pause after the first failure, which doubles with each further one, and the longest
    /// pause. Default: 1 s and 10 minutes.
    ///
    /// If the local clock was set back before a restart, an event waits for the longest pause at most.
    #[must_use]
    pub fn pauses(mut self, first: Duration, longest: Duration) -> Self {
        self.shared.first_pause = first;
        self.shared.longest_pause = longest;
        self
    }

    /// Replaces the machine's clock, which decides when an event is due again. Unix time is read only
    /// once, here; after that, only the monotonic clock is read.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.shared.time = LogTime::new(Arc::new(clock));
        self
    }

    /// Starts the workers on the current tokio runtime.
    ///
    /// A router without [`otherwise`](Router::otherwise) logs a warning: each event without a handler is
    /// then parked, and beyond the limit of parked events, new ones are answered with 503.
    ///
    /// # Errors
    ///
    /// A number or a limit is zero, the first pause is zero or longer than the longest one, the log has
    /// a lease of zero, or this is called outside of a tokio runtime.
    pub fn start(mut self) -> Result<Inbox, StartError> {
        self.check()?;
        self.warn_if_lease_is_short();
        if !self.shared.handlers.has_otherwise() {
            tracing::warn!(
                "the router of an inbox has no `otherwise`: each event without a handler is parked, and \
                 when too many are parked, new events are answered with 503; to ignore these events, add \
                 `.otherwise(async |_| Ok::<_, std::io::Error>(()))`"
            );
        }
        let recording = self.max_recording.min(Semaphore::MAX_PERMITS);
        self.shared.recording = Arc::new(Semaphore::new(recording));
        self.shared.read_limits = self.shared.read_limits.max_reading(self.max_reading);
        let shared = Arc::new(self.shared);
        let workers = (0..self.workers).map(|_| tokio::spawn(worker::run(Arc::clone(&shared))));
        Ok(Inbox {
            workers: workers.collect(),
            shared,
        })
    }

    /// Refuses settings with which no event would be handled.
    fn check(&self) -> Result<(), StartError> {
        let shared = &self.shared;
        let problems = [
            (self.workers == 0, "`workers` is 0; set at least 1"),
            (
                self.max_recording == 0,
                "`max_recording` is 0; set at least 1",
            ),
            (self.max_reading == 0, "`max_reading` is 0; set at least 1"),
            (
                shared.max_attempts == 0,
                "`max_attempts` is 0; set at least 1",
            ),
            (
                shared.read_limits.is_zero(),
                "`read_limit` is zero; set a longer one",
            ),
            (
                shared.record_limit.is_zero(),
                "`record_limit` is zero; set a longer one",
            ),
            (
                shared.handler_limit.is_zero(),
                "`handler_limit` is zero; set a longer one",
            ),
            (
                shared.first_pause.is_zero(),
                "the first of the `pauses` is zero; set a longer one",
            ),
            (
                shared.first_pause > shared.longest_pause,
                "the first of the `pauses` is longer than the longest one",
            ),
            (
                shared.log.lease().is_some_and(|lease| lease.is_zero()),
                "the event log has a lease of zero; set a longer one",
            ),
            (
                Handle::try_current().is_err(),
                "there is no tokio runtime; call `start` in an async function of tokio",
            ),
        ];
        match problems.into_iter().find(|(is_wrong, _)| *is_wrong) {
            Some((_, why)) => Err(StartError(why)),
            None => Ok(()),
        }
    }

    fn warn_if_lease_is_short(&self) {
        let limit = self.shared.handler_limit;
        let longest = self.shared.claim_limit();
        let Some(longest) = longest.filter(|&longest| longest < limit) else {
            return;
        };
        tracing::warn!(
            "the limit of handlers is reduced from {limit:?} to {longest:?}: a claim must not expire \
             while its handler runs; set a longer lease of the event log"
        );
    }
}

impl fmt::Debug for InboxBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboxBuilder")
            .field("workers", &self.workers)
            .field("handlers", &self.shared.handlers)
            .finish_non_exhaustive()
    }
}
