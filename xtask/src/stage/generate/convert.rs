//! Reads the document as `openapiv3` types.
//!
//! Their errors say what was wrong, not where. A document that cannot be read as a whole is read
//! in parts, and the smallest parts that cannot be read are refused.

use openapiv3::{
    Header, OpenAPI, Parameter, ReferenceOr, RequestBody, Response, Schema, SecurityScheme,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::document::{Document, at, entries, item, items};
use crate::refusal::{Refusal, Refusals};

pub(super) fn openapi(document: &Document, root: Value) -> Result<OpenAPI, Refusals> {
    serde_json::from_value(root).map_err(|error| {
        let mut refusals = parts(document);
        if refusals.is_empty() {
            refusals.push(document.refuse("", format!("this is not OpenAPI 3.0: {error}")));
        }
        refusals
    })
}

fn parts(document: &Document) -> Refusals {
    let mut refusals = Refusals::default();
    for (kind, read) in COMPONENTS {
        let all = at("/components", kind);
        for (name, value) in document.components(kind) {
            refusals.extend(read(document, value, &at(&all, name)));
        }
    }
    for place in document.operations() {
        let pointer = place.pointer();
        let before = refusals.iter().count();
        for (index, value) in items(place.operation.get("parameters")).enumerate() {
            let pointer = item(&at(&pointer, "parameters"), index);
            refusals.extend(part::<Parameter>(document, value, &pointer));
        }
        if let Some(body) = place.operation.get("requestBody") {
            refusals.extend(part::<RequestBody>(
                document,
                body,
                &at(&pointer, "requestBody"),
            ));
        }
        for (status, value) in entries(place.operation.get("responses")) {
            let pointer = at(&at(&pointer, "responses"), status);
            refusals.extend(part::<Response>(document, value, &pointer));
        }
        if refusals.iter().count() == before {
            refusals.extend(whole::<openapiv3::Operation>(
                document,
                place.operation,
                &pointer,
            ));
        }
    }
    refusals
}

type Read = fn(&Document, &Value, &str) -> Option<Refusal>;

const COMPONENTS: [(&str, Read); 6] = [
    ("schemas", part::<Schema>),
    ("parameters", part::<Parameter>),
    ("requestBodies", part::<RequestBody>),
    ("responses", part::<Response>),
    ("headers", part::<Header>),
    ("securitySchemes", part::<SecurityScheme>),
];

/// The refusal of the innermost schema in `value` that cannot be read, or of `value` itself.
fn part<T: DeserializeOwned>(document: &Document, value: &Value, pointer: &str) -> Option<Refusal> {
    let refusal = whole::<ReferenceOr<T>>(document, value, pointer)?;
    Some(innermost(document, value, pointer).unwrap_or(refusal))
}

fn whole<T: DeserializeOwned>(
    document: &Document,
    value: &Value,
    pointer: &str,
) -> Option<Refusal> {
    // A `T` is read from a reference that is passed by value: the copy is small, a part at most.
    let error = serde_json::from_value::<T>(value.clone()).err()?;
    Some(document.refuse(pointer, format!("this is not OpenAPI 3.0: {error}")))
}

/// Keys below which a schema, or something with a schema in it, stands.
const SCHEMAS: [&str; 3] = ["schema", "items", "additionalProperties"];
const LISTS: [&str; 3] = ["allOf", "anyOf", "oneOf"];
const MAPS: [&str; 3] = ["properties", "content", "headers"];

fn innermost(document: &Document, value: &Value, pointer: &str) -> Option<Refusal> {
    let single = SCHEMAS
        .iter()
        .filter_map(|key| Some((at(pointer, key), value.get(key)?)));
    let listed = LISTS.iter().flat_map(|key| {
        let list = at(pointer, key);
        items(value.get(key))
            .enumerate()
            .map(move |(index, value)| (item(&list, index), value))
    });
    let mapped = MAPS.iter().flat_map(|key| {
        let map = at(pointer, key);
        entries(value.get(key)).map(move |(name, value)| (at(&map, name), value))
    });
    for (pointer, value) in single.chain(listed).chain(mapped) {
        if let Some(inner) = innermost(document, value, &pointer) {
            return Some(inner);
        }
        // A media type reads as a schema as well: every key of a schema is optional.
        if value.is_object()
            && let Some(refusal) = whole::<ReferenceOr<Schema>>(document, value, &pointer)
        {
            return Some(refusal);
        }
    }
    None
}
