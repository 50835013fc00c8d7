//! OpenAPI 3.0 schemas as JSON Schema 2020-12, which is what the validator reads.
//!
//! | OpenAPI 3.0 | JSON Schema |
//! | --- | --- |
//! | `nullable: true` | or `null` |
//! | `exclusiveMinimum: true` beside `minimum` | `exclusiveMinimum` alone; the same for the maximum |
//! | keys beside `$ref` have no meaning | they are left out |
//! | `discriminator` with `oneOf` or `anyOf` | the tag chooses the one schema that has to fit |
//! | `format: binary` | any text, also beside a pattern |

use serde_json::{Map, Value, json};

use super::{entries, items, resolve};

/// The whole document with each of its schemas as JSON Schema, so that references into any part of it hold.
pub(super) fn convert(root: &Value) -> Value {
    Converter { root }.value(root, false)
}

/// One schema that stands in no document but may refer into one.
pub(super) fn convert_schema(root: &Value, schema: &Value) -> Value {
    Converter { root }.value(schema, false)
}

struct Converter<'a> {
    root: &'a Value,
}

impl Converter<'_> {
    /// `names` says that the keys of an object are names, not keywords.
    fn value(&self, value: &Value, names: bool) -> Value {
        match value {
            Value::Object(map) if names => Value::Object(
                map.iter()
                    .map(|(name, value)| (name.clone(), self.value(value, false)))
                    .collect(),
            ),
            Value::Object(map) => self.object(map),
            Value::Array(list) => list.iter().map(|value| self.value(value, false)).collect(),
            other => other.clone(),
        }
    }

    fn object(&self, map: &Map<String, Value>) -> Value {
        if let Some(reference @ Value::String(_)) = map.get("$ref") {
            return self.nullable(map, json!({ "$ref": reference }));
        }
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
                "oneOf" | "anyOf" if value.is_array() => {
                    let chosen = self.by_tag(map, value);
                    let (key, value) = chosen.map_or_else(
                        || (key.as_str(), self.value(value, false)),
                        |all| ("allOf", all),
                    );
                    extend(&mut new, key, value);
                }
                "allOf" if value.is_array() => extend(&mut new, key, self.value(value, false)),
                "properties" | "patternProperties" | "schemas" | "paths" => {
                    new.insert(key.clone(), self.value(value, true));
                }
                _ => {
                    new.insert(key.clone(), self.value(value, false));
                }
            }
        }
        self.nullable(map, Value::Object(new))
    }

    #[expect(clippy::unused_self, reason = "it reads as the other conversions do")]
    fn nullable(&self, map: &Map<String, Value>, schema: Value) -> Value {
        if map.get("nullable") == Some(&Value::Bool(true)) {
            json!({ "anyOf": [schema, { "type": "null" }] })
        } else {
            schema
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
