use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cobo_auth::{Clock, InboundVerifier, SystemClock};
use cobo_waas2::webhooks::Router;
use tokio::sync::{Notify, Semaphore, watch};

use super::time::LogTime;
use super::{Inbox, Shared, worker};
use crate::log::EventLog;
use crate::receive::READ_LIMIT;

/// Configures and starts an [`Inbox`].
pub struct InboxBuilder {
    shared: Shared,
    workers: usize,
}

impl InboxBuilder {
    pub(super) fn new(verifier: InboundVerifier, log: Arc<dyn EventLog>, handlers: Router) -> Self {
        Self {
            shared: Shared {
                verifier,
                log,
                handlers,
                time: LogTime::new(Arc::new(SystemClock)),
                recorded: Notify::new(),
                recording: Arc::new(Semaphore::new(64)),
                stop: watch::Sender::new(false),
                read_limit: READ_LIMIT,
                // Cobo waits for 2 seconds.
                record_limit: Duration::from_millis(1_500),
                handler_limit: Duration::from_secs(60),
                max_attempts: 10,
                first_pause: Duration::from_secs(1),
                longest_pause: Duration::from_secs(600),
            },
            workers: 4,
        }
    }

    /// Sets how many events are handled at the same time, at least one. Default: 4.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers.max(1);
        self
    }

    /// Sets how many events are recorded at the same time, at least one. Beyond that the answer is 503.
    /// Each of them may use a thread that waits for the disk. Default: 64.
    #[must_use]
    pub fn max_recording(mut self, events: usize) -> Self {
        let events = events.clamp(1, Semaphore::MAX_PERMITS);
        self.shared.recording = Arc::new(Semaphore::new(events));
        self
    }

    /// Sets how long reading a body may take. After that, the answer is 408, and Cobo sends the event
    /// again. Default: 5 s.
    #[must_use]
    pub fn read_limit(mut self, limit: Duration) -> Self {
        self.shared.read_limit = limit;
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
    /// but at most three quarters of the log's [lease](EventLog::lease).
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

    /// Sets after how many failed attempts an event is parked, at least one. Default: 10.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.shared.max_attempts = attempts.max(1);
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
    /// # Panics
    ///
    /// It is called outside of a tokio runtime.
    pub fn start(mut self) -> Inbox {
        self.shared.handler_limit = self.limit_within_lease();
        let shared = Arc::new(self.shared);
        let workers = (0..self.workers).map(|_| tokio::spawn(worker::run(Arc::clone(&shared))));
        Inbox {
            workers: workers.collect(),
            shared,
        }
    }

    /// The limit of a handler, within the lease of the log.
    fn limit_within_lease(&self) -> Duration {
        let limit = self.shared.handler_limit;
        let longest = self.shared.log.lease().map(|lease| lease / 4 * 3);
        let Some(longest) = longest.filter(|&longest| longest < limit) else {
            return limit;
        };
        tracing::warn!(
            "the limit of handlers is reduced from {limit:?} to {longest:?}: a claim must not expire \
             while its handler runs; set a longer lease of the event log"
        );
        longest
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
