//! Operations that let the sandbox send: a test event, or a message again.

use serde_json::Value;

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
    let place = call.place();
    let id = place.get(parameter).and_then(Value::as_str);
    let delivery = state
        .delivery(id.unwrap_or_default())
        .ok_or_else(|| Failure::unknown_object("the sandbox has sent no message with this id"))?;
    if delivery.status() == DeliveryStatus::Success {
        return Err(Failure::malformed("the message was delivered already"));
    }
    state.deliver(delivery.message());
    Ok(())
}
