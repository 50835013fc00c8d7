//! Transactions that take the place of others.

use serde_json::{Value, json};

use crate::reply::Failure;
use crate::waas2::check::{check, require_state, unknown};
use crate::waas2::kind::{Made, Rule};
use crate::waas2::make::Ingredients;
use crate::waas2::store::Store;

/// Makes a transaction that replaces the one with this id, which must be in the state `from`, and returns
/// the new one. The replaced one fails at once. At Cobo, it can still be confirmed until the new one is.
pub(super) fn replace(
    store: &mut Store,
    ingredients: &Ingredients<'_>,
    rule: &'static Rule,
    (purpose, from): (&'static str, &'static str),
    id: &str,
) -> Result<Value, Failure> {
    let (kind, org_id, now_ms) = (rule.kind, ingredients.org_id, ingredients.now_ms);
    let number = store.number();
    let original = store.get_mut(org_id, kind, id);
    let original = original.ok_or_else(|| unknown(kind))?;
    let old = original.at(now_ms);
    if let Some(by) = old.pointer("/replacement/replaced_by_transaction_id") {
        return Err(Failure::malformed(format!(
            "the transaction {by} has replaced this one already"
        )));
    }
    require_state(kind, &old, &[from])?;

    let mut new = old.clone();
    if let Some(fields) = new.as_object_mut() {
        fields.remove("sub_status");
        fields.remove("failed_reason");
    }
    let first = kind.course.and_then(|course| course.states.first());
    let made = |made| ingredients.made(made, number);
    for (property, value) in [
        (kind.id, made(Made::Uuid)),
        ("request_id", made(Made::Request(&["/request_id"]))),
        ("description", made(Made::Request(&["/description"]))),
        ("status", first.map(|(state, _)| json!(state))),
        ("created_timestamp", made(Made::Milliseconds)),
        ("updated_timestamp", made(Made::Milliseconds)),
    ] {
        if let Some(value) = value {
            new[property] = value;
        }
    }
    new["replacement"] = json!({ "replaced_type": purpose, "replaced_transaction_id": id });
    check(ingredients.specification, kind, &new)?;

    let mut replacement = old["replacement"].clone();
    replacement["replaced_by_type"] = json!(purpose);
    replacement["replaced_by_transaction_id"] = new[kind.id].clone();
    let mut properties = vec![("replacement", replacement)];
    if from != "Failed" {
        properties.push(("status", json!("Failed")));
        properties.push(("sub_status", json!("ReplacedByNewTransaction")));
    }
    original.end(&properties, now_ms);
    let place = original.place.clone();
    store.insert(org_id, rule, place, new.clone(), now_ms);
    Ok(new)
}
