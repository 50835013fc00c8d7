//! Reads parts of a JSON document.

use serde_json::Value;

/// Resolves a value that may be a reference, through any chain of references; `None` if a target does not exist or the
/// chain is a cycle.
pub(super) fn resolve<'a>(root: &'a Value, mut value: &'a Value) -> Option<&'a Value> {
    // A longer chain is a cycle.
    for _ in 0..64 {
        let Some(reference) = value.get("$ref").and_then(Value::as_str) else {
            return Some(value);
        };
        let pointer = percent_encoding::percent_decode_str(reference.strip_prefix('#')?);
        value = root.pointer(&pointer.decode_utf8().ok()?)?;
    }
    None
}

pub(super) fn entries(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

pub(super) fn items(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

pub(super) fn flag(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or(false)
}
