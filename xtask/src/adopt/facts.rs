//! Drops the words of a document and keeps its facts.

use serde_json::{Map, Value};

/// A string with at least this many words is a sentence, not a sample value.
const SENTENCE: usize = 8;

/// The keys of OpenAPI whose value maps names to objects.
const KEYED_BY_NAME: [&str; 15] = [
    "callbacks",
    "content",
    "encoding",
    "examples",
    "flows",
    "headers",
    "links",
    "parameters",
    "paths",
    "properties",
    "requestBodies",
    "responses",
    "schemas",
    "securitySchemes",
    "variables",
];

/// Drops every text of a document: descriptions, summaries, titles that are not names, texts of enum
/// values, links to documentation, and samples that are sentences.
pub(super) fn keep(root: &mut Value) {
    // The title of a document is the name of the API.
    let title = root.pointer("/info/title").cloned();
    object(root);
    if let Some(info) = root.get_mut("info").and_then(Value::as_object_mut)
        && let Some(title) = title
    {
        info.shift_insert(0, "title".to_owned(), title);
    }
}

/// An object whose keys OpenAPI defines.
fn object(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(object),
        Value::Object(map) => {
            map.retain(|key, value| !is_text(key, value));
            for (key, value) in map.iter_mut() {
                match key.as_str() {
                    "enum" | "required" | "mapping" | "security" => {}
                    "scopes" => scopes(value),
                    key if KEYED_BY_NAME.contains(&key) && value.is_object() => named(value),
                    key if is_data(key) => samples(value),
                    _ => object(value),
                }
            }
        }
        _ => {}
    }
}

/// An object whose keys are names.
fn named(value: &mut Value) {
    for value in value.as_object_mut().into_iter().flat_map(Map::values_mut) {
        object(value);
    }
}

/// OpenAPI requires a text for each scope.
fn scopes(value: &mut Value) {
    for text in value.as_object_mut().into_iter().flat_map(Map::values_mut) {
        *text = Value::String(String::new());
    }
}

fn is_data(key: &str) -> bool {
    matches!(key, "example" | "value" | "default") || key.starts_with("x-")
}

fn is_text(key: &str, value: &Value) -> bool {
    match key {
        "description" | "summary" | "externalDocs" => true,
        "title" => value
            .as_str()
            .is_none_or(|title| title.is_empty() || title.contains(char::is_whitespace)),
        "x-enum-varnames" | "x-enumNames" => false,
        _ if key.starts_with("x-enum") => true,
        _ => is_data(key) && is_sentence(value),
    }
}

fn is_sentence(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| text.split_whitespace().count() >= SENTENCE)
}

/// Drops the sentences inside a sample.
fn samples(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !is_sentence(value));
            map.values_mut().for_each(samples);
        }
        Value::Array(list) => {
            list.retain(|value| !is_sentence(value));
            list.iter_mut().for_each(samples);
        }
        _ => {}
    }
}

/// Puts a text in front of an object's facts.
pub(super) fn set(map: &mut Map<String, Value>, key: &str, text: String) {
    map.shift_insert(0, key.to_owned(), Value::String(text));
}
