//! Reports the constraints that the generated types do not enforce.
//!
//! A response slightly outside of the document's limits must not fail as a whole, and a request must not
//! contain defaults that its caller did not set. So types follow `type` alone. What must be enforced
//! is marked in the document (`x-cobo-checked`).

use serde_json::Value;

use super::Bounds;
use crate::document::Document;
use crate::report::Log;
use crate::schema::{self, CONSTRAINTS, follows_format, is_wide};
use crate::stage::Stage;

pub(super) fn report(document: &Document, log: &mut Log) {
    schema::each(&document.root, &mut |pointer, schema, _| {
        let enforced = match Bounds::of(schema) {
            Some(Bounds::NotEmpty) => Some("minLength"),
            Some(Bounds::AtLeast(_)) => Some("minimum"),
            None => None,
        };
        let ignored = CONSTRAINTS
            .into_iter()
            .filter(|key| schema.get(key).is_some() && Some(*key) != enforced);
        let mut ignored: Vec<String> = ignored.map(|key| format!("`{key}`")).collect();
        if schema.get("additionalProperties") == Some(&Value::Bool(false)) {
            ignored.push("`additionalProperties: false`".to_owned());
        }
        let format = schema.get("format").and_then(Value::as_str);
        if let Some(format) = format.filter(|_| !follows_format(schema)) {
            ignored.push(format!("the format `{format}`"));
        }
        if !ignored.is_empty() {
            let text = format!("{pointer}: not enforced: {}", ignored.join(", "));
            log.change(Stage::Api, text);
        }
        if is_wide(schema) {
            let text = format!("{pointer}: it may be outside of 64 bits: any number");
            log.change(Stage::Api, text);
        }
    });
}
