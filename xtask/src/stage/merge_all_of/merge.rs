//! Merges two schemas that both apply into one.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::decisions::Use;
use crate::document::{at, items, reference, schema_name};

/// The inputs of the merge rules.
pub(super) struct Rules<'a> {
    pub(super) schemas: &'a BTreeMap<String, Value>,
    /// The decisions of a person, keyed by the pointer of the property.
    pub(super) decided: &'a BTreeMap<String, Use>,
}

/// A property that two parts define differently.
pub(super) struct Conflict {
    pub(super) pointer: String,
    /// The decision of a person about which definition wins, if any.
    pub(super) decided: Option<Use>,
    /// The reason why [`merge`] makes the property raw JSON. `None`: the result is what both allow.
    pub(super) raw: Option<String>,
}

/// Whether a keyword only annotates a schema and does not restrict its values.
pub(super) fn is_annotation(key: &str) -> bool {
    matches!(
        key,
        "title"
            | "description"
            | "example"
            | "examples"
            | "default"
            | "deprecated"
            | "readOnly"
            | "writeOnly"
            | "externalDocs"
            | "xml"
    ) || key.starts_with("x-")
}

/// Merges schemas that have no `allOf`. Fails with the reason if they cannot be merged.
pub(super) fn merge(
    rules: &Rules<'_>,
    parts: Vec<Value>,
    pointer: &str,
    conflicts: &mut Vec<Conflict>,
) -> Result<Map<String, Value>, String> {
    let mut merged = Map::new();
    // `nullable` widens, so every part that restricts values must allow `null`.
    let nullable = |part: &Value| part["nullable"] == true;
    let mut narrowing = parts.iter().filter(|part| narrows(part)).peekable();
    let nullable = parts.last().is_some_and(nullable)
        || (narrowing.peek().is_some() && narrowing.all(nullable));
    for part in parts {
        let Value::Object(part) = part else { continue };
        for (key, value) in part {
            add(rules, &mut merged, &key, value, pointer, conflicts)?;
        }
    }
    let union = ["oneOf", "anyOf"]
        .iter()
        .any(|key| merged.contains_key(*key));
    if union && merged.iter().any(|(key, value)| !is_of_union(key, value)) {
        return Err("a union and other properties at once have no type here".to_owned());
    }
    if nullable {
        merged.insert("nullable".to_owned(), Value::Bool(true));
    } else {
        merged.shift_remove("nullable");
    }
    Ok(merged)
}

/// Whether a keyword adds nothing to a union beside it.
fn is_of_union(key: &str, value: &Value) -> bool {
    match key {
        "oneOf" | "anyOf" | "discriminator" | "nullable" => true,
        "type" => value == "object",
        key => is_annotation(key),
    }
}

fn narrows(part: &Value) -> bool {
    part.as_object()
        .is_some_and(|map| map.keys().any(|key| !is_annotation(key)))
}

fn add(
    rules: &Rules<'_>,
    merged: &mut Map<String, Value>,
    key: &str,
    value: Value,
    pointer: &str,
    conflicts: &mut Vec<Conflict>,
) -> Result<(), String> {
    let Some(present) = merged.get_mut(key) else {
        merged.insert(key.to_owned(), value);
        return Ok(());
    };
    if *present == value {
        return Ok(());
    }
    match key {
        "properties" => {
            let (Value::Object(present), Value::Object(new)) = (present, value) else {
                return Ok(());
            };
            for (name, new) in new {
                let pointer = at(&at(pointer, "properties"), &name);
                let old = present.get(&name).cloned();
                let property = match old {
                    None => new,
                    Some(old) => both(rules, old, new, &pointer, conflicts),
                };
                present.insert(name, property);
            }
        }
        "required" => {
            let (Value::Array(present), Value::Array(new)) = (present, value) else {
                return Ok(());
            };
            for name in new {
                if !present.contains(&name) {
                    present.push(name);
                }
            }
        }
        "enum" => {
            let both: Vec<Value> = items(Some(present))
                .filter(|old| items(Some(&value)).any(|new| new == *old))
                .cloned()
                .collect();
            if both.is_empty() {
                return Err("its parts have no value in common".to_owned());
            }
            *present = Value::Array(both);
        }
        "items" => {
            let old = present.clone();
            *present = both(rules, old, value, &at(pointer, "items"), conflicts);
        }
        "additionalProperties" if present.is_boolean() => *present = value,
        "additionalProperties" if value.is_boolean() => {}
        "additionalProperties" => {
            let old = present.clone();
            *present = both(rules, old, value, &at(pointer, key), conflicts);
        }
        // Every integer is a number, so the narrower type wins.
        "type" if *present == "number" && value == "integer" => *present = value,
        "type" if *present == "integer" && value == "number" => {}
        "type" | "oneOf" | "anyOf" | "not" | "$ref" => {
            return Err(format!("its parts have different `{key}`"));
        }
        // Bounds and formats only narrow a type, and are not enforced.
        _ => *present = value,
    }
    Ok(())
}

