//! Operations that let the sandbox send a test event or a message again, and those that show what it has sent.

use serde_json::Value;

use crate::outbound::{Copies, DeliveryStatus};
use crate::reply::{Failure, Reply};
use crate::state::State;
use crate::waas2::{Call, Objects};

/// The query parameter of `list_callback_messages` that filters by a property with another name.
const MESSAGE_IDS: &[(&str, &str)] = &[("callback_message_ids", "id")];

/// Sends what a call of one of these operations asks for.
pub(super) fn send(state: &State, objects: &Objects, call: &Call<'_>) -> Result<(), Failure> {
    match call.operation.id.as_str() {
        "trigger_test_webhook_event" => {
            for message in objects.test_events(call)? {
                state.deliver(message);
            }
            Ok(())
        }
        "retry_webhook_event_by_id" => send_again(state, &event(state, objects, call)?),
        "retry_callback_message" => {
            let sent = callbacks(state, call);
            send_again(state, &with_id(sent, &parameter(call, "message_id"))?)
        }
        _ => Ok(()),
    }
}

/// Answers a call that asks for what was sent; `None` if it is another call.
pub(super) fn show(
    state: &State,
    objects: &Objects,
    call: &Call<'_>,
) -> Result<Option<Reply>, Failure> {
    let value = match call.operation.id.as_str() {
        "list_webhook_events" => {
            let events = events(state, objects, call)?;
            call.list(&[], events.iter().map(Copies::event).collect())?
        }
        "get_webhook_event_by_id" => event(state, objects, call)?.event(),
        "list_webhook_event_logs" => call.list(&[], event(state, objects, call)?.logs())?,
        "list_callback_messages" => {
            let callbacks = callbacks(state, call);
            let shown = callbacks.iter().filter_map(Copies::callback);
            call.list(MESSAGE_IDS, shown.collect())?
        }
        _ => return Ok(None),
    };
    Ok(Some(Reply::json(call.operation.success.status, value)))
}

/// The events of the endpoint that a call names.
fn events(state: &State, objects: &Objects, call: &Call<'_>) -> Result<Vec<Copies>, Failure> {
    let endpoint_id = parameter(call, "endpoint_id");
    let url = objects.endpoint_url(call, &endpoint_id)?;
    // What the time has changed since the last call may have caused events.
    state.publish();
    Ok(state.outbound.events_of(&endpoint_id, &url))
}

/// The event that a call names.
fn event(state: &State, objects: &Objects, call: &Call<'_>) -> Result<Copies, Failure> {
    let events = events(state, objects, call)?;
    with_id(events, &parameter(call, "event_id"))
}

/// The callback messages of the organization that calls.
fn callbacks(state: &State, call: &Call<'_>) -> Vec<Copies> {
    let org_id = call.organization.map_or("", |it| &*it.org_id);
    state.outbound.callbacks_of(org_id)
}

fn with_id(sent: Vec<Copies>, id: &str) -> Result<Copies, Failure> {
    let found = sent.into_iter().find(|it| it.id() == id);
    found.ok_or_else(|| Failure::unknown_object("the sandbox has sent no message with this id"))
}

fn send_again(state: &State, message: &Copies) -> Result<(), Failure> {
    let last = message.last();
    if last.status() == DeliveryStatus::Success {
        return Err(Failure::malformed("the message was delivered already"));
    }
    state.deliver(last.message());
    Ok(())
}

/// A path parameter.
fn parameter(call: &Call<'_>, name: &str) -> String {
    let place = call.place();
    let value = place.get(name).and_then(Value::as_str);
    value.unwrap_or_default().to_owned()
}
