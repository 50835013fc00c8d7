//! What a document has no more of when only some of its operations are kept.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::document::{Document, at, items, reference, schema_name, text};
use crate::report::Log;
use crate::schema::{self, is_union};
use crate::stage::{Options, Stage};

/// Drops the schemas and tags that no kept operation uses.
pub(super) fn run(document: &mut Document, options: &Options, log: &mut Log) {
    let mut reached = BTreeSet::new();
    let mut open = Vec::new();
    let empty = Value::Null;
    names(document.root.get("paths").unwrap_or(&empty), &mut open);
    while let Some(name) = open.pop() {
        let pointer = at("/components/schemas", &name);
        if let Some(schema) = document.root.pointer(&pointer)
            && reached.insert(name.clone())
        {
            names(schema, &mut open);
            if schema.get("discriminator").is_some() && !is_union(schema) {
                open.extend(heirs(document, &name));
            }
        }
    }
    let schemas = document
        .root
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut);
    if let Some(schemas) = schemas {
        let before = schemas.len();
        schemas.retain(|name, _| reached.contains(name));
        let dropped = before - schemas.len();
        log.change(
            Stage::Select,
            format!("left out {dropped} schemas that no kept operation uses"),
        );
    }
    if let Some(tags) = document.root.get_mut("tags").and_then(Value::as_array_mut) {
        tags.retain(|tag| text(tag, "name").is_some_and(|name| options.tags.contains(&name)));
    }
}

/// The components that consist of a component, or of one that does. Only they refer to their base.
fn heirs(document: &Document, base: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut open = vec![base.to_owned()];
    while let Some(base) = open.pop() {
        for (name, schema) in document.components("schemas") {
            let mut parts = items(schema.get("allOf")).filter_map(reference);
            if parts.any(|part| schema_name(part).as_ref() == Some(&base)) && !found.contains(name)
            {
                found.push(name.clone());
                open.push(name.clone());
            }
        }
    }
    found
}

/// The names of the schemas that `value` refers to.
fn names(value: &Value, found: &mut Vec<String>) {
    schema::references(value, "", &mut |_, reference| {
        found.extend(component(reference))
    });
    mapped(value, found);
}

/// The component that a reference names, or leads into.
fn component(reference: &str) -> Option<String> {
    let mut parts = reference.splitn(5, '/');
    let start: Vec<&str> = parts.by_ref().take(4).collect();
    schema_name(&start.join("/"))
}

fn mapped(value: &Value, found: &mut Vec<String>) {
    found.extend(schema::mapped(value).filter_map(component));
    match value {
        Value::Array(list) => list.iter().for_each(|value| mapped(value, found)),
        Value::Object(map) => map.values().for_each(|value| mapped(value, found)),
        _ => {}
    }
}
