//! Drops keys that carry no meaning: those without a value, or with a value of another OpenAPI version. The report
//! lists them.

use serde_json::{Map, Value};

use super::table::{DOCUMENT, Object, RESPONSE, Shape};
use crate::document::{Document, at, item, reference};

/// Drops these keys, and returns a note for each.
pub(in crate::stage::load) fn mend(document: &mut Document) -> Vec<String> {
    let mut notes = Vec::new();
    object(&mut document.root, "", &DOCUMENT, &mut notes);
    notes
}

fn object(value: &mut Value, pointer: &str, object: &'static Object, notes: &mut Vec<String>) {
    if reference(value).is_some() {
        return;
    }
    let Some(map) = value.as_object_mut() else {
        return;
    };
    for (key, shape) in object.fields {
        let pointer = at(pointer, key);
        if map
            .get(*key)
            .is_some_and(|value| is_ignored(key, shape, value))
        {
            map.shift_remove(*key);
            notes.push(format!("{pointer}: left out, since it says nothing"));
        } else if let Some(value) = map.get_mut(*key) {
            self::value(value, &pointer, shape, notes);
        }
    }
}

fn is_ignored(key: &str, shape: &Shape, value: &Value) -> bool {
    match (key, shape) {
        // Before 2013 JSON Schema used a boolean `required` on a property; now it is a list of names.
        ("required", Shape::Texts) => value.is_null() || value.is_boolean(),
        // JSON Schema uses a list here; OpenAPI 3.0 requires an object.
        ("examples", _) => !value.is_object(),
        // Texts without a value are skipped where they are read.
        (_, Shape::Prose) => false,
        _ => value.is_null(),
    }
}

fn value(value: &mut Value, pointer: &str, shape: &Shape, notes: &mut Vec<String>) {
    match shape {
        Shape::Of(of) | Shape::FlagOr(of) => object(value, pointer, of, notes),
        Shape::List(of) => {
            for (index, value) in value.as_array_mut().into_iter().flatten().enumerate() {
                object(value, &item(pointer, index), of, notes);
            }
        }
        Shape::Map(of) => map(value, pointer, of, notes),
        Shape::Responses => map(value, pointer, &RESPONSE, notes),
        _ => {}
    }
}

/// Visits a map. Its keys are names, so a name without a value is not dropped.
fn map(value: &mut Value, pointer: &str, of: &'static Object, notes: &mut Vec<String>) {
    for (name, value) in value.as_object_mut().into_iter().flat_map(Map::iter_mut) {
        object(value, &at(pointer, name), of, notes);
    }
}
