//! Reduces the responses of each operation to one: its success.
//!
//! Progenitor requires one type for all failures of an operation and panics otherwise, although a
//! server error and a refusal differ. `cobo-auth` decodes failures itself, in the two shapes that
//! Cobo's services use, so progenitor does not need them. Failures of other shapes remain available
//! as the error's body, and the report lists them. The models of failures are kept.

use serde_json::{Map, Value, json};

use super::{Options, Stage};
use crate::diagnostic::Diagnostics;
use crate::document::{Document, at, entries, item, items, reference};
use crate::report::Log;

/// The properties that identify Cobo's two error shapes.
const SHAPES: [&[&str]; 2] = [
    &["error", "error_description"],
    &["error_code", "error_message", "error_id"],
];

/// The maximum nesting of unions in a failure; a deeper one counts as an unknown shape.
const DEPTH: usize = 16;

/// Whether a failure's schema is one of Cobo's shapes, or a union of them.
pub fn is_known(document: &Document, schema: &Value) -> bool {
    odd(document, schema, "", DEPTH).is_empty()
}

pub fn run(document: &mut Document, _options: &Options, log: &mut Log) -> Result<(), Diagnostics> {
    let mut mended = Vec::new();
    for place in document.operations() {
        let mut operation = Operation {
            document,
            log,
            id: place
                .operation
                .get("operationId")
                .and_then(Value::as_str)
                .unwrap_or_default(),
            pointer: at(&place.pointer(), "responses"),
        };
        let mut responses = operation.responses(place.operation.get("responses"));
        if place.method == "head" {
            operation.drop_bodies(&mut responses);
        }
        mended.push((at(&place.pointer(), "responses"), responses));
    }
    for (pointer, responses) in mended {
        if let Some(slot) = document.root.pointer_mut(&pointer) {
            *slot = Value::Object(responses);
        }
    }
    Ok(())
}

struct Operation<'a> {
    document: &'a Document,
    log: &'a mut Log,
    id: &'a str,
    /// The JSON pointer of the responses.
    pointer: String,
}

impl Operation<'_> {
    /// Removes the bodies of the responses to `HEAD`, which never have one.
    fn drop_bodies(&mut self, responses: &mut Map<String, Value>) {
        for (status, response) in responses.iter_mut() {
            let map = response.as_object_mut();
            if map.is_some_and(|map| map.shift_remove("content").is_some()) {
                let id = self.id;
                self.change(format!(
                    "the success {status} of {id} has no value: `HEAD` has no body"
                ));
            }
        }
    }

    fn change(&mut self, text: String) {
        self.log.change(Stage::ErrorResponses, text);
    }

    fn responses(&mut self, responses: Option<&Value>) -> Map<String, Value> {
        let mut successes: Vec<(String, Value)> = Vec::new();
        let mut failures: Vec<(String, &Value)> = Vec::new();
        for (status, response) in entries(responses) {
            match status.starts_with('2') {
                true => successes.push((status.clone(), response.clone())),
                false => failures.push((status.clone(), response)),
            }
        }
        if successes.is_empty() {
            successes.push(("2XX".to_owned(), self.undeclared(&mut failures)));
        }
        for (status, response) in failures {
            self.failure(&status, response);
        }
        let id = self.id;
        if successes.len() > 1 {
            let all: Vec<&str> = successes
                .iter()
                .map(|(status, _)| status.as_str())
                .collect();
            self.change(format!(
                "the success responses {} of {id} are one: 2XX",
                all.join(", ")
            ));
            let has_body = |(_, response): &(String, Value)| {
                media(response).is_some_and(|media| media.get("schema").is_some())
            };
            let empty = successes.iter().any(|success| !has_body(success));
            let kept = successes.iter().position(has_body).unwrap_or(0);
            let (_, mut response) = successes.swap_remove(kept);
            if empty && let Some(schema) = schema_mut(&mut response) {
                self.change(format!("the success of {id} has either no body or a value"));
                make_nullable(schema);
            }
            successes = vec![("2XX".to_owned(), response)];
        }
        for (status, response) in &mut successes {
            let schema = media(response).and_then(|media| media.get("schema"));
            if response.get("content").is_some() && schema.is_none() {
                self.change(format!(
                    "the success {status} of {id} has no schema, so no value"
                ));
                if let Some(response) = response.as_object_mut() {
                    response.shift_remove("content");
                }
            }
        }
        successes.into_iter().collect()
    }

    /// The success of an operation that declares none: its default response, unless that is a
    /// failure; otherwise a response without a body.
    fn undeclared(&mut self, failures: &mut Vec<(String, &Value)>) -> Value {
        let id = self.id;
        let default = failures.iter().position(|(status, response)| {
            status == "default"
                && media(response)
                    .and_then(|media| media.get("schema"))
                    .is_some_and(|schema| !is_known(self.document, schema))
        });
        if let Some(index) = default {
            self.change(format!(
                "{id} declares no success: its default response counts as the success"
            ));
            return failures.remove(index).1.clone();
        }
        self.change(format!("{id} declares no success: it returns no value"));
        json!({"description": ""})
    }

    fn failure(&mut self, status: &str, response: &Value) {
        let pointer = at(&self.pointer, status);
        let content = at(&pointer, "content");
        for (name, media) in entries(response.get("content")) {
            let Some(schema) = media.get("schema") else {
                continue;
            };
            let schema_pointer = at(&at(&content, name), "schema");
            for odd in odd(self.document, schema, &schema_pointer, DEPTH) {
                self.change(format!(
                    "failure {status} of {} at {odd} is not one of Cobo's two shapes: its body \
                     is not parsed, and the kind of the error is `Unexpected`",
                    self.id
                ));
            }
        }
    }
}

