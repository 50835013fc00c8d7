use cobo_auth::DecodeError;
use cobo_model::FieldValue;
use cobo_model::macros::RawJson;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::models::{WebhookEventData, WebhookEventStatus, WebhookEventType};

/// A webhook event. Its data is of any type; a handler of a [`Router`](super::Router) gets an event
/// with data of one type.
///
/// An event decodes whatever its data is. Data of an unknown type is kept whole as
/// [`WebhookEventData::Unknown`], as is data of a known type that does not decode, with the reason
/// in [`data_error`](Self::data_error).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Event<D = WebhookEventData> {
    /// ID of the event, the same in each delivery attempt. Use it to ignore an event that arrives
    /// twice.
    pub event_id: Option<String>,
    /// Endpoint that the event is for.
    pub url: String,
    /// When the event occurred, in milliseconds since 1970. It is the same in each delivery
    /// attempt.
    pub created_timestamp: i64,
    /// What happened.
    pub type_: WebhookEventType,
    /// The data.
    pub data: D,
    /// Why data of a known type does not decode. It names paths and no values.
    pub data_error: Option<DecodeError>,
    /// State of the delivery.
    pub status: Option<WebhookEventStatus>,
    /// When Cobo tries again, in milliseconds since 1970.
    pub next_retry_timestamp: Option<i64>,
    /// How often Cobo will still try.
    pub retries_left: Option<i64>,
}

impl Event {
    /// Splits the event into its data and the rest.
    pub(super) fn split(mut self) -> (WebhookEventData, Event<()>) {
        let data = std::mem::replace(&mut self.data, WebhookEventData::placeholder());
        (data, self.with_data(()))
    }
}

impl<D> Event<D> {
    /// The event with this data.
    pub(super) fn with_data<T>(self, data: T) -> Event<T> {
        Event {
            event_id: self.event_id,
            url: self.url,
            created_timestamp: self.created_timestamp,
            type_: self.type_,
            data,
            data_error: self.data_error,
            status: self.status,
            next_retry_timestamp: self.next_retry_timestamp,
            retries_left: self.retries_left,
        }
    }
}

/// An event as it arrives.
#[derive(Clone, Debug)]
struct Envelope {
    event_id: Option<String>,
    url: String,
    created_timestamp: i64,
    type_: WebhookEventType,
    data: Data,
    status: Option<WebhookEventStatus>,
    next_retry_timestamp: Option<i64>,
    retries_left: Option<i64>,
}
cobo_model::model! {
    Envelope {
        0 event_id?, 1 url, 2 created_timestamp, 3 type_ = "type", 4 data, 5 status?,
        6 next_retry_timestamp?, 7 retries_left?,
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let envelope = Envelope::deserialize(deserializer)?;
        Ok(Self {
            event_id: envelope.event_id,
            url: envelope.url,
            created_timestamp: envelope.created_timestamp,
            type_: envelope.type_,
            data: envelope.data.value,
            data_error: envelope.data.error,
            status: envelope.status,
            next_retry_timestamp: envelope.next_retry_timestamp,
            retries_left: envelope.retries_left,
        })
    }
}

/// Data that decodes as a known type, or is kept as received.
#[derive(Clone, Debug)]
struct Data {
    value: WebhookEventData,
    error: Option<DecodeError>,
}

impl FieldValue for Data {
    fn placeholder() -> Self {
        Self {
            value: WebhookEventData::placeholder(),
            error: None,
        }
    }
}

impl Serialize for Data {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = RawJson::deserialize(deserializer)?;
        let text = serde_json::to_string(&raw).map_err(D::Error::custom)?;
        match cobo_model::decode(text.as_bytes()) {
            Ok(value) => Ok(Self { value, error: None }),
            Err(error) => Ok(Self {
                value: WebhookEventData::Unknown(raw.decode::<Value, _>()?),
                error: Some(error),
            }),
        }
    }
}
