//! Refuses `x-cobo-idempotency-key` where it would have no effect.

use std::collections::BTreeSet;

use crate::diagnostic::Diagnostics;
use crate::document::{Document, at, entries, items, text};
use crate::marks::IDEMPOTENCY_KEY;
use crate::schema;

pub(super) fn check(document: &Document, problems: &mut Diagnostics) {
    let bodies = json_bodies(document);
    let mut keyed = BTreeSet::new();
    schema::each(&document.root, &mut |pointer, schema, _| {
        let Some(lookup) = text(schema, IDEMPOTENCY_KEY) else {
            return;
        };
        let (body, name) = pointer.rsplit_once("/properties/").unwrap_or_default();
        let mut refuse = |reason: String, mend: &str| {
            problems.push(document.error(pointer, reason).mended_by(mend));
        };
        if !bodies.contains(body) || schema.get("type").is_none_or(|ty| ty != "string") {
            refuse(
                format!("`{IDEMPOTENCY_KEY}` marks a string property of a JSON request body"),
                "put it on the property of the schema that the body refers to",
            );
        } else if !keyed.insert(body.to_owned()) {
            refuse(
                format!("a request body has one `{IDEMPOTENCY_KEY}`: this is another one"),
                "remove one of the marks",
            );
        } else if !finds(document, &lookup, name) {
            refuse(
                format!(
                    "the value of `{IDEMPOTENCY_KEY}` is the id of the operation that finds a \
                     request by its id: `{lookup}` is not an operation with a query parameter `{name}`"
                ),
                "correct the id, or remove the mark",
            );
        }
    });
}

/// The pointers of the schemas that are JSON request bodies.
fn json_bodies(document: &Document) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for place in document.operations() {
        let body = target(document, at(&place.pointer(), "requestBody"));
        let content = at(&body, "content");
        let types = entries(document.root.pointer(&content));
        for (media_type, _) in types.filter(|(name, _)| !name.starts_with("multipart/")) {
            let schema = at(&at(&content, media_type), "schema");
            found.insert(target(document, schema));
        }
    }
    found
}

/// The pointer that a chain of references ends at.
fn target(document: &Document, pointer: String) -> String {
    let value = document.root.pointer(&pointer);
    let end = value.and_then(|value| document.follow(value, &pointer));
    end.map_or(pointer, |(end, _)| end)
}

/// Whether the operation has a query parameter of this name.
fn finds(document: &Document, operation: &str, name: &str) -> bool {
    let is = |value, key, wanted: &str| text(value, key).is_some_and(|text| text == wanted);
    let mut operations = document.operations();
    let found = operations.find(|place| is(place.operation, "operationId", operation));
    found.is_some_and(|place| {
        items(place.operation.get("parameters"))
            .filter_map(|parameter| document.resolve(parameter))
            .any(|parameter| is(parameter, "in", "query") && is(parameter, "name", name))
    })
}
