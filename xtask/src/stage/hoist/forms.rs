//! Inlines the files of multipart forms. A file that is a component would become a named text, and
//! a form that only refers to another component would have no fields.

use serde_json::{Map, Value};

use crate::document::{Document, at, entries};
use crate::media::Media;
use crate::report::Log;
use crate::schema::meant;
use crate::stage::Stage;

pub(super) fn plain(document: &mut Document, log: &mut Log) {
    let bodies: Vec<String> = document
        .operations()
        .filter_map(
            |place| match Media::of(place.operation.get("requestBody")?) {
                Media::Multipart(name) => {
                    let content = at(&at(&place.pointer(), "requestBody"), "content");
                    Some(at(&at(&content, name), "schema"))
                }
                _ => None,
            },
        )
        .collect();
    for pointer in bodies {
        let Some(schema) = document.root.pointer(&pointer) else {
            continue;
        };
        let Some((form, _)) = document.follow(schema, &pointer) else {
            continue;
        };
        let reference = Value::String(format!("#{form}"));
        if let Some(body) = document.root.pointer_mut(&pointer)
            && body.get("$ref").is_some_and(|before| *before != reference)
        {
            body["$ref"] = reference;
            log.change(Stage::Hoist, format!("{pointer} is {form}"));
        }
        let properties = at(&form, "properties");
        let files: Vec<(String, Value)> = entries(document.root.pointer(&properties))
            .filter_map(|(name, place)| Some((at(&properties, name), file(document, place)?)))
            .collect();
        for (pointer, file) in files {
            if let Some(place) = document.root.pointer_mut(&pointer)
                && *place != file
            {
                *place = file;
                log.change(Stage::Hoist, format!("{pointer}: files of the form itself"));
            }
        }
    }
}

/// The schema of a file or a list of files, if the place is one.
fn file(document: &Document, place: &Value) -> Option<Value> {
    let mut file = meant(document, place)?.as_object()?.clone();
    if let Some(items) = file.get("items") {
        let mut items = self::file(document, items)?;
        // A missing file is left out of the list, never sent as `null`.
        items.as_object_mut()?.shift_remove("nullable");
        file.insert("items".to_owned(), items);
    } else if file.get("format").and_then(Value::as_str) != Some("binary") {
        return None;
    }
    let said: Map<String, Value> = entries(Some(place))
        .filter(|(key, _)| !matches!(key.as_str(), "$ref" | "allOf" | "items"))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    file.extend(said);
    Some(Value::Object(file))
}
