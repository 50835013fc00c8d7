//! The delivery of a message: its attempts and its state.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use tokio::sync::{mpsc, watch};

use super::message::{Content, Message};
use super::status::DeliveryStatus;

/// The delivery of a message, with its attempts so far. A clone shows the same delivery.
#[derive(Clone)]
pub struct Delivery {
    pub(super) sent: Arc<Sent>,
    pub(super) progress: watch::Receiver<Progress>,
}

/// A message with its id and its time.
pub(crate) struct Sent {
    pub(crate) id: String,
    pub(crate) created_ms: u64,
    pub(crate) message: Message,
}

/// The attempts so far, and when the next one is made.
#[derive(Clone, Default)]
pub(crate) struct Progress {
    pub(crate) status: DeliveryStatus,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) next_ms: Option<u64>,
}

/// A message to deliver, and where the attempts are recorded.
pub(crate) struct Order {
    pub(crate) sent: Arc<Sent>,
    pub(crate) progress: watch::Sender<Progress>,
}

/// The messages to deliver.
pub(crate) type Orders = mpsc::UnboundedReceiver<Order>;

/// An attempt to deliver a message.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Attempt {
    /// When the attempt was made, in milliseconds since 1970, by the sandbox's clock.
    pub at_ms: u64,
    /// The headers that were sent, with the signature.
    pub headers: HeaderMap,
    /// The body that was sent.
    pub body: Bytes,
    /// The status of the answer; `None` if there was no complete answer.
    pub status: Option<StatusCode>,
    /// The body of the answer, at most 64 KiB.
    pub answer: String,
    /// Why there was no complete answer.
    pub error: Option<String>,
}

impl Attempt {
    /// Whether the status of the answer is one with which Cobo regards a message as delivered.
    pub(crate) fn has_success_status(&self) -> bool {
        matches!(self.status, Some(StatusCode::OK | StatusCode::CREATED))
    }
}

impl Delivery {
    /// Returns the `event_id`, or the id of the callback message.
    pub fn id(&self) -> &str {
        &self.sent.id
    }

    /// Returns the URL that the message is posted to.
    pub fn url(&self) -> &str {
        &self.sent.message.url
    }

    /// Returns the type of the event; `None` for a callback.
    pub fn event_type(&self) -> Option<&str> {
        match &self.sent.message.content {
            Content::Event { event_type, .. } => Some(event_type),
            Content::Callback { .. } => None,
        }
    }

    /// Returns the attempts so far, oldest first.
    pub fn attempts(&self) -> Vec<Attempt> {
        self.progress.borrow().attempts.clone()
    }

    /// Returns the state of the delivery.
    pub fn status(&self) -> DeliveryStatus {
        self.progress.borrow().status
    }

    /// Returns when the next attempt is made, in milliseconds since 1970; `None` before the first
    /// one and after the last one.
    pub fn next_attempt_ms(&self) -> Option<u64> {
        self.progress.borrow().next_ms
    }

    /// Waits until this many attempts were made, or the delivery has ended. Returns the attempts so far.
    pub async fn attempted(&self, count: usize) -> Vec<Attempt> {
        let reached = |progress: &Progress| progress.attempts.len() >= count;
        self.wait_for(reached).await.attempts
    }

    /// Waits until the delivery has succeeded or failed. After a failed attempt, the next one waits for the
    /// sandbox's time: advance it, or use [`Sandbox::finish`](crate::Sandbox::finish).
    pub async fn ended(&self) -> DeliveryStatus {
        self.wait_for(|_| false).await.status
    }

    /// The message, with the same id and time, to deliver it again.
    pub(crate) fn message(&self) -> Message {
        let mut message = self.sent.message.clone();
        message.id = Some(self.sent.id.clone());
        message.created_ms = Some(self.sent.created_ms);
        message
    }

    /// Waits until `fits` accepts the progress, the delivery has ended, or the sandbox has stopped.
    pub(crate) async fn wait_for(&self, fits: impl Fn(&Progress) -> bool) -> Progress {
        let mut progress = self.progress.clone();
        let ended = |it: &Progress| it.status != DeliveryStatus::Retrying;
        // An error means that the sandbox has stopped.
        let _ = progress.wait_for(|it| ended(it) || fits(it)).await;
        progress.borrow().clone()
    }
}

/// Does not show the message.
impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("id", &self.id())
            .field("url", &self.url())
            .field("event_type", &self.event_type())
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
