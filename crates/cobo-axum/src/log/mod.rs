//! Where events are kept between their arrival and their handling.

pub(crate) mod memory;
#[cfg(feature = "redb")]
pub(crate) mod redb;

use std::error::Error;

use async_trait::async_trait;
use bytes::Bytes;

/// Keeps events from their arrival until they are handled, and remembers which were handled.
///
/// All times are Unix milliseconds. An event is *waiting*, *claimed* by a worker, *parked* after
/// too many failures, or *done*. A log that outlives its process must make events that were
/// claimed when it ended claimable again.
#[async_trait]
pub trait EventLog: Send + Sync + 'static {
    /// Records an event, waiting from now on. When this returns, the event is as durable as the
    /// log: it is acknowledged to Cobo then.
    ///
    /// # Errors
    ///
    /// [`LogError::Full`], or the log failed. The event is not acknowledged, and Cobo sends it
    /// again.
    async fn record(&self, event: NewEvent, now: u64) -> Result<Recorded, LogError>;

    /// Claims the waiting event that has been due for the longest time.
    ///
    /// # Errors
    ///
    /// The log failed.
    async fn claim(&self, now: u64) -> Result<Claim, LogError>;

    /// Marks a claimed event as done. Its ID is remembered for a limited time, so that it is not
    /// recorded again.
    ///
    /// # Errors
    ///
    /// The log failed.
    async fn done(&self, id: &str, now: u64) -> Result<(), LogError>;

    /// Gives a claimed event back. It is due at `due`.
    ///
    /// # Errors
    ///
    /// The log failed.
    async fn retry(&self, id: &str, due: u64) -> Result<(), LogError>;

    /// Parks a claimed event. It is not claimed until it is released.
    ///
    /// # Errors
    ///
    /// The log failed.
    async fn park(&self, id: &str, reason: &str) -> Result<(), LogError>;

    /// The parked events, for an operator.
    ///
    /// # Errors
    ///
    /// The log failed.
    async fn parked(&self) -> Result<Vec<ParkedEvent>, LogError>;

    /// Makes a parked event wait again, as if it had just arrived. Returns whether it was parked.
    ///
    /// # Errors
    ///
    /// The log failed.
    async fn release(&self, id: &str, now: u64) -> Result<bool, LogError>;
}

/// A verified event.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// What [`EventLog::claim`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// An event, claimed until it is done, given back or parked.
    Event {
        /// Its ID.
        id: String,
        /// Its body as received.
        body: Bytes,
        /// 1 for the first attempt to handle it.
        attempt: u32,
    },
    /// No event is due. The next one is due at this time, if one is waiting.
    Nothing {
        /// In Unix milliseconds.
        next_due: Option<u64>,
    },
}

/// An event that was parked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedEvent {
    /// Its ID.
    pub id: String,
    /// Its body as received.
    pub body: Bytes,
    /// Why the last attempt failed.
    pub reason: String,
}

/// The failure of an event log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The log has as many events as it may have.
    #[error("the event log is full; events are handled too slowly, or too many are parked")]
    Full,
    /// The log cannot be read or written.
    #[error("the event log failed: {0}")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}
