//! Writes Rust literals.

use serde_json::Value;

/// A string literal.
pub(super) fn literal(text: &str) -> String {
    format!("{text:?}")
}

/// An integer that converts into `i64`. A literal without a suffix is an `i32`.
pub(super) fn integer(number: i64) -> String {
    if i32::try_from(number).is_ok() {
        number.to_string()
    } else {
        format!("{number}_i64")
    }
}

/// The tokens of a value within `json!`. Strings use Rust's escapes, since Rust lacks some of
/// JSON's.
pub(super) fn json_literal(value: &Value) -> String {
    match value {
        Value::String(text) => literal(text),
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(number), ..) => integer(number),
            (_, Some(number), _) => format!("{number}_u64"),
            (.., Some(number)) => format!("{number:?}"),
            _ => "1".to_owned(),
        },
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(json_literal).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(entries) => {
            let lines: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{}: {}", literal(key), json_literal(value)))
                .collect();
            match lines.as_slice() {
                [] => "{}".to_owned(),
                [line] if !line.contains('\n') => format!("{{{line}}}"),
                lines => format!("{{\n{}\n}}", indented(&lines.join(",\n"), 4)),
            }
        }
        Value::Null | Value::Bool(_) => value.to_string(),
    }
}

/// The lines, each with this many spaces in front.
pub(super) fn indented(text: &str, by: usize) -> String {
    let lines = text.lines().map(|line| {
        if line.is_empty() {
            String::new()
        } else {
            format!("{}{line}", " ".repeat(by))
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}
