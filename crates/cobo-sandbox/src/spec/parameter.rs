//! Parameters: how their texts in a request are parsed and checked.

use serde_json::{Map, Value};

use super::document::Document;
use super::json::{flag, items, resolve};
use super::sample::{Fields, Sample, wanted};

/// Where a parameter is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Location {
    Path,
    Query,
    Header,
}

pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) location: Location,
    pub(super) required: bool,
    /// The schema, with the parameter's own example added if the schema has none.
    pub(super) schema: Value,
    pub(super) separator: char,
    holder: Value,
}

impl Parameter {
    /// Reads a parameter's description. `None` for a cookie, and for the headers that OpenAPI does not allow as
    /// parameters (`Accept`, `Content-Type`, `Authorization`).
    pub(super) fn read(root: &Value, value: &Value) -> Result<Option<Self>, String> {
        let value = resolve(root, value).ok_or("a parameter's reference leads nowhere")?;
        let text = |key| value.get(key).and_then(Value::as_str);
        let name = text("name").ok_or("a parameter has no name")?.to_owned();
        let location = match text("in") {
            Some("path") => Location::Path,
            Some("query") => Location::Query,
            Some("header") => Location::Header,
            _ => return Ok(None),
        };
        let reserved = ["accept", "content-type", "authorization"];
        if location == Location::Header && reserved.contains(&name.to_ascii_lowercase().as_str()) {
            return Ok(None);
        }
        let mut schema = value.get("schema").cloned().unwrap_or_default();
        if let (Some(schema), Some(example)) = (schema.as_object_mut(), value.get("example"))
            && !schema.contains_key("$ref")
        {
            schema.entry("example").or_insert_with(|| example.clone());
        }
        Ok(Some(Self {
            name,
            location,
            required: location == Location::Path || flag(value, "required"),
            schema,
            separator: match text("style") {
                Some("spaceDelimited") => ' ',
                Some("pipeDelimited") => '|',
                _ => ',',
            },
            holder: value.clone(),
        }))
    }

    /// Makes a value for the parameter, if it is required or `fields` includes it.
    pub(super) fn sample(
        &self,
        document: &Document,
        fields: Fields<'_>,
        turn: usize,
    ) -> Option<Sample> {
        if !self.required && !wanted(&self.holder, &self.name, fields) {
            return None;
        }
        Some(document.sample(&self.schema, fields, turn))
    }

    /// The problems of a text that was sent for the parameter.
    pub(super) fn problems(&self, document: &Document, text: &str) -> Vec<String> {
        let value = read(&document.root, &self.schema, text, self.separator);
        document.problems(&self.schema, &value)
    }
}

/// Parses a text into the value it represents. A list is one text with its items joined by `separator`.
pub(super) fn read(root: &Value, schema: &Value, text: &str, separator: char) -> Value {
    let as_text = || Value::String(text.to_owned());
    match kind(root, schema) {
        Some(("array", schema)) => {
            let items = schema.get("items").unwrap_or(&Value::Null);
            if text.is_empty() {
                return Value::Array(Vec::new());
            }
            text.split(separator)
                .map(|text| read(root, items, text, separator))
                .collect()
        }
        Some(("integer" | "number" | "boolean" | "object", _)) => {
            // A text that does not parse stays a string, which the schema then refuses.
            let value = serde_json::from_str(text).ok();
            value
                .filter(|value: &Value| !value.is_null())
                .unwrap_or_else(as_text)
        }
        _ => as_text(),
    }
}

/// The type of a schema, and the schema that declares it: the schema itself or one of its parts.
fn kind<'a>(root: &'a Value, schema: &'a Value) -> Option<(&'a str, &'a Value)> {
    let schema = resolve(root, schema)?;
    if let Some(kind) = schema.get("type").and_then(Value::as_str) {
        return Some((kind, schema));
    }
    ["allOf", "oneOf", "anyOf"]
        .iter()
        .flat_map(|key| items(schema.get(key)))
        .find_map(|part| kind(root, part))
}

/// The parameters of an operation: its own, and those of its path item that it does not override.
pub(super) fn of(root: &Value, item: &Value, operation: &Value) -> Result<Vec<Parameter>, String> {
    let mut found: Vec<Parameter> = Vec::new();
    for holder in [operation, item] {
        for value in items(holder.get("parameters")) {
            let Some(parameter) = Parameter::read(root, value)? else {
                continue;
            };
            let known = |other: &Parameter| {
                other.name == parameter.name && other.location == parameter.location
            };
            if !found.iter().any(known) {
                found.push(parameter);
            }
        }
    }
    Ok(found)
}

/// Adds a sample under a name, and raises `turns` to the turns that the sample needs.
pub(super) fn add(into: &mut Map<String, Value>, turns: &mut usize, name: &str, sample: Sample) {
    *turns = (*turns).max(sample.turns);
    into.insert(name.to_owned(), sample.value);
}
