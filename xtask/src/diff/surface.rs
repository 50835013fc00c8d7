//! The part of a document that a comparison reads. It is stored beside the generated code for the
//! next run, so that a user's crate need not contain the document's prose.

use serde_json::{Map, Value, json};

use crate::document::Document;

/// The keys of schemas, parameters and operations that a comparison reads.
const KEPT: [&str; 25] = [
    "$ref",
    "additionalProperties",
    "allOf",
    "anyOf",
    "content",
    "deprecated",
    "discriminator",
    "enum",
    "format",
    "in",
    "items",
    "mapping",
    "name",
    "nullable",
    "oneOf",
    "operationId",
    "parameters",
    "properties",
    "propertyName",
    "requestBody",
    "required",
    "responses",
    "schema",
    "tags",
    "type",
];

/// The document reduced to what a comparison reads.
pub fn surface(document: &Document) -> String {
    let root = &document.root;
    let info = root.get("info");
    let text = |key: &str| info.and_then(|info| info.get(key)).cloned();
    let components = root.get("components").and_then(Value::as_object);
    let kept: Map<String, Value> = components
        .into_iter()
        .flatten()
        .filter(|(kind, _)| {
            ["schemas", "parameters", "requestBodies", "responses"].contains(&kind.as_str())
        })
        .map(|(kind, named)| (kind.clone(), each(named)))
        .collect();
    let paths = root.get("paths").and_then(Value::as_object);
    let paths: Map<String, Value> = paths
        .into_iter()
        .flatten()
        .map(|(path, item)| (path.clone(), each(item)))
        .collect();
    let surface = json!({
        "openapi": root.get("openapi").cloned().unwrap_or_default(),
        "info": {
            "title": text("title").unwrap_or_default(),
            "version": text("version").unwrap_or_default(),
        },
    });
    // Each path and each component gets one line, so that a change affects only that line.
    let mut out = String::from("{\n");
    for key in ["openapi", "info"] {
        out.push_str(&format!("\"{key}\":{},\n", surface[key]));
    }
    out.push_str(&format!("\"paths\":{{\n{}\n}},\n", listed(&paths)));
    let kinds: Vec<String> = kept
        .iter()
        .filter_map(|(kind, named)| {
            let named = listed(named.as_object()?);
            Some(format!("{}:{{\n{named}\n}}", Value::from(kind.as_str())))
        })
        .collect();
    out.push_str(&format!(
        "\"components\":{{\n{}\n}}\n}}\n",
        kinds.join(",\n")
    ));
    out
}

fn listed(map: &Map<String, Value>) -> String {
    let lines = map
        .iter()
        .map(|(name, value)| format!("{}:{value}", Value::from(name.as_str())));
    lines.collect::<Vec<_>>().join(",\n")
}

/// Reduces the values of a map whose keys are names.
fn each(map: &Value) -> Value {
    match map {
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| (name.clone(), kept(value)))
            .collect(),
        other => kept(other),
    }
}

fn kept(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .filter(|(key, _)| KEPT.contains(&key.as_str()))
            .map(|(key, value)| {
                let value = match key.as_str() {
                    "properties" | "content" | "responses" | "mapping" => each(value),
                    "enum" | "required" | "tags" => value.clone(),
                    _ => kept(value),
                };
                (key.clone(), value)
            })
            .collect(),
        Value::Array(list) => list.iter().map(kept).collect(),
        other => other.clone(),
    }
}
