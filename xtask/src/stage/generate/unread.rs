//! Takes away what progenitor does not read: `openapiv3` would refuse a document for a flaw in it.

use serde_json::{Map, Value};

use crate::document::METHODS;
use crate::schema;

/// What code is made of.
const ROOT: [&str; 4] = ["openapi", "info", "paths", "components"];
const INFO: [&str; 3] = ["title", "version", "description"];
const OPERATION: [&str; 7] = [
    "operationId",
    "summary",
    "description",
    "parameters",
    "requestBody",
    "responses",
    "deprecated",
];
const PARAMETER: [&str; 8] = [
    "name",
    "in",
    "required",
    "description",
    "deprecated",
    "style",
    "explode",
    "schema",
];
const BODY: [&str; 3] = ["description", "required", "content"];
const RESPONSE: [&str; 2] = ["description", "content"];

pub(super) fn drop(root: &mut Value) {
    keep(root, &ROOT);
    if let Some(info) = root.get_mut("info") {
        keep(info, &INFO);
    }
    if let Some(components) = root.get_mut("components") {
        // Everything else stands where it is used since `select`.
        keep(components, &["schemas"]);
    }
    for path in children(root.get_mut("paths")) {
        keep(path, &METHODS);
        for operation in children(Some(path)) {
            keep(operation, &OPERATION);
            let parameters = operation.get_mut("parameters");
            for parameter in parameters
                .and_then(Value::as_array_mut)
                .into_iter()
                .flatten()
            {
                keep(parameter, &PARAMETER);
            }
            if let Some(body) = operation.get_mut("requestBody") {
                keep(body, &BODY);
                media(body);
            }
            for response in children(operation.get_mut("responses")) {
                keep(response, &RESPONSE);
                media(response);
            }
        }
    }
    schema::each_mut(root, &mut |_, schema, _| {
        if let Some(map) = schema.as_object_mut() {
            for key in ["externalDocs", "xml", "examples"] {
                map.shift_remove(key);
            }
        }
    });
}

fn media(holder: &mut Value) {
    children(holder.get_mut("content")).for_each(|media| keep(media, &["schema"]));
}

fn keep(value: &mut Value, keys: &[&str]) {
    if let Some(map) = value.as_object_mut() {
        map.retain(|key, _| keys.contains(&key.as_str()));
    }
}

fn children(value: Option<&mut Value>) -> impl Iterator<Item = &mut Value> {
    value
        .and_then(Value::as_object_mut)
        .into_iter()
        .flat_map(Map::values_mut)
}
