//! Transactions that wait for a call before they go on.

use serde_json::{Value, json};

use crate::reply::Failure;
use crate::waas2::check::unknown;
use crate::waas2::kind::{Kind, Pause};
use crate::waas2::store::{Store, Stored};

/// Lets the object with this id go on, and returns it.
pub(super) fn go_on(
    store: &mut Store,
    org_id: &str,
    kind: &Kind,
    id: &str,
    pause: &Pause,
    now_ms: u64,
) -> Result<Value, Failure> {
    let object = waiting(store, org_id, kind, id, pause, now_ms)?;
    object.go_on(now_ms);
    Ok(object.at(now_ms))
}

/// Lets all objects with these ids go on, or none, and returns their ids and request ids.
pub(super) fn go_on_each(
    store: &mut Store,
    org_id: &str,
    kind: &Kind,
    ids: &[&str],
    pause: &Pause,
    now_ms: u64,
) -> Result<Value, Failure> {
    for id in ids {
        waiting(store, org_id, kind, id, pause, now_ms)?;
    }
    let mut receipts = Vec::new();
    for id in ids {
        // An error means that the list names the object twice.
        if let Ok(object) = go_on(store, org_id, kind, id, pause, now_ms) {
            let request_id = &object["request_id"];
            receipts.push(json!({ "request_id": request_id, kind.id: id }));
        }
    }
    Ok(Value::Array(receipts))
}

/// Finds an object that waits for the call that ends this pause.
fn waiting<'a>(
    store: &'a mut Store,
    org_id: &str,
    kind: &Kind,
    id: &str,
    pause: &Pause,
    now_ms: u64,
) -> Result<&'a mut Stored, Failure> {
    let object = store
        .get_mut(org_id, kind, id)
        .ok_or_else(|| unknown(kind))?;
    if object.waits_in(pause, now_ms) {
        return Ok(object);
    }
    let (name, status) = (kind.name, &object.at(now_ms)["status"]);
    Err(Failure::malformed(format!(
        "the {name} is {status} and does not wait for this call: create it with the right \
         `transaction_process_type`, and call this once, when it is {}",
        pause.state
    )))
}
