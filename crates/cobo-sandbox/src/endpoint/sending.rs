//! Operations that let the sandbox send: a test event, or a message again.

use http::StatusCode;

use crate::outbound::DeliveryStatus;
use crate::reply::Failure;
use crate::state::State;
use crate::waas2::{Call, Objects};

/// Sends what a call of one of these operations asks for.
pub(super) fn send(state: &State, objects: &Objects, call: &Call<'_>) -> Result<(), Failure> {
    match call.operation.id.as_str() {
        "trigger_test_webhook_event" => {
            for message in objects.test_events(call)? {
                state.deliver(message);
            }
            Ok(())
        }
        "retry_webhook_event_by_id" => send_again(state, call, "event_id"),
        "retry_callback_message" => send_again(state, call, "message_id"),
        _ => Ok(()),
    }
}

fn send_again(state: &State, call: &Call<'_>, parameter: &str) -> Result<(), Failure> {
    let values = call.operation.path.matches(call.path).unwrap_or_default();
    let id = values.into_iter().find(|(name, _)| *name == parameter);
    let id = id.and_then(|(_, value)| value).unwrap_or_default();
    let delivery = state.delivery(&id).ok_or_else(|| Failure::Api {
        status: StatusCode::NOT_FOUND,
        code: 2028,
        message: "the sandbox has sent no message with this id".to_owned(),
        allow: None,
    })?;
    if delivery.status() == DeliveryStatus::Success {
        return Err(Failure::malformed("the message was delivered already"));
    }
    state.deliver(delivery.message());
    Ok(())
}
