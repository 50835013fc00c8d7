//! Samples of texts, numbers and values without a type.

use serde_json::{Value, json};

use crate::spec::document::Document;
use crate::spec::json::items;
use crate::spec::pattern;

/// Keywords that forbid some values of a type.
const BOUNDS: [&str; 10] = [
    "pattern",
    "format",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "multipleOf",
    "enum",
    "const",
    "not",
];

/// Returns the first candidate that all the schemas allow, or the first candidate if they allow none.
pub(super) fn make(
    document: &Document,
    schemas: &[Value],
    kind: Option<&str>,
    turn: usize,
) -> Value {
    let candidates = candidates(schemas, kind, turn);
    let bound = |schema: &Value| BOUNDS.iter().any(|key| schema.get(key).is_some());
    if schemas.iter().any(bound) {
        let all = json!({ "allOf": schemas });
        let good = |value: &&Value| document.problems(&all, value).is_empty();
        if let Some(value) = candidates.iter().find(good) {
            return value.clone();
        }
    }
    candidates.into_iter().next().unwrap_or(Value::Null)
}

fn candidates(schemas: &[Value], kind: Option<&str>, turn: usize) -> Vec<Value> {
    let mut found = Vec::new();
    for schema in schemas {
        let values: Vec<&Value> = items(schema.get("enum"))
            .filter(|it| !it.is_null())
            .collect();
        // `turn` rotates the values, so that each of them is used at some turn.
        let first = turn.checked_rem(values.len()).unwrap_or(0);
        let (before, from) = values.split_at(first);
        found.extend(from.iter().chain(before).map(|value| (*value).clone()));
    }
    for schema in schemas {
        let example = schema.get("example").into_iter();
        let known = example.chain(schema.get("default"));
        found.extend(known.filter(|value| is(value, kind)).cloned());
    }
    for schema in schemas {
        match kind {
            Some("string") => texts(schema, &mut found),
            Some("integer") => found.extend(near(schema, 1).map(|number| json!(number))),
            Some("number") => found.extend(
                [json!(1.25)]
                    .into_iter()
                    .chain(near(schema, 1).map(|number| json!(number))),
            ),
            Some("boolean") => found.push(json!(true)),
            Some("array") => found.push(json!([])),
            Some("object") => found.push(json!({})),
            _ => found.push(json!({ "any": ["value", 1, null] })),
        }
    }
    if found.is_empty() {
        // Without any schema, every value is allowed.
        found.push(json!({ "any": ["value", 1, null] }));
    }
    found
}

fn is(value: &Value, kind: Option<&str>) -> bool {
    match kind {
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => true,
    }
}

fn texts(schema: &Value, found: &mut Vec<Value>) {
    let pattern = schema.get("pattern").and_then(Value::as_str);
    found.extend(pattern.and_then(pattern::shortest).map(Value::String));
    let text = match schema.get("format").and_then(Value::as_str) {
        Some("uuid") => "f47ac10b-58cc-4372-a567-0e02b2c3d479",
        Some("date") => "2024-02-29",
        Some("date-time") => "2024-02-29T12:00:00Z",
        Some("time") => "12:00:00Z",
        Some("uri" | "url") => "https://example.com/path",
        Some("email") => "name@example.com",
        Some("ipv4") => "192.0.2.1",
        Some("ipv6") => "2001:db8::1",
        Some("hostname") => "example.com",
        Some("byte") => "dGV4dA==",
        _ => "text",
    };
    let bound = |key| schema.get(key).and_then(Value::as_u64);
    let length = |key| bound(key).and_then(|length| usize::try_from(length).ok());
    let mut text = text.to_owned();
    if let Some(least) = length("minLength") {
        let missing = least.min(100_000).saturating_sub(text.chars().count());
        text.extend(std::iter::repeat_n('x', missing));
    }
    if let Some(most) = length("maxLength") {
        text = text.chars().take(most).collect();
    }
    found.push(Value::String(text));
}

/// Integers that the bounds of a schema are likely to allow.
fn near(schema: &Value, wanted: i64) -> impl Iterator<Item = i64> {
    let bound = |key| schema.get(key).and_then(Value::as_f64);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a bound outside of i64 stops at its end"
    )]
    let integer = |bound: f64| bound as i64;
    let least = bound("minimum").map(|least| integer(least.ceil()));
    let most = bound("maximum").map(|most| integer(most.floor()));
    let step = bound("multipleOf").map(integer);
    [
        Some(wanted),
        least,
        least.map(|least| least.saturating_add(1)),
        most,
        step,
    ]
    .into_iter()
    .flatten()
}
