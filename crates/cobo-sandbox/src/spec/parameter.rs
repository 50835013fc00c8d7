//! Parameters: their texts on the wire, and what those mean.

use serde_json::{Map, Value};

use super::sample::{Fields, wanted};
use super::{Specification, flag, items, resolve};

/// Where a parameter stands.
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
    /// With the parameter's own example, where the schema has none.
    pub(super) schema: Value,
    pub(super) separator: char,
    holder: Value,
}

impl Parameter {
    /// `None` for a cookie, and for the headers that OpenAPI says are described elsewhere.
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

    /// A value for it, when one is wanted.
    pub(super) fn sample(
        &self,
        specification: &Specification,
        fields: Fields<'_>,
        turn: usize,
    ) -> Option<super::Sample> {
        if !self.required && !wanted(&self.holder, &self.name, fields) {
            return None;
        }
        Some(specification.sample(&self.schema, fields, turn))
    }

    /// What is wrong with the text that was sent for it.
    pub(super) fn problems(&self, specification: &Specification, text: &str) -> Vec<String> {
        let value = read(specification.document(), &self.schema, text, self.separator);
        specification.problems(&self.schema, &value)
    }
}

/// The value that a text stands for: a list is one text, its items separated by commas.
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
            // A text that is none of these stays a text, which the schema then refuses.
            let value = serde_json::from_str(text).ok();
            value
                .filter(|value: &Value| !value.is_null())
                .unwrap_or_else(as_text)
        }
        _ => as_text(),
    }
}

/// The type of a schema, which a part of it may say, and the schema that says it.
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

/// The parameters of an operation: its own, and those of its path that it does not describe itself.
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

/// Adds a sample, and remembers the turns it takes.
pub(super) fn add(
    into: &mut Map<String, Value>,
    turns: &mut usize,
    name: &str,
    sample: super::Sample,
) {
    *turns = (*turns).max(sample.turns);
    into.insert(name.to_owned(), sample.value);
}
