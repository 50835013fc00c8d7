//! Resolves references into the inside of objects (`#/components/schemas/Wallet/properties/id`).
//!
//! Some tools replace one of two equal schemas by a reference to the other, wherever it is. The
//! target becomes a component before its location is inlined or dropped.

use std::collections::BTreeMap;

use crate::document::{Document, at, pointer_of, reference, schema_name, schema_reference};
use crate::report::Log;
use crate::rust_name;
use crate::schema;
use crate::stage::Stage;

/// Makes a component of every referenced schema that is not one.
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
    // Inner targets first, so that outer ones already contain the references to them.
    targets.sort_by_key(|(_, pointer)| std::cmp::Reverse(pointer.matches('/').count()));
    let mut named: BTreeMap<String, String> = BTreeMap::new();
    for (target, pointer) in targets {
        let Some(schema) = document.root.pointer(&pointer).cloned() else {
            continue;
        };
        if let Some(own) = reference(&schema) {
            // The target is itself a reference, or another spelling of it was already replaced.
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
        // Follows references to references. A chain longer than the number of names is a cycle.
        for _ in 0..named.len() {
            match named.get(name) {
                Some(next) => name = next,
                None => break,
            }
        }
        Some(name.clone())
    });
}

/// A name derived from the location of the schema.
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
