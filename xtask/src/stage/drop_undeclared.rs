//! Removes names from `required` that no property declares.
//!
//! Cobo's webhook envelope requires `id` but declares `event_id`. Servers never send such a
//! property, and typify would still generate a required field for it, so decoding would always
//! fail.

use serde_json::Value;

use super::{Options, Stage};
use crate::diagnostic::Diagnostics;
use crate::document::Document;
use crate::report::Log;
use crate::schema;

pub fn run(document: &mut Document, _options: &Options, log: &mut Log) -> Result<(), Diagnostics> {
    schema::each_mut(&mut document.root, &mut |pointer, schema, _| {
        let Some(map) = schema.as_object_mut() else {
            return;
        };
        // One part of a schema may require a property that another part declares.
        if ["allOf", "oneOf", "anyOf", "$ref"]
            .iter()
            .any(|key| map.contains_key(*key))
        {
            return;
        }
        let declared: Vec<String> = map
            .get("properties")
            .and_then(Value::as_object)
            .map(|properties| properties.keys().cloned().collect())
            .unwrap_or_default();
        let Some(Value::Array(required)) = map.get_mut("required") else {
            return;
        };
        required.retain(|name| {
            let Some(name) = name.as_str() else {
                return true;
            };
            let known = declared.iter().any(|declared| declared == name);
            if !known {
                log.change(
                    Stage::DropUndeclared,
                    format!(
                        "{pointer}: `{name}` is in `required` and not in `properties`: not required"
                    ),
                );
            }
            known
        });
        if required.is_empty() {
            map.shift_remove("required");
        }
    });
    Ok(())
}
