//! What a document has, so that two releases can be compared.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::document::{Document, at, entries, items, text, value_text};
use crate::schema::{self, Holder};

/// The pointers of the operations, parameters, components, properties and values of a document.
/// Those inside another pointer of the list begin with it and `/`.
pub(super) fn of(root: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let document = Document::from_value("", root.clone());
    for place in document.operations() {
        let pointer = place.pointer();
        for parameter in items(place.operation.get("parameters")) {
            let name = parameter.get("$ref").or_else(|| parameter.get("name"));
            if let Some(name) = name.and_then(Value::as_str) {
                // Parameters may change their order, so their index does not identify them.
                let name = name.rsplit('/').next().unwrap_or_default();
                found.insert(at(&at(&pointer, "parameters"), name));
            }
        }
        for (status, _) in entries(place.operation.get("responses")) {
            found.insert(at(&at(&pointer, "responses"), status));
        }
        found.insert(pointer);
    }
    for kind in ["schemas", "parameters", "requestBodies", "responses"] {
        for (name, _) in document.components(kind) {
            found.insert(at(&at("/components", kind), name));
        }
    }
    for tag in items(root.get("tags")) {
        found.insert(at("/tags", &text(tag, "name").unwrap_or_default()));
    }
    schema::each(root, &mut |pointer, schema, holder| {
        if holder == Holder::Property {
            found.insert(pointer.to_owned());
        }
        for value in items(schema.get("enum")) {
            found.insert(at(&at(pointer, "enum"), &value_text(value)));
        }
    });
    found
}

/// The pointers of `all` that `other` does not have. What is inside one of them is not listed.
pub(super) fn only<'a>(all: &'a BTreeSet<String>, other: &'a BTreeSet<String>) -> Vec<&'a str> {
    let mut found: Vec<&str> = Vec::new();
    for pointer in all.difference(other) {
        let is_inside = found.iter().rev().any(|outer| {
            pointer
                .strip_prefix(outer)
                .is_some_and(|rest| rest.starts_with('/'))
        });
        if !is_inside {
            found.push(pointer);
        }
    }
    found
}