/// Merges the two schemas of a property that two parts define.
fn both(
    rules: &Rules<'_>,
    old: Value,
    new: Value,
    pointer: &str,
    conflicts: &mut Vec<Conflict>,
) -> Value {
    let (bare_old, bare_new) = (bare(rules.schemas, &old), bare(rules.schemas, &new));
    let empty = |value: &Value| value.as_object().is_some_and(Map::is_empty);
    if bare_old == bare_new || empty(&bare_old) {
        // The later part wins, unless the earlier one is a reference to the same schema.
        let (mut kept, other) =
            if reference(&new).is_none() && reference(&old).is_some() && bare_old == bare_new {
                (old, new)
            } else {
                (new, old)
            };
        annotate(&mut kept, &other);
        return kept;
    }
    if empty(&bare_new) {
        let mut kept = old;
        annotate(&mut kept, &new);
        return kept;
    }
    if let Some(decided) = rules.decided.get(pointer) {
        conflicts.push(Conflict {
            pointer: pointer.to_owned(),
            decided: Some(*decided),
            raw: None,
        });
        return match decided {
            Use::First => old,
            Use::Last => new,
            Use::Raw => raw(&old, &new),
        };
    }
    let whole = [resolved(rules.schemas, &old), resolved(rules.schemas, &new)];
    let has_parts = whole.iter().any(|schema| schema.get("allOf").is_some());
    let merged = if has_parts {
        Err("one of the definitions contains `allOf`".to_owned())
    } else {
        merge(rules, whole.to_vec(), pointer, conflicts)
    };
    match merged {
        Ok(merged) => {
            conflicts.push(Conflict {
                pointer: pointer.to_owned(),
                decided: None,
                raw: None,
            });
            Value::Object(merged)
        }
        Err(reason) => {
            conflicts.push(Conflict {
                pointer: pointer.to_owned(),
                decided: None,
                raw: Some(reason),
            });
            raw(&old, &new)
        }
    }
}

/// Any JSON, with the annotations of both parts.
fn raw(old: &Value, new: &Value) -> Value {
    let mut raw = Value::Object(Map::new());
    annotate(&mut raw, new);
    annotate(&mut raw, old);
    raw
}

/// Adds the annotations of `other` that `schema` lacks.
fn annotate(schema: &mut Value, other: &Value) {
    let (Some(map), Some(other)) = (schema.as_object_mut(), other.as_object()) else {
        return;
    };
    for (key, value) in other {
        if is_annotation(key) && !map.contains_key(key) {
            map.insert(key.clone(), value.clone());
        }
    }
}

fn resolved(schemas: &BTreeMap<String, Value>, schema: &Value) -> Value {
    let mut schema = schema;
    for _ in 0..64 {
        match reference(schema)
            .and_then(schema_name)
            .and_then(|name| schemas.get(&name))
        {
            Some(target) => schema = target,
            None => break,
        }
    }
    schema.clone()
}

/// The schema without annotations: only what restricts its values.
fn bare(schemas: &BTreeMap<String, Value>, schema: &Value) -> Value {
    let mut schema = resolved(schemas, schema);
    strip(&mut schema);
    schema
}

fn strip(schema: &mut Value) {
    let Some(map) = schema.as_object_mut() else {
        return;
    };
    map.retain(|key, _| !is_annotation(key));
    for (key, value) in map {
        match (key.as_str(), value) {
            ("properties", Value::Object(properties)) => properties.values_mut().for_each(strip),
            ("items" | "additionalProperties" | "not", value) => strip(value),
            ("allOf" | "oneOf" | "anyOf", Value::Array(parts)) => parts.iter_mut().for_each(strip),
            _ => {}
        }
    }
}
