//! Where events are kept between their arrival and their handling.

pub(crate) mod memory;
#[cfg(feature = "redb")]
pub(crate) mod redb;
#[cfg(feature = "redis")]
pub(crate) mod redis;

use std::error::Error;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

/// How long the ID of an event that is done is remembered, in milliseconds.
const REMEMBERED: u64 = Duration::from_secs(7 * 24 * 60 * 60).as_millis() as u64;
/// How many IDs one call forgets at most. A call adds at most one, so the number of IDs falls back to
/// its bound.
const FORGOTTEN_PER_CALL: usize = 16;
/// How many events may be parked, unless the app sets another number.
const MAX_PARKED: usize = 100_000;

/// Keeps events from their arrival until they are handled, and remembers which were handled.
///
/// An event is *waiting*, *claimed* by a worker, *parked* after too many failures, or *done*. A log
/// that outlives its process must make events that were claimed when it ended claimable again.
///
/// All times are milliseconds of one clock that the caller chooses. It starts at Unix time and does
/// not go back while the process runs.
///
/// A log has two bounds: one for events that are waiting or claimed, and one for parked events.
/// Beyond either of them, [`record`](Self::record) refuses new events. It never removes an event to
/// make room.
///
/// A call may be repeated after an error, although the first one took effect. The second one must
/// then change nothing.
///
/// A call may also arrive late, when its claim has ended and another worker has claimed the event.
/// So [`retry`](Self::retry) and [`park`](Self::park) have the number of the claim, and must change
/// nothing unless the event has exactly this claim: otherwise two workers would handle the event at
/// the same time. A late [`done`](Self::done) counts: the event has been handled, and the result of
/// the other worker then changes nothing.
///
/// A log is trusted. Events are verified before they are recorded, and not again afterwards: a person
/// or program that can write to the log can make the handlers see any event.
#[async_trait]
pub trait EventLog: Send + Sync + 'static {
    /// Records an event, which then waits. When this returns, the event is as durable as the log
    /// promises, because it is acknowledged to Cobo next. This also holds for a duplicate.
    ///
    /// # Errors
    ///
    /// [`LogError::Full`], [`LogError::TooManyParked`], or the log failed. The event is not
    /// acknowledged, and Cobo sends it again.
    async fn record(&self, event: NewEvent, now: u64) -> Result<Recorded, LogError>;

    /// Claims the waiting event that has been due for the longest time.
    ///
    /// # Errors
    ///
    /// The log failed.
    async fn claim(&self, now: u64) -> Result<Claim, LogError>;

    /// Marks an event as done and removes it. Its ID is remembered for a limited time, so that it is
    /// not recorded again. Changes nothing if the event is parked or not in the log.
    ///
    /// # Errors
    ///
    /// The log failed.
    async fn done(&self, id: &str, now: u64) -> Result<(), LogError>;

    /// Makes a claimed event wait until `due`. Changes nothing unless the event has the claim
    /// with this number.
    ///
    /// # Errors
    ///
    /// The log failed.
    async fn retry(&self, id: &str, claim: u32, due: u64) -> Result<(), LogError>;

    /// Parks a claimed event. It cannot be claimed until it is released. Changes nothing unless the event
    /// has the claim with this number. The bound of parked events does not apply here.
    ///
    /// # Errors
    ///
    /// The log failed.
    async fn park(&self, id: &str, claim: u32, reason: &str) -> Result<(), LogError>;

    /// Returns at most `limit` parked events, in the order of their IDs: those with an ID after
    /// `after`, or the first ones.
    ///
    /// # Errors
    ///
    /// The log failed.
    async fn parked(&self, after: Option<&str>, limit: usize)
    -> Result<Vec<ParkedEvent>, LogError>;

    /// Makes a parked event wait again, as if it had just arrived. Its next claim is the first attempt,
    /// but has a new number. Returns whether it was parked. The bound of waiting events does not apply
    /// here.
    ///
    /// # Errors
    ///
    /// The log failed.
    async fn release(&self, id: &str, now: u64) -> Result<bool, LogError>;

    /// Removes a parked event without handling it, and returns it. Its ID is remembered as for
    /// [`done`](Self::done). `None` if it is not parked.
    ///
    /// # Errors
    ///
    /// The log failed.
    async fn discard(&self, id: &str, now: u64) -> Result<Option<ParkedEvent>, LogError>;

    /// Returns how many events are in the log.
    ///
    /// # Errors
    ///
    /// The log failed.
    async fn counts(&self) -> Result<Counts, LogError>;

    /// Returns the time after which a claim ends by itself, so that another process may claim the event. An
    /// inbox stops a handler before that. `None` if claims end only with the process.
    fn lease(&self) -> Option<Duration> {
        None
    }
}

