//! References into the middle of things (`#/components/schemas/Wallet/properties/id`).
//!
//! Tools that find two equal schemas write one as a reference to the other, wherever that is. What
//! they refer to becomes a component, before its place is inlined or dropped.

use std::collections::BTreeMap;

use crate::document::{Document, at, pointer_of, reference, schema_name, schema_reference};
use crate::report::Log;
use crate::rust_name;
use crate::schema;
use crate::stage::Stage;

/// Makes a component of every schema that is referred to and is none.
pub(super) fn name(document: &mut Document, log: &mut Log) {
    let mut targets = BTreeMap::new();
    schema::each(&document.root, &mut |_, value, _| {
        if let Some(target) = reference(value)
            && schema_name(target).is_none()
            && let Some(pointer) = pointer_of(target)
        {
            targets.insert(target.to_owned(), pointer);
        }
    });
    if targets.is_empty() {
        return;
    }
    let mut targets: Vec<(String, String)> = targets.into_iter().collect();
    // Inner ones first: the outer take them along as references.
    targets.sort_by_key(|(_, pointer)| std::cmp::Reverse(pointer.matches('/').count()));
    let mut named: BTreeMap<String, String> = BTreeMap::new();
    for (target, pointer) in targets {
        let Some(schema) = document.root.pointer(&pointer).cloned() else {
            continue;
        };
        if let Some(own) = reference(&schema) {
            // It is a reference itself, or has become one under another spelling.
            let own = named.get(own).cloned().unwrap_or_else(|| own.to_owned());
            named.insert(target, own);
            continue;
        }
        let name = free(document, &name_of(&pointer));
        log.change(
            Stage::Select,
            format!("{pointer} is {name}: it is referred to"),
        );
        if let Some(slot) = document.root.pointer_mut(&pointer) {
            *slot = schema_reference(&name);
        }
        document.insert_schema(&name, schema);
        named.insert(target, at("#/components/schemas", &name));
    }
    schema::redirect(&mut document.root, &|reference| {
        let mut name = named.get(reference)?;
        // References to references; a chain longer than there are names would be endless.
        for _ in 0..named.len() {
            match named.get(name) {
                Some(next) => name = next,
                None => break,
            }
        }
        Some(name.clone())
    });
}

/// A name from where the schema stands.
fn name_of(pointer: &str) -> String {
    const PLACES: [&str; 10] = [
        "",
        "components",
        "content",
        "application~1json",
        "paths",
        "properties",
        "responses",
        "parameters",
        "schema",
        "schemas",
    ];
    let parts: Vec<&str> = pointer
        .split('/')
        .filter(|part| !PLACES.contains(part))
        .collect();
    rust_name::model(&parts.join("-"))
}

fn free(document: &Document, name: &str) -> String {
    let taken = |name: &str| {
        document
            .root
            .pointer(&at("/components/schemas", name))
            .is_some()
    };
    let mut free = name.to_owned();
    let mut number = 2;
    while taken(&free) {
        free = format!("{name}{number}");
        number += 1;
    }
    free
}
