//! OpenAPI 3.0 schemas as JSON Schema 2020-12, which is what the validator reads.
//!
//! | OpenAPI 3.0 | JSON Schema |
//! | --- | --- |
//! | `nullable: true` | or `null` |
//! | `exclusiveMinimum: true` beside `minimum` | `exclusiveMinimum` alone; the same for the maximum |
//! | keys beside `$ref` have no meaning | they are left out |
//! | `discriminator` with `oneOf` or `anyOf` | the tag chooses the one schema that has to fit |
//!
//! One thing is read otherwise than it stands there: a name that a schema requires and that nothing describes is not
//! asked for. Cobo's documents have some forty of them, left over from older releases (an envelope requires `id` and
//! describes `event_id`); no client could know what to send.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::{entries, items, resolve};

/// The whole document with each of its schemas as JSON Schema, so that references into any part of it hold.
pub(super) fn convert(root: &Value) -> Value {
    Converter { root }.value(root, false, &HashSet::new())
}

/// One schema that stands in no document but may refer into one.
pub(super) fn convert_schema(root: &Value, schema: &Value) -> Value {
    Converter { root }.value(schema, false, &HashSet::new())
}

struct Converter<'a> {
    root: &'a Value,
}

impl Converter<'_> {
    /// `names` says that the keys of an object are names, not keywords.
    ///
    /// `described` are the properties that the schema is a part of describes.
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
                // Data, in which nothing is a keyword.
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
        nullable(map, Value::Object(new))
    }

    /// Adds the properties that a schema and its parts describe.
    fn describe<'a>(
        &'a self,
        map: &'a Map<String, Value>,
        into: &mut HashSet<&'a str>,
        depth: usize,
    ) {
        // Deeper than this, parts refer to each other.
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

    /// The parts of an `allOf` that say what each value of the discriminator means.
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

/// The values of a union's discriminator, each with the reference to its schema. `None` where they do not decide: no
/// discriminator, or a variant without a name.
pub(super) fn tags(
    root: &Value,
    union: &Map<String, Value>,
    variants: &Value,
) -> Option<Vec<(String, String)>> {
    let discriminator = union.get("discriminator")?;
    let mut tags = Vec::new();
    for (tag, target) in entries(discriminator.get("mapping")) {
        // Some of Cobo's targets end in a colon that belongs to the YAML.
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
    // Whether a map keeps its order is up to other crates of the program.
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

/// What a reference names, when it names something.
fn json_reference(root: &Value, reference: &str) -> Option<Value> {
    let pointer = reference.strip_prefix('#')?;
    root.pointer(pointer).cloned()
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

/// Adds to a list that may stand there already: a union by its tag becomes an `allOf` beside the schema's own.
fn extend(new: &mut Map<String, Value>, key: &str, value: Value) {
    match (new.get_mut(key), value) {
        (Some(Value::Array(list)), Value::Array(more)) => list.extend(more),
        (_, value) => {
            new.insert(key.to_owned(), value);
        }
    }
}
