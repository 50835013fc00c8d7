//! Creates objects.

use serde_json::{Map, Value};

use crate::reply::Failure;
use crate::waas2::check::{check, unknown};
use crate::waas2::kind::{Kind, Rule};
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

/// Makes an object that is not stored yet, if the document allows it, and the number for it.
pub(super) fn make(
    store: &mut Store,
    ingredients: &Ingredients<'_>,
    rule: &Rule,
) -> Result<(u64, Value), Failure> {
    let number = store.number();
    let object = ingredients.object(rule.kind, rule.extra(), number);
    check(ingredients.specification, rule.kind, &object)?;
    Ok((number, object))
}

/// Creates an object, if the document allows it.
pub(crate) fn create(
    store: &mut Store,
    ingredients: &Ingredients<'_>,
    rule: &'static Rule,
    place: &Map<String, Value>,
) -> Result<Value, Failure> {
    let (number, object) = make(store, ingredients, rule)?;
    let (org_id, now_ms) = (ingredients.org_id, ingredients.now_ms);
    let place = place.clone();
    store.insert(number, org_id, rule, place, object.clone(), now_ms);
    Ok(object)
}
