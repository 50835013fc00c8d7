//! Writes each union and enum in one form: `nullable` is its only keyword that affects values.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::document::{Document, entries, flag, items};
use crate::report::Log;
use crate::schema::{self, is_union, is_wide, named};
use crate::stage::Stage;

/// Keywords that may stand beside a union without restricting its values.
const BESIDE: [&str; 12] = [
    "oneOf",
    "anyOf",
    "discriminator",
    "nullable",
    "title",
    "description",
    "example",
    "examples",
    "deprecated",
    "default",
    "readOnly",
    "writeOnly",
];

pub(super) fn plain(document: &mut Document, log: &mut Log) {
    let scalars: BTreeMap<String, Value> = document
        .components("schemas")
        .filter(|(_, schema)| scalar(schema).is_some())
        .map(|(name, schema)| (name.clone(), schema.clone()))
        .collect();
    schema::each_mut(&mut document.root, &mut |pointer, schema, _| {
        let Some(map) = schema.as_object_mut() else {
            return;
        };
        let mut change = |text: &str| log.change(Stage::Hoist, format!("{pointer}: {text}"));
        if map.contains_key("enum") {
            enumeration(map, &mut change);
        }
        if is_union(&Value::Object(map.clone())) {
            union(map, &mut change);
            one_scalar(map, &scalars, &mut change);
        }
    });
}

fn enumeration(map: &mut Map<String, Value>, change: &mut dyn FnMut(&str)) {
    let Some(Value::Array(values)) = map.get_mut("enum") else {
        return;
    };
    let before = values.len();
    values.retain(|value| !value.is_null());
    let null = before > values.len();
    let texts = values.iter().all(Value::is_string);
    let integers = values.iter().all(Value::is_i64);
    let empty = values.is_empty();
    if null {
        change("`null` is not a value of an enum: the place is nullable");
        map.insert("nullable".to_owned(), Value::Bool(true));
    }
    let kind = map.get("type").and_then(Value::as_str);
    let open = match kind {
        _ if empty => Some("it has no values"),
        None if texts || integers => {
            let kind = if texts { "string" } else { "integer" };
            map.insert("type".to_owned(), json!(kind));
            None
        }
        Some("string") if texts => None,
        Some("integer") if integers => None,
        // A string enum with unquoted values: `1`, `true`.
        Some("string") => {
            if let Some(Value::Array(values)) = map.get_mut("enum") {
                for value in values.iter_mut().filter(|value| !value.is_string()) {
                    *value = Value::String(value.to_string());
                }
            }
            change("its values are text");
            None
        }
        None => Some("its values are of different types"),
        Some(_) => Some("its values are of another type, or outside of 64 bits"),
    };
    if let Some(reason) = open {
        map.shift_remove("enum");
        if kind_is_integer(map) && !empty {
            map.insert("type".to_owned(), json!("number"));
            map.shift_remove("format");
        }
        change(&format!("dropped `enum`: {reason}"));
    }
}

fn kind_is_integer(map: &Map<String, Value>) -> bool {
    map.get("type").and_then(Value::as_str) == Some("integer")
}

