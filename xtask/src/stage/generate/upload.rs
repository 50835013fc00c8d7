//! Lets uploads through: progenitor refuses `multipart/form-data`.
//!
//! It is told that such a body is JSON, and post-processing sends a form instead. The files of the
//! form get a type of their own.

use serde_json::{Map, Value};

use super::{FILE, set_type};
use crate::catalog::{Catalog, Operation};
use crate::document::{METHODS, at, entries};

/// The type of a body that has files.
pub const FORM: &str = "multipart/form-data";

/// The ids of the operations that were changed.
pub(super) fn hide(root: &mut Value, catalog: &Catalog) -> Vec<String> {
    let forms: Vec<&Operation> = catalog
        .operations
        .iter()
        .filter(|operation| is_form(operation))
        .collect();
    for operation in &forms {
        let Some(body) = &operation.body else {
            continue;
        };
        let model = catalog.models.iter().find(|model| model.name == body.model);
        let schema = at("/components/schemas", &body.model);
        for field in model.iter().flat_map(|model| &model.fields) {
            let property = at(&at(&schema, "properties"), &field.name);
            if let Some(property) = root.pointer_mut(&property) {
                type_files(property);
            }
        }
    }
    if forms.is_empty() {
        return Vec::new();
    }
    let mut bodies: Vec<String> = Vec::new();
    for (name, _) in entries(root.pointer("/components/requestBodies")) {
        bodies.push(at("/components/requestBodies", name));
    }
    for (path, item) in entries(root.get("paths")) {
        for (method, _) in entries(Some(item)).filter(|(name, _)| METHODS.contains(&name.as_str()))
        {
            bodies.push(at(&at(&at("/paths", path), method), "requestBody"));
        }
    }
    for body in bodies {
        let content = root.pointer_mut(&at(&body, "content"));
        if let Some(content) = content.and_then(Value::as_object_mut)
            && let Some(media) = content.remove(FORM)
        {
            *content = Map::from_iter([("application/json".to_owned(), media)]);
        }
    }
    forms
        .into_iter()
        .map(|operation| operation.id.clone())
        .collect()
}

/// Whether the operation's body is a form.
pub fn is_form(operation: &Operation) -> bool {
    operation
        .body
        .as_ref()
        .is_some_and(|body| body.media_type == FORM)
}

/// A file, or the files of a list.
fn type_files(schema: &mut Value) {
    if schema.get("format").and_then(Value::as_str) == Some("binary") {
        set_type(schema, FILE);
    } else if let Some(items) = schema.get_mut("items") {
        type_files(items);
    }
}
