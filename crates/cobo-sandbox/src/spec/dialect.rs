//! Converts OpenAPI 3.0 schemas to JSON Schema 2020-12, which the validator reads.
//!
//! | OpenAPI 3.0 | JSON Schema |
//! | --- | --- |
//! | `nullable: true` | `anyOf` of the schema and `null` |
//! | `exclusiveMinimum: true` beside `minimum` | `exclusiveMinimum` only; the same for the maximum |
//! | keys beside `$ref`, which have no meaning | left out |
//! | `format: int32` or `int64` of an integer | the bounds of the format |
//! | `discriminator` with `oneOf` or `anyOf` | the discriminator's value selects the one schema that must match |
//!
//! One deviation from the document: if a schema describes properties, a name that it requires but does not describe is
//! not required. Cobo's documents have about forty such names, left over from older releases (an envelope requires `id`
//! and describes `event_id`); no client could know what to send.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::json::{entries, items, resolve};

/// Converts the whole document, each schema included, so that references into any part of it stay valid.
pub(super) fn convert(root: &Value) -> Value {
    Converter { root }.value(root, false, &HashSet::new())
}

/// Converts one schema that is not part of the document but may refer into it.
pub(super) fn convert_schema(root: &Value, schema: &Value) -> Value {
    Converter { root }.value(schema, false, &HashSet::new())
}

struct Converter<'a> {
    root: &'a Value,
}

impl Converter<'_> {
    /// `names`: the keys of an object are names, not keywords.
    ///
    /// `described`: the properties described by the schema that this one is a part of.
    fn value<'a>(&'a self, value: &'a Value, names: bool, described: &HashSet<&'a str>) -> Value {
        let none = HashSet::new();
        match value {
            Value::Object(map) if names => Value::Object(
                map.iter()
                    .map(|(name, value)| (name.clone(), self.value(value, false, &none)))
                    .collect(),
            ),
            Value::Object(map) => self.object(map, described),
            Value::Array(list) => list
                .iter()
                .map(|value| self.value(value, false, described))
                .collect(),
            other => other.clone(),
        }
    }

    fn object<'a>(&'a self, map: &'a Map<String, Value>, described: &HashSet<&'a str>) -> Value {
        if let Some(reference @ Value::String(_)) = map.get("$ref") {
            return nullable(map, json!({ "$ref": reference }));
        }
        let none = HashSet::new();
        let mut described = described.clone();
        self.describe(map, &mut described, 0);
        let mut new = Map::new();
        for (key, value) in map {
            match key.as_str() {
                // Data: its keys are not keywords.
                "example" | "examples" | "default" | "enum" => {
                    new.insert(key.clone(), value.clone());
                }
                "nullable" if value.is_boolean() => {}
                "exclusiveMinimum" if value.is_boolean() => bound(map, &mut new, key, "minimum"),
                "exclusiveMaximum" if value.is_boolean() => bound(map, &mut new, key, "maximum"),
                "minimum" if exclusive(map, "exclusiveMinimum") => {}
                "maximum" if exclusive(map, "exclusiveMaximum") => {}
                "discriminator" if value.get("propertyName").is_some() => {}
                "required" if value.is_array() && !described.is_empty() => {
                    let known =
                        |name: &&Value| name.as_str().is_some_and(|it| described.contains(it));
                    let names = items(Some(value)).filter(known).cloned().collect();
                    new.insert(key.clone(), names);
                }
                "oneOf" | "anyOf" if value.is_array() => match self.by_tag(map, value) {
                    Some(all) => extend(&mut new, "allOf", all),
                    None => {
                        new.insert(key.clone(), self.value(value, false, &described));
                    }
                },
                "allOf" if value.is_array() => {
                    extend(&mut new, key, self.value(value, false, &described));
                }
                "properties" | "patternProperties" | "schemas" | "paths" => {
                    new.insert(key.clone(), self.value(value, true, &none));
                }
                _ => {
                    new.insert(key.clone(), self.value(value, false, &none));
                }
            }
        }
        if let Some(bounds) = integer_bounds(map) {
            extend(&mut new, "allOf", json!([bounds]));
        }
        nullable(map, Value::Object(new))
    }

    /// Collects the properties that a schema and its parts describe.
    fn describe<'a>(
        &'a self,
        map: &'a Map<String, Value>,
        into: &mut HashSet<&'a str>,
        depth: usize,
    ) {
        // At this depth the parts refer to each other.
        if depth > 16 {
            return;
        }
        into.extend(entries(map.get("properties")).map(|(name, _)| name.as_str()));
        for part in ["allOf", "oneOf", "anyOf"]
            .iter()
            .flat_map(|key| items(map.get(*key)))
        {
            if let Some(Value::Object(part)) = resolve(self.root, part) {
                self.describe(part, into, depth + 1);
            }
        }
    }

    /// The parts of an `allOf` that bind each value of the discriminator to its schema.
    fn by_tag(&self, map: &Map<String, Value>, variants: &Value) -> Option<Value> {
        let name = map.get("discriminator")?.get("propertyName")?.as_str()?;
        let tags = tags(self.root, map, variants)?;
        let known: Vec<&str> = tags.iter().map(|(tag, _)| tag.as_str()).collect();
        let mut parts = vec![json!({
            "required": [name],
            "properties": { name: { "enum": known } },
        })];
        for (tag, target) in &tags {
            parts.push(json!({
                "if": { "properties": { name: { "const": tag } }, "required": [name] },
                "then": { "$ref": target },
            }));
        }
        Some(Value::Array(parts))
    }
}

