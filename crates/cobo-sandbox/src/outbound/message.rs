//! Messages: webhook events and callbacks.

use serde_json::{Value, json};

use super::status::{DeliveryState, DeliveryStatus};

/// A webhook event or a callback, for [`Sandbox::deliver`](crate::Sandbox::deliver).
///
/// ```
/// use cobo_sandbox::Message;
/// use serde_json::json;
///
/// let data = json!({ "data_type": "Chains", "chains": [] });
/// let event = Message::event("http://127.0.0.1:8080/webhook", "wallet.chain.enabled", data);
/// let event = event.id("event-1");
/// ```
#[derive(Clone, Debug)]
#[must_use = "a message is sent only by `Sandbox::deliver`"]
pub struct Message {
    pub(crate) url: String,
    pub(crate) id: Option<String>,
    /// When it was created, in milliseconds since 1970; by default the time of the delivery.
    pub(crate) created_ms: Option<u64>,
    pub(crate) content: Content,
    pub(crate) tampered: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    Event {
        event_type: String,
        data: Value,
        /// The id of the registered endpoint that it is for; `None` if a test delivers it.
        endpoint_id: Option<String>,
    },
    /// The transaction that the callback asks about.
    Callback {
        transaction: Value,
        /// The organization, if a transaction of the sandbox waits for the decision.
        waiting: Option<String>,
    },
}

impl Message {
    /// Creates a webhook event. The sandbox adds `event_id`, `created_timestamp` and the state of the delivery.
    pub fn event(url: impl Into<String>, event_type: impl Into<String>, data: Value) -> Self {
        let event_type = event_type.into();
        let endpoint_id = None;
        Self::new(
            url.into(),
            Content::Event {
                event_type,
                data,
                endpoint_id,
            },
        )
    }

    /// Creates a callback that asks about a transaction. The receiver must answer with the plain text `ok`
    /// or `deny`.
    pub fn callback(url: impl Into<String>, transaction: Value) -> Self {
        let waiting = None;
        Self::new(
            url.into(),
            Content::Callback {
                transaction,
                waiting,
            },
        )
    }

    pub(crate) fn new(url: String, content: Content) -> Self {
        Self {
            url,
            id: None,
            created_ms: None,
            content,
            tampered: false,
        }
    }

    /// Sets the `event_id`; by default a unique one.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Changes the body after it was signed, so that the signature is wrong. The receiver must refuse it.
    pub fn tampered(mut self) -> Self {
        self.tampered = true;
        self
    }

    /// How many attempts Cobo makes.
    pub(crate) fn max_attempts(&self) -> usize {
        match self.content {
            Content::Event { .. } => 10,
            Content::Callback { .. } => 30,
        }
    }

    /// The message with the state of its delivery, as it is sent and listed. A callback does not show that state.
    pub(crate) fn shown(&self, id: &str, created_ms: u64, state: DeliveryState) -> Value {
        match &self.content {
            Content::Event {
                event_type, data, ..
            } => {
                let mut event = json!({
                    "event_id": id,
                    "url": self.url,
                    "created_timestamp": created_ms,
                    "type": event_type,
                    "data": data,
                    "status": state.status.name(),
                });
                if state.status == DeliveryStatus::Retrying {
                    event["retries_left"] = json!(state.left);
                }
                if let Some(next_ms) = state.next_ms {
                    event["next_retry_timestamp"] = json!(next_ms);
                }
                event
            }
            Content::Callback { transaction, .. } => transaction.clone(),
        }
    }
}
