//! Removes from the copy of the document that progenitor reads what our types do not follow.
//!
//! Typify generates newtypes for bounds and patterns, uses types of other crates for formats, and
//! refuses bounds of other types than the schema's. Our types have none of these: a response slightly
//! outside of the document's limits must not fail as a whole.

use serde_json::{Map, Value, json};

use crate::schema::{self, CONSTRAINTS, follows_format, is_wide};

pub(super) fn remove(root: &mut Value) {
    schema::each_mut(root, &mut |_, schema, _| {
        let (is_wide, follows_format) = (is_wide(schema), follows_format(schema));
        let Some(map) = schema.as_object_mut() else {
            return;
        };
        if is_wide {
            map.insert("type".to_owned(), json!("number"));
            map.shift_remove("format");
        }
        for key in CONSTRAINTS {
            map.shift_remove(key);
        }
        if map.get("additionalProperties") == Some(&Value::Bool(false)) {
            map.shift_remove("additionalProperties");
        }
        if !follows_format {
            replace_format(map);
        }
    });
}

/// Removes a format that the type does not follow. Narrower integer formats become `int64`.
fn replace_format(map: &mut Map<String, Value>) {
    let kind = map.get("type").and_then(Value::as_str);
    match (kind, map.get("format").and_then(Value::as_str)) {
        (Some("integer"), Some("int8" | "int16" | "int32" | "uint8" | "uint16" | "uint32")) => {
            map.insert("format".to_owned(), json!("int64"));
        }
        (_, None) => {}
        _ => {
            map.shift_remove("format");
        }
    }
}
