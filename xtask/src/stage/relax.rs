//! Lets a server send more than its document promised.
//!
//! Typify makes newtypes of bounds and patterns, types of other crates of formats, and sends
//! defaults on every request. A response that is a little longer, larger or differently written
//! than the document says would then fail as a whole, and a request would say what its caller did
//! not. So the keywords go; what has to be enforced is marked in the document (`x-cobo-checked`),
//! and its bounds are kept where the catalog finds them.

use serde_json::{Map, Value, json};

use super::{Options, Stage};
use crate::catalog::{BOUNDS, Bounds};
use crate::document::Document;
use crate::refusal::Refusals;
use crate::report::Log;
use crate::schema;

/// Keywords that narrow what is accepted.
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

pub fn run(document: &mut Document, _options: &Options, log: &mut Log) -> Result<(), Refusals> {
    schema::each_mut(&mut document.root, &mut |pointer, schema, _| {
        let Some(map) = schema.as_object_mut() else {
            return;
        };
        keep_bounds(map);
        if let Some(change) = widen(map) {
            log.change(Stage::Relax, format!("{pointer}: {change}"));
        }
        let mut dropped: Vec<String> = NARROWING
            .into_iter()
            .filter(|key| map.shift_remove(*key).is_some())
            .map(|key| format!("`{key}`"))
            .collect();
        // Unknown fields never fail.
        if map.get("additionalProperties") == Some(&Value::Bool(false)) {
            map.shift_remove("additionalProperties");
            dropped.push("`additionalProperties: false`".to_owned());
        }
        if !dropped.is_empty() {
            log.change(
                Stage::Relax,
                format!("{pointer}: dropped {}", dropped.join(", ")),
            );
        }
        if let Some(change) = format(map) {
            log.change(Stage::Relax, format!("{pointer}: {change}"));
        }
    });
    Ok(())
}

/// Keeps the bounds of a checked property where no other tool looks for them.
fn keep_bounds(map: &mut Map<String, Value>) {
    let bounds = match Bounds::of(&Value::Object(map.clone())) {
        Some(Bounds::NotEmpty) => json!({"minLength": 1}),
        Some(Bounds::AtLeast(minimum)) => json!({"minimum": minimum}),
        None => return,
    };
    map.insert(BOUNDS.to_owned(), bounds);
}

/// An integer that may be outside of `i64` is any number: no digit of it is lost.
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

/// A whole bound that tools write as `1e18` fits as well.
fn fits(bound: &Value) -> bool {
    bound.is_i64() || (bound.is_f64() && bound.as_f64().is_some_and(|bound| bound.abs() < 9.2e18))
}

/// Leaves the formats that only say how wide an integer is, and wide enough.
fn format(map: &mut Map<String, Value>) -> Option<String> {
    let format = map.get("format")?.as_str()?.to_owned();
    let kind = map.get("type").and_then(Value::as_str);
    match (kind, format.as_str()) {
        // Bytes stay bytes: an upload, not text.
        (Some("string"), "binary") | (Some("integer"), "int64") => None,
        (Some("integer"), "int8" | "int16" | "int32" | "uint8" | "uint16" | "uint32") => {
            map.insert("format".to_owned(), json!("int64"));
            Some(format!("widened the format `{format}` to `int64`"))
        }
        _ => {
            map.shift_remove("format");
            Some(format!("dropped the format `{format}`"))
        }
    }
}