/// The parts of a failure's schema that match neither shape.
fn odd(document: &Document, schema: &Value, pointer: &str, depth: usize) -> Vec<String> {
    let Some((target, schema)) = document.follow(schema, pointer) else {
        return vec![pointer.to_owned()];
    };
    let mut odd_parts = Vec::new();
    let mut parts = 0;
    for key in ["oneOf", "anyOf"] {
        for (index, part) in items(schema.get(key)).enumerate() {
            parts += 1;
            let pointer = item(&at(&target, key), index);
            let found = if depth == 0 {
                vec![pointer.clone()]
            } else {
                odd(document, part, &pointer, depth - 1)
            };
            // If the part is a reference, the pointer of the reference helps more than that of its
            // target.
            let whole = reference(part).is_some() && !found.is_empty();
            odd_parts.extend(if whole { vec![pointer] } else { found });
        }
    }
    if parts == 0 && !is_shape(schema) {
        odd_parts.push(pointer.to_owned());
    }
    odd_parts
}

/// The schema of the response's body.
fn schema_mut(response: &mut Value) -> Option<&mut Value> {
    let content = response.get_mut("content")?.as_object_mut()?;
    content.values_mut().next()?.get_mut("schema")
}

/// Allows `null` beside the value, for which an absent body counts.
fn make_nullable(schema: &mut Value) {
    let Some(map) = schema.as_object_mut() else {
        return;
    };
    if let Some(reference) = map.shift_remove("$ref") {
        map.insert("allOf".to_owned(), json!([{"$ref": reference}]));
    }
    map.insert("nullable".to_owned(), Value::Bool(true));
}

fn media(response: &Value) -> Option<&Value> {
    entries(response.get("content"))
        .next()
        .map(|(_, media)| media)
}

/// Whether the schema has all properties of one shape. They need not be required, since the decoder
/// only needs to find them when they are present.
fn is_shape(schema: &Value) -> bool {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.is_some_and(|properties| {
        SHAPES
            .iter()
            .any(|shape| shape.iter().all(|name| properties.contains_key(*name)))
    })
}