fn union(map: &mut Map<String, Value>, change: &mut dyn FnMut(&str)) {
    for key in ["oneOf", "anyOf"] {
        let Some(Value::Array(parts)) = map.get_mut(key) else {
            continue;
        };
        let before = parts.len();
        parts.retain(|part| !is_null(part));
        if parts.len() < before {
            let empty = parts.is_empty();
            map.insert("nullable".to_owned(), Value::Bool(true));
            change(&format!(
                "`null` is not a part of `{key}`: the place is nullable"
            ));
            if empty {
                map.shift_remove(key);
                continue;
            }
        }
        if items(map.get(key)).all(is_requirement) {
            map.shift_remove(key);
            change(&format!(
                "dropped `{key}`, which only says what is required"
            ));
        }
    }
    let single = ["oneOf", "anyOf"].into_iter().find(|key| {
        map.get(*key)
            .and_then(Value::as_array)
            .is_some_and(|parts| parts.len() == 1)
    });
    if let Some(key) = single
        && !map.contains_key("discriminator")
        && let Some(Value::Array(parts)) = map.shift_remove(key)
    {
        change(&format!("`{key}` of one part is that part"));
        all_of(map, parts);
    }
    let beside: Vec<String> = map
        .iter()
        .filter(|(key, value)| !is_beside(key, value))
        .map(|(key, _)| key.clone())
        .collect();
    if beside.is_empty() || !is_union(&Value::Object(map.clone())) {
        return;
    }
    change(&format!("its variants have {} as well", beside.join(", ")));
    let union: Map<String, Value> = ["oneOf", "anyOf", "discriminator"]
        .into_iter()
        .filter_map(|key| Some((key.to_owned(), map.shift_remove(key)?)))
        .collect();
    all_of(map, vec![Value::Object(union)]);
}

/// The type of a schema that is a string, a number or a boolean.
fn scalar(schema: &Value) -> Option<&str> {
    let kind = schema.get("type").and_then(Value::as_str)?;
    ["string", "integer", "number", "boolean"]
        .contains(&kind)
        .then_some(kind)
}

/// A union whose parts are all of one scalar type is that type: how they differ is not told. What
/// one of them allows, it allows.
fn one_scalar(
    map: &mut Map<String, Value>,
    scalars: &BTreeMap<String, Value>,
    change: &mut dyn FnMut(&str),
) {
    let parts: Vec<&Value> = ["oneOf", "anyOf"]
        .iter()
        .flat_map(|key| items(map.get(*key)))
        .collect();
    let schemas: Vec<&Value> = parts
        .iter()
        .filter_map(|part| match named(part) {
            Some(name) => scalars.get(&name),
            None => Some(*part),
        })
        .collect();
    let Some(kind) = schemas.first().and_then(|schema| scalar(schema)) else {
        return;
    };
    let same = schemas.iter().all(|schema| scalar(schema) == Some(kind));
    if !same || schemas.len() < parts.len() {
        return;
    }
    change(&format!(
        "each of its variants is of the type {kind}, so it is"
    ));
    let wide = schemas.iter().any(|schema| is_wide(schema));
    let kind = if wide { "number" } else { kind };
    let kind = json!(kind);
    let nullable = parts
        .iter()
        .chain(&schemas)
        .any(|part| flag(part, "nullable"));
    for key in ["oneOf", "anyOf", "discriminator"] {
        map.shift_remove(key);
    }
    map.insert("type".to_owned(), kind);
    if nullable {
        map.insert("nullable".to_owned(), Value::Bool(true));
    }
}

fn all_of(map: &mut Map<String, Value>, parts: Vec<Value>) {
    let slot = map.entry("allOf").or_insert_with(|| json!([]));
    if let Value::Array(all) = slot {
        all.extend(parts);
    }
}

fn is_beside(key: &str, value: &Value) -> bool {
    BESIDE.contains(&key) || key.starts_with("x-") || (key == "type" && value == "object")
}

/// Whether the part is `null`, in any of the forms that tools use in OpenAPI 3.0.
fn is_null(part: &Value) -> bool {
    let Some(map) = part.as_object() else {
        return false;
    };
    let only_null = items(part.get("enum")).all(Value::is_null);
    let says = |key: &str| matches!(key, "nullable" | "enum" | "description" | "title" | "type");
    map.contains_key("nullable")
        && map.keys().all(|key| says(key))
        && ((map.contains_key("enum") && only_null)
            || (!map.contains_key("enum") && !map.contains_key("type")))
}

/// Whether the part consists only of `required`.
fn is_requirement(part: &Value) -> bool {
    part.get("required").is_some()
        && entries(Some(part))
            .all(|(key, value)| key == "required" || (key == "type" && value == "object"))
}