/// A verified event. `Debug` does not show its body.
#[derive(Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// The `event_id`, or a digest of the body if it has none.
    pub id: String,
    /// The body as received.
    pub body: Bytes,
}

/// What [`EventLog::record`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// The event is new.
    New,
    /// An event with this ID is in the log already, or was handled.
    Duplicate,
}

/// What [`EventLog::claim`] found. `Debug` does not show the body of an event.
#[derive(Clone, PartialEq, Eq)]
pub enum Claim {
    /// An event, claimed until it is done, given back or parked.
    Event {
        /// Its ID.
        id: String,
        /// Its body as received.
        body: Bytes,
        /// 1 for the first attempt to handle it, and for the first one after a release.
        attempt: u32,
        /// The number of this claim. No other claim of the event has it, also after a release.
        claim: u32,
    },
    /// No event is due. The next one is due at this time, if one is waiting.
    Nothing {
        /// In milliseconds of the caller's clock.
        next_due: Option<u64>,
    },
}

/// An event that was parked. `Debug` does not show its body.
#[derive(Clone, PartialEq, Eq)]
pub struct ParkedEvent {
    /// Its ID.
    pub id: String,
    /// Its body as received.
    pub body: Bytes,
    /// Why the last attempt failed.
    pub reason: String,
}

impl fmt::Debug for NewEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewEvent")
            .field("id", &self.id)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event {
                id,
                body,
                attempt,
                claim,
            } => f
                .debug_struct("Event")
                .field("id", id)
                .field("body_bytes", &body.len())
                .field("attempt", attempt)
                .field("claim", claim)
                .finish(),
            Self::Nothing { next_due } => f
                .debug_struct("Nothing")
                .field("next_due", next_due)
                .finish(),
        }
    }
}

impl fmt::Debug for ParkedEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParkedEvent")
            .field("id", &self.id)
            .field("body_bytes", &self.body.len())
            .field("reason", &self.reason)
            .finish()
    }
}

/// How many events a log has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events that are waiting or claimed.
    pub unfinished: usize,
    /// Events that are parked.
    pub parked: usize,
}

/// The bounds of a log.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    unfinished: usize,
    parked: usize,
}

impl Bounds {
    fn new(unfinished: usize) -> Self {
        Self {
            unfinished,
            parked: MAX_PARKED,
        }
    }

    /// Refuses bounds with which no event could be recorded.
    #[cfg(any(feature = "redb", feature = "redis"))]
    fn validate(&self) -> Result<(), LogError> {
        let refused = |why: &'static str| Err(LogError::Failed(why.into()));
        if self.unfinished == 0 {
            refused("invalid capacity: with 0, no event could be recorded; set at least 1")
        } else if self.parked == 0 {
            refused("invalid `max_parked`: with 0, no event could be recorded; set at least 1")
        } else {
            Ok(())
        }
    }

    /// Whether a log with these events may record one more.
    fn check(&self, counts: Counts) -> Result<(), LogError> {
        if counts.unfinished >= self.unfinished {
            Err(LogError::Full)
        } else if counts.parked >= self.parked {
            Err(LogError::TooManyParked)
        } else {
            Ok(())
        }
    }
}

/// The failure of an event log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The log has its maximum number of waiting and claimed events.
    #[error(
        "the event log is full: handlers are too slow or fail, so too many events wait; correct the \
         handlers, or raise the capacity"
    )]
    Full,
    /// The log has its maximum number of parked events.
    #[error(
        "the event log has reached its limit of parked events; release or discard some, or raise the \
         limit"
    )]
    TooManyParked,
    /// The log cannot be read or written.
    #[error("the event log failed: {0}")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}
