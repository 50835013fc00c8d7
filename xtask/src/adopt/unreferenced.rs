//! Leaves out operations, and what nothing refers to any more.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::document::{Document, METHODS, at, entries, items, pointer_of};
use crate::schema;

/// Removes the operations that `is_left_out` selects by path, method and id. Returns their ids.
pub(super) fn leave_out(
    root: &mut Value,
    is_left_out: &dyn Fn(&str, &str, &str) -> bool,
) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    let mut reached = BTreeSet::new();
    let before = root.clone();
    let paths = root.get_mut("paths").and_then(Value::as_object_mut);
    if let Some(paths) = paths {
        for (path, item) in paths.iter_mut() {
            let Some(item) = item.as_object_mut() else {
                continue;
            };
            item.retain(|method, operation| {
                let id = operation.get("operationId").and_then(Value::as_str);
                let id = id.unwrap_or_default();
                let left_out = METHODS.contains(&method.as_str()) && is_left_out(path, method, id);
                if left_out {
                    ids.insert(id.to_owned());
                    reach(&before, operation, &mut reached);
                }
                !left_out
            });
        }
        paths.retain(|_, item| {
            item.as_object()
                .is_some_and(|item| item.keys().any(|key| METHODS.contains(&key.as_str())))
        });
    }
    drop_unreferenced(root, &reached);
    ids
}

/// Drops components. A schema is kept though nothing refers to it, because webhooks send it, unless
/// only operations that were left out reached it (`left`).
fn drop_unreferenced(root: &mut Value, left: &BTreeSet<String>) {
    let mut reached = BTreeSet::new();
    if let Some(paths) = root.get("paths") {
        reach(root, paths, &mut reached);
    }
    for (name, schema) in entries(root.pointer("/components/schemas")) {
        let pointer = at("/components/schemas", name);
        if !left.contains(&pointer) {
            reach(root, schema, &mut reached);
            reached.insert(pointer);
        }
    }
    let components = root.get_mut("components").and_then(Value::as_object_mut);
    for (kind, components) in components.into_iter().flatten() {
        if kind == "securitySchemes" {
            continue;
        }
        let folder = at("/components", kind);
        if let Some(components) = components.as_object_mut() {
            components.retain(|name, _| reached.contains(&at(&folder, name)));
        }
    }
    tags(root);
}

/// Declares exactly the tags that operations have: first those that were declared, in their order.
fn tags(root: &mut Value) {
    let document = Document::from_value("", root.clone());
    let mut used: Vec<&str> = Vec::new();
    for place in document.operations() {
        for tag in items(place.operation.get("tags")).filter_map(Value::as_str) {
            if !used.contains(&tag) {
                used.push(tag);
            }
        }
    }
    let name = |tag: &Value| tag.get("name").and_then(Value::as_str).map(str::to_owned);
    let mut tags: Vec<Value> = items(document.root.get("tags")).cloned().collect();
    tags.retain(|tag| name(tag).is_some_and(|name| used.contains(&name.as_str())));
    for tag in used {
        if !tags.iter().any(|known| name(known).as_deref() == Some(tag)) {
            let mut map = Map::new();
            map.insert("name".to_owned(), Value::String(tag.to_owned()));
            tags.push(Value::Object(map));
        }
    }
    if let Some(root) = root.as_object_mut() {
        root.insert("tags".to_owned(), Value::Array(tags));
    }
}

/// Adds the pointers of all components that `value` leads to.
fn reach(root: &Value, value: &Value, reached: &mut BTreeSet<String>) {
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        let mut references = Vec::new();
        schema::references(value, "", &mut |_, reference| {
            references.push(reference.to_owned());
        });
        schema::mappings(value, &mut references);
        for reference in references {
            let pointer = pointer_of(reference.trim_end_matches(':'));
            if let Some(pointer) = pointer
                && let Some(target) = root.pointer(&pointer)
                && reached.insert(pointer)
            {
                open.push(target);
            }
        }
    }
}
