//! Removes constraints, so that responses may exceed what the document promises.
//!
//! Typify generates newtypes for bounds and patterns, uses types of other crates for formats, and
//! sends defaults on every request. A response slightly outside of the document's limits would then
//! fail as a whole, and a request would contain values that its caller did not set. So the keywords
//! are dropped. Constraints that must be enforced are marked in the document (`x-cobo-checked`);
//! their bounds are kept for the model.

use serde_json::{Map, Value, json};

use super::{Options, Stage};
use crate::api::Bounds;
use crate::diagnostic::Diagnostics;
use crate::document::Document;
use crate::marks::BOUNDS;
use crate::report::Log;
use crate::schema;

/// Keywords that restrict the accepted values.
const NARROWING: [&str; 14] = [
    "default",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
];

pub fn run(document: &mut Document, _options: &Options, log: &mut Log) -> Result<(), Diagnostics> {
    schema::each_mut(&mut document.root, &mut |pointer, schema, _| {
        let Some(map) = schema.as_object_mut() else {
            return;
        };
        keep_bounds(map);
        if let Some(change) = widen(map) {
            log.change(Stage::DropConstraints, format!("{pointer}: {change}"));
        }
        let mut dropped: Vec<String> = NARROWING
            .into_iter()
            .filter(|key| map.shift_remove(*key).is_some())
            .map(|key| format!("`{key}`"))
            .collect();
        // Undeclared fields must never fail.
        if map.get("additionalProperties") == Some(&Value::Bool(false)) {
            map.shift_remove("additionalProperties");
            dropped.push("`additionalProperties: false`".to_owned());
        }
        if !dropped.is_empty() {
            log.change(
                Stage::DropConstraints,
                format!("{pointer}: dropped {}", dropped.join(", ")),
            );
        }
        if let Some(change) = format(map) {
            log.change(Stage::DropConstraints, format!("{pointer}: {change}"));
        }
    });
    Ok(())
}

/// Saves the bounds of a checked property under a key that no other tool reads.
fn keep_bounds(map: &mut Map<String, Value>) {
    let bounds = match Bounds::of(&Value::Object(map.clone())) {
        Some(Bounds::NotEmpty) => json!({"minLength": 1}),
        Some(Bounds::AtLeast(minimum)) => json!({"minimum": minimum}),
        None => return,
    };
    map.insert(BOUNDS.to_owned(), bounds);
}

/// Turns an integer that may not fit `i64` into any number, so that no digit is lost.
fn widen(map: &mut Map<String, Value>) -> Option<String> {
    if !is_wide(&Value::Object(map.clone())) {
        return None;
    }
    map.insert("type".to_owned(), json!("number"));
    map.shift_remove("format");
    Some("it may be outside of 64 bits: any number".to_owned())
}

/// Whether the schema is one of integers that may be outside of `i64`.
pub(super) fn is_wide(schema: &Value) -> bool {
    let wide = |key: &str| {
        schema
            .get(key)
            .is_some_and(|bound| is_huge(bound) || (bound.is_number() && !fits(bound)))
    };
    let is = |key: &str, what: &str| schema.get(key).and_then(Value::as_str) == Some(what);
    is("type", "integer")
        && (is("format", "uint64") || ["minimum", "maximum", "default"].into_iter().any(wide))
}

/// Digits that no number of 64 bits has are kept as text when a document is read.
fn is_huge(bound: &Value) -> bool {
    bound.as_str().is_some_and(|text| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        whole && text.parse::<i64>().is_err()
    })
}

/// Whether the bound fits `i64`. Some tools write whole bounds as `1e18`.
fn fits(bound: &Value) -> bool {
    bound.is_i64() || (bound.is_f64() && bound.as_f64().is_some_and(|bound| bound.abs() < 9.2e18))
}

/// Keeps only the formats `binary`, `date` and `int64`. Narrower integer formats become `int64`.
fn format(map: &mut Map<String, Value>) -> Option<String> {
    let format = map.get("format")?.as_str()?.to_owned();
    let kind = map.get("type").and_then(Value::as_str);
    match (kind, format.as_str()) {
        // `binary` stays, because it is an upload and not text.
        (Some("string"), "binary") | (Some("integer"), "int64") => None,
        (Some("integer"), "int8" | "int16" | "int32" | "uint8" | "uint16" | "uint32") => {
            map.insert("format".to_owned(), json!("int64"));
            Some(format!("widened the format `{format}` to `int64`"))
        }
        // A date keeps any text in a response, so this is not a constraint. An enum has its own type.
        (Some("string"), "date") if !map.contains_key("enum") => None,
        _ => {
            map.shift_remove("format");
            Some(format!("dropped the format `{format}`"))
        }
    }
}
