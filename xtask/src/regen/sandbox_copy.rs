//! The copy of a document that the sandbox has inside: JSON without texts.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// Keys with texts for people, and keys that the sandbox does not read.
const LEFT_OUT: [&str; 8] = [
    "description",
    "externalDocs",
    "security",
    "securitySchemes",
    "summary",
    "tags",
    "termsOfService",
    "title",
];
/// The only mark that the sandbox reads.
const MARK: &str = "x-cobo-credential";
/// The keys whose objects have names as keys, not keywords.
const KEYED_BY_NAME: [&str; 10] = [
    "content",
    "headers",
    "mapping",
    "parameters",
    "paths",
    "patternProperties",
    "properties",
    "requestBodies",
    "responses",
    "schemas",
];
/// The keys with data of the API.
const DATA: [&str; 4] = ["default", "enum", "example", "examples"];

/// Writes the copy. Each path and each component is one line, so that a change is easy to review. The
/// keys are sorted: equal documents give equal copies.
pub(super) fn write(root: &Value) -> String {
    let mut text = String::new();
    lines(&copy(root, false), 3, &mut text);
    text.push('\n');
    text
}

fn copy(value: &Value, names: bool) -> Value {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            let kept = keys.into_iter().filter(|key| names || is_kept(key));
            let entry = |key: &String| {
                let value = &map[key];
                let value = match key.as_str() {
                    data if !names && DATA.contains(&data) => sorted(value),
                    other => copy(value, !names && KEYED_BY_NAME.contains(&other)),
                };
                (key.clone(), value)
            };
            Value::Object(kept.map(entry).collect())
        }
        Value::Array(list) => list.iter().map(|value| copy(value, false)).collect(),
        other => other.clone(),
    }
}

fn is_kept(key: &str) -> bool {
    !LEFT_OUT.contains(&key) && (!key.starts_with("x-") || key == MARK)
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            let entries = entries.into_iter();
            let entries = entries.map(|(key, value)| (key.clone(), sorted(value)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
        Value::Array(list) => list.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

/// Writes a value: the entries of its outer `depth` levels on separate lines.
fn lines(value: &Value, depth: usize, text: &mut String) {
    match value {
        Value::Object(map) if depth > 0 && !map.is_empty() => {
            let mut before = "{\n";
            for (key, value) in map {
                // Writing to a string never fails.
                let _ = write!(text, "{before}{}:", Value::String(key.clone()));
                // A path is one line, a component is one line.
                let depth = if key == "paths" { 1 } else { depth - 1 };
                lines(value, depth, text);
                before = ",\n";
            }
            text.push_str("\n}");
        }
        other => {
            let _ = write!(text, "{other}");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sandbox_copy_omits_descriptions_and_keeps_names_and_data() {
        let document = json!({
            "openapi": "3.0.3",
            "info": { "title": "T", "version": "1", "description": "text" },
            "tags": [{ "name": "A" }],
            "paths": {
                "/b": { "get": { "summary": "text", "x-cobo-credential": "none", "x-other": 1 } },
                "/a": { "get": { "operationId": "a" } },
            },
            "components": { "schemas": { "S": {
                "description": "text",
                "properties": {
                    "title": { "type": "string", "description": "text" },
                    "data": { "example": { "title": "kept", "a": 1 } },
                },
            } } },
        });
        let text = write(&document);
        assert_eq!(
            text,
            concat!(
                "{\n\"components\":{\n\"schemas\":{\n",
                r#""S":{"properties":{"data":{"example":{"a":1,"title":"kept"}},"title":{"type":"string"}}}"#,
                "\n}\n},\n\"info\":{\n\"version\":\"1\"\n},\n\"openapi\":\"3.0.3\",\n\"paths\":{\n",
                "\"/a\":{\"get\":{\"operationId\":\"a\"}},\n",
                "\"/b\":{\"get\":{\"x-cobo-credential\":\"none\"}}\n}\n}\n",
            )
        );
    }
}
