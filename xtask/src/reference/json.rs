//! Writes JSON examples: the document's own, or invented ones.

use std::cell::Cell;

use serde_json::{Map, Value, json};

use super::site::Site;
use crate::document::{entries, items, reference, schema_name, schema_reference, text};

/// The depth below the shown model from which optional properties are left out.
const DEPTH: usize = 5;
/// The number of values from which optional properties are left out.
const VALUES: usize = 200;

/// The example of a component schema.
pub(super) fn of_model(site: &Site<'_>, name: &str) -> Value {
    let target = schema_reference(name);
    of_schema(site, &target, None)
}

/// The example of any schema; `example` is used if it fits.
pub(super) fn of_schema(site: &Site<'_>, schema: &Value, example: Option<&Value>) -> Value {
    let examples = Examples {
        site,
        left: Cell::new(VALUES),
    };
    examples.value(schema, example, &[]).unwrap_or_default()
}

struct Examples<'a> {
    site: &'a Site<'a>,
    left: Cell<usize>,
}

impl Examples<'_> {
    /// `None` if the schema contains itself. `within` lists the enclosing models.
    fn value(&self, schema: &Value, example: Option<&Value>, within: &[&str]) -> Option<Value> {
        self.left.set(self.left.get().saturating_sub(1));
        if let Some(target) = reference(schema) {
            let name = schema_name(target)?;
            let model = self.site.model(&name)?;
            if within.contains(&name.as_str()) {
                return None;
            }
            let within: Vec<&str> = within.iter().copied().chain([name.as_str()]).collect();
            return self.value(&model.schema, example, &within);
        }
        let example = example.or_else(|| schema.get("example"));
        if let Some(value) = example.and_then(|example| fitting(schema, example)) {
            return Some(value);
        }
        if let Some(value) = items(schema.get("enum")).find(|value| !value.is_null()) {
            return Some(value.clone());
        }
        if let Some(part) = ["oneOf", "anyOf"]
            .iter()
            .find_map(|key| items(schema.get(key)).next())
        {
            return self.value(part, None, within);
        }
        if schema.get("allOf").is_some() || schema.get("properties").is_some() {
            return Some(Value::Object(self.object(schema, within)));
        }
        Some(match text(schema, "type").as_deref() {
            Some("string") => json!("text"),
            Some("integer") => json!(1),
            Some("number") => json!(1.0),
            Some("boolean") => json!(true),
            Some("array") => {
                let item = schema
                    .get("items")
                    .and_then(|item| self.value(item, None, within));
                Value::Array(item.into_iter().collect())
            }
            _ => match schema
                .get("additionalProperties")
                .filter(|value| value.is_object())
            {
                Some(value) => json!({"key": self.value(value, None, within)}),
                None => json!({}),
            },
        })
    }

    fn object(&self, schema: &Value, within: &[&str]) -> Map<String, Value> {
        let mut object = Map::new();
        for part in items(schema.get("allOf")) {
            if let Some(Value::Object(part)) = self.value(part, None, within) {
                object.extend(part);
            }
        }
        let required: Vec<&str> = items(schema.get("required"))
            .filter_map(Value::as_str)
            .collect();
        for (name, property) in entries(schema.get("properties")) {
            let wanted = within.len() <= DEPTH && self.left.get() > 0;
            if !wanted && !required.contains(&name.as_str()) {
                continue;
            }
            if let Some(value) = self.value(property, None, within) {
                object.insert(name.clone(), value);
            }
        }
        object
    }
}

/// Converts an example to the schema's type. Documents often leave strings unquoted, and sometimes
/// quote numbers.
fn fitting(schema: &Value, example: &Value) -> Option<Value> {
    let is_kind = |kind: &str| schema.get("type").and_then(Value::as_str) == Some(kind);
    match example {
        Value::Null => None,
        Value::Number(_) | Value::Bool(_) if is_kind("string") => Some(json!(example.to_string())),
        Value::String(text) if is_kind("integer") => text.parse::<i64>().ok().map(Value::from),
        Value::String(text) if is_kind("number") => text.parse::<f64>().ok().map(Value::from),
        Value::String(text) if is_kind("boolean") => text.parse::<bool>().ok().map(Value::from),
        Value::String(_) if is_kind("object") => None,
        Value::Array(_) if is_kind("array") => Some(example.clone()),
        Value::Array(_) => None,
        other if is_kind("array") => Some(json!([other])),
        Value::Number(number) if is_kind("integer") && number.is_f64() => None,
        other => Some(other.clone()),
    }
}
