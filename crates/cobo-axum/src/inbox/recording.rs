//! Verifies and records an event before it is acknowledged.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use axum::extract::Request;
use bytes::Bytes;
use cobo_auth::{Body, Verified, double_sha256};
use cobo_waas2::webhooks::Event;
use http::StatusCode;
use serde::Deserialize;

use super::Shared;
use crate::log::{LogError, NewEvent, Recorded};
use crate::receive::receive;
use crate::rejection::Rejection;

/// A longer event ID is replaced with a digest of the body.
const MAX_ID_BYTES: usize = 256;

/// The only part of an event that recording needs.
#[derive(Deserialize)]
struct Identified {
    event_id: String,
}

impl Shared {
    /// Answers a webhook.
    pub(super) async fn accept(self: Arc<Self>, request: Request) -> Result<StatusCode, Rejection> {
        let body = receive(&self.verifier, request, &self.read_limits).await?;
        let accepted = self.is_accepted(&body);
        // The body is genuine. It is recorded even if it does not decode as an event.
        let event = identified(body.into_inner().into_bytes());
        let id = event.id.clone();
        let recorded = match accepted {
            Ok(true) => self.record_in_time(event).await,
            Ok(false) => {
                tracing::info!(
                    event_id = id,
                    "an event was acknowledged and dropped: the filter refused it"
                );
                return Ok(StatusCode::OK);
            }
            Err(why) => Err(why.to_owned()),
        };
        match recorded {
            Ok(Recorded::New) => tracing::debug!(event_id = id, "recorded an event"),
            Ok(Recorded::Duplicate) => tracing::debug!(event_id = id, "an event arrived again"),
            Err(why) => {
                tracing::error!(event_id = id, "an event was not acknowledged: {why}");
                return Err(Rejection::LATER);
            }
        }
        Ok(StatusCode::OK)
    }

    /// Whether the filter accepts an event. It is not asked about a body that does not decode. A panic is an error
    /// without its message, which can contain a part of the event.
    fn is_accepted(&self, body: &Verified<Body>) -> Result<bool, &'static str> {
        let Some(filter) = &self.filter else {
            return Ok(true);
        };
        let Ok(event) = body.parse::<Event>() else {
            return Ok(true);
        };
        // The event is not used after a panic. What the filter itself holds is the app's.
        catch_unwind(AssertUnwindSafe(|| filter(&event))).map_err(|_| "the filter panicked")
    }

    /// Records an event, or says why that was not possible within the limit.
    async fn record_in_time(self: &Arc<Self>, event: NewEvent) -> Result<Recorded, String> {
        match tokio::time::timeout(self.record_limit, self.record(event)).await {
            Ok(recorded) => recorded.map_err(|error| error.to_string()),
            Err(_) => Err(format!(
                "the event log took longer than {:?}",
                self.record_limit
            )),
        }
    }

    /// Records an event. Goes on if the connection ends or the limit is reached.
    async fn record(self: &Arc<Self>, event: NewEvent) -> Result<Recorded, LogError> {
        let Ok(permit) = Arc::clone(&self.recording).try_acquire_owned() else {
            return Err(LogError::Failed(
                "too many events are being recorded; the disk is too slow".into(),
            ));
        };
        let shared = Arc::clone(self);
        self.on_log(async move |log| {
            let _permit = permit;
            let recorded = log.record(event, shared.time.now()).await;
            shared.recorded.notify_one();
            recorded
        })
        .await
    }
}

/// The event with its ID, or with a digest of the body if it has none.
fn identified(body: Bytes) -> NewEvent {
    let id = cobo_model::decode::<Identified>(&body).ok();
    let id = id.map(|event| event.event_id);
    let id = id.filter(|id| !id.is_empty() && id.len() <= MAX_ID_BYTES);
    NewEvent {
        id: id.unwrap_or_else(|| hex::encode(double_sha256([&*body]))),
        body,
    }
}
