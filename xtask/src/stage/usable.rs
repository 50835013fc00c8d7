//! The part of a document that has no errors, so that later stages can report theirs in the same run.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Options;
use crate::diagnostic::Diagnostics;
use crate::document::{Document, METHODS, at, entries, pointer_of};
use crate::schema;

/// Removes everything that has an error, and everything that refers to it. Also forgets the decisions
/// about it. Returns `None` if an error concerns the document as a whole.
pub fn part(
    mut document: Document,
    options: &Options,
    errors: &Diagnostics,
) -> Option<(Document, Options)> {
    let mut broken = BTreeSet::new();
    for error in errors.iter().filter(|error| error.file == document.source) {
        let Some(pointer) = error.pointer.as_deref() else {
            continue;
        };
        let key = pointer.split('/').nth(1)?;
        if matches!(key, "security" | "servers" | "tags") {
            if let Some(root) = document.root.as_object_mut() {
                root.shift_remove(key);
            }
        } else {
            broken.insert(holder(pointer)?);
        }
    }
    spread(&document.root, &mut broken);
    remove(&mut document.root, &broken);
    let mut options = options.clone();
    options
        .decisions
        .conflicts
        .retain(|pointer, _| holder(pointer).is_none_or(|holder| !broken.contains(&holder)));
    // `load` has already checked the tags and the operations to leave out.
    Some((document, options))
}

/// The operation, path item or component that contains a pointer.
fn holder(pointer: &str) -> Option<String> {
    let parts: Vec<&str> = pointer.split('/').collect();
    match parts.as_slice() {
        ["", "components", kind, name, ..] => Some(format!("/components/{kind}/{name}")),
        ["", "paths", path, method, ..] if METHODS.contains(method) => {
            Some(format!("/paths/{path}/{method}"))
        }
        ["", "paths", path, ..] => Some(format!("/paths/{path}")),
        _ => None,
    }
}

/// Adds everything that refers to something broken.
fn spread(root: &Value, broken: &mut BTreeSet<String>) {
    let mut targets: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (kind, components) in entries(root.get("components")) {
        for (name, component) in entries(Some(components)) {
            let pointer = at(&at("/components", kind), name);
            targets.insert(pointer, references(component));
        }
    }
    for (path, item) in entries(root.get("paths")) {
        let pointer = at("/paths", path);
        for (key, value) in entries(Some(item)) {
            let pointer = if METHODS.contains(&key.as_str()) {
                at(&pointer, key)
            } else {
                pointer.clone()
            };
            targets
                .entry(pointer)
                .or_default()
                .extend(references(value));
        }
    }
    loop {
        let before = broken.len();
        for (pointer, targets) in &targets {
            if targets.iter().any(|target| broken.contains(target)) {
                broken.insert(pointer.clone());
            }
        }
        if broken.len() == before {
            return;
        }
    }
}

/// The holders of everything that a value refers to.
fn references(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    schema::references(value, "", &mut |_, reference| {
        found.push(reference.to_owned());
    });
    schema::mappings(value, &mut found);
    found
        .iter()
        .filter_map(|reference| holder(&pointer_of(reference)?))
        .collect()
}

fn remove(root: &mut Value, broken: &BTreeSet<String>) {
    for pointer in broken {
        let Some((holder, key)) = pointer.rsplit_once('/') else {
            continue;
        };
        let key = key.replace("~1", "/").replace("~0", "~");
        if let Some(map) = root.pointer_mut(holder).and_then(Value::as_object_mut) {
            map.shift_remove(&key);
        }
    }
}