/// The values of a union's discriminator, each with the reference to its schema. `None` if the discriminator cannot
/// select a variant: there is no discriminator, a target does not exist, or a variant is not a reference.
pub(super) fn tags(
    root: &Value,
    union: &Map<String, Value>,
    variants: &Value,
) -> Option<Vec<(String, String)>> {
    let discriminator = union.get("discriminator")?;
    let mut tags = Vec::new();
    for (tag, target) in entries(discriminator.get("mapping")) {
        // Some of the mapping targets in Cobo's documents end in a colon by mistake.
        let target = target.as_str()?.trim_end_matches(':');
        let reference = if target.contains(['#', '/', '.']) {
            target.to_owned()
        } else {
            format!("#/components/schemas/{target}")
        };
        resolve(root, &json_reference(root, &reference)?)?;
        tags.push((tag.clone(), reference));
    }
    for variant in items(Some(variants)) {
        let reference = variant.get("$ref").and_then(Value::as_str)?;
        if tags.iter().all(|(_, target)| target != reference) {
            let name = reference.rsplit('/').next()?;
            tags.push((name.to_owned(), reference.to_owned()));
        }
    }
    // Sorted, because the order of a JSON map depends on features that other crates enable.
    tags.sort();
    Some(tags)
}

fn nullable(map: &Map<String, Value>, schema: Value) -> Value {
    if map.get("nullable") == Some(&Value::Bool(true)) {
        json!({ "anyOf": [schema, { "type": "null" }] })
    } else {
        schema
    }
}

/// Resolves a reference; `None` if its target does not exist.
fn json_reference(root: &Value, reference: &str) -> Option<Value> {
    let pointer = reference.strip_prefix('#')?;
    root.pointer(pointer).cloned()
}

/// The values that the format of an integer allows. The schema may have narrower bounds.
fn integer_bounds(map: &Map<String, Value>) -> Option<Value> {
    if map.get("type")? != "integer" {
        return None;
    }
    let (minimum, maximum) = match map.get("format")?.as_str()? {
        "int32" => (i64::from(i32::MIN), i64::from(i32::MAX)),
        "int64" => (i64::MIN, i64::MAX),
        _ => return None,
    };
    Some(json!({ "minimum": minimum, "maximum": maximum }))
}

fn exclusive(map: &Map<String, Value>, key: &str) -> bool {
    map.get(key) == Some(&Value::Bool(true))
}

fn bound(map: &Map<String, Value>, new: &mut Map<String, Value>, key: &str, inclusive: &str) {
    if exclusive(map, key)
        && let Some(value) = map.get(inclusive)
    {
        new.insert(key.to_owned(), value.clone());
    }
}

/// Appends to a list that may already exist: a union with a discriminator adds to the schema's own `allOf`.
fn extend(new: &mut Map<String, Value>, key: &str, value: Value) {
    match (new.get_mut(key), value) {
        (Some(Value::Array(list)), Value::Array(more)) => list.extend(more),
        (_, value) => {
            new.insert(key.to_owned(), value);
        }
    }
}
