//! Creates objects.

use serde_json::{Map, Value};

use crate::reply::Failure;
use crate::waas2::check::{check, unknown};
use crate::waas2::kind::{Kind, Made, Rule};
use crate::waas2::make::Ingredients;
use crate::waas2::store::Store;

/// Refuses a request that names an object which the organization does not have.
pub(crate) fn refer(
    store: &Store,
    ingredients: &Ingredients<'_>,
    kind: &Kind,
) -> Result<(), Failure> {
    for (pointer, other) in kind.refers {
        for id in ids(ingredients.request, pointer) {
            if store.get(ingredients.org_id, other, id).is_none() {
                return Err(unknown(other));
            }
        }
    }
    Ok(())
}

/// The ids at a pointer. `/*` means each item of a list.
fn ids<'a>(request: &'a Value, pointer: &'a str) -> impl Iterator<Item = &'a str> {
    let (list, rest) = pointer.split_once("/*").unwrap_or((pointer, ""));
    let found = request.pointer(list);
    let items = match found {
        Some(Value::Array(items)) => items.as_slice(),
        found => found.map_or(&[][..], std::slice::from_ref),
    };
    let values = items
        .iter()
        .filter_map(move |item| item.pointer(rest)?.as_str());
    values.filter(|id| !id.is_empty())
}

/// Creates an object, if the document allows it.
pub(crate) fn create(
    store: &mut Store,
    ingredients: &Ingredients<'_>,
    rule: &'static Rule,
    extra: &[(&str, Made)],
    place: &Map<String, Value>,
) -> Result<Value, Failure> {
    let number = store.number();
    let object = ingredients.object(rule.kind, extra, number);
    check(ingredients.specification, rule.kind, &object)?;
    let (org_id, now_ms) = (ingredients.org_id, ingredients.now_ms);
    store.insert(org_id, rule, place.clone(), object.clone(), now_ms);
    Ok(object)
}
