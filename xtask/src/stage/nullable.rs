//! Moves nullability from types to the places that use them.
//!
//! Typify turns a nullable component into a newtype around an `Option`, and ignores `nullable`
//! beside a reference, so that decoding `null` fails. So every place that refers to such a
//! component becomes nullable, as an `allOf` of the one reference, which progenitor reads as an
//! `Option`. A parameter is never `null`; it is left out instead.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Options, Stage};
use crate::diagnostic::Diagnostics;
use crate::document::{Document, at, flag, reference, schema_name};
use crate::report::Log;
use crate::schema::{self, Holder, named};

pub fn run(document: &mut Document, _options: &Options, log: &mut Log) -> Result<(), Diagnostics> {
    let components = components(document, log);
    schema::each_mut(&mut document.root, &mut |pointer, schema, holder| {
        // For an `allOf` of one reference, `nullable` is beside the `allOf`.
        if holder == Holder::Component || in_all_of(pointer) {
            return;
        }
        let target = named(schema);
        let Some(map) = schema.as_object_mut() else {
            return;
        };
        let moved = target.is_some_and(|name| components.contains(&name));
        if !moved && map.get("nullable") != Some(&Value::Bool(true)) {
            return;
        }
        if holder != Holder::Property {
            let inner = pointer.ends_with("/items")
                || pointer.ends_with("/additionalProperties")
                || is_success(pointer);
            if !inner || holder == Holder::Parameter {
                map.shift_remove("nullable");
                log.change(Stage::Nullable, format!("{pointer}: it is never `null`"));
                return;
            }
        }
        if let Some(reference) = map.shift_remove("$ref") {
            map.insert("allOf".to_owned(), json!([{"$ref": reference}]));
        }
        map.insert("nullable".to_owned(), Value::Bool(true));
        let text = if moved {
            "it may be `null`, as its type says"
        } else {
            "it may be `null`"
        };
        log.change(Stage::Nullable, format!("{pointer}: {text}"));
    });
    Ok(())
}

/// Whether this is the body of a success, or of what is one where no other is declared.
fn is_success(pointer: &str) -> bool {
    let mut parts = pointer.rsplit('/');
    let is = |part: Option<&str>, name| part == Some(name);
    is(parts.next(), "schema")
        && parts.next().is_some()
        && is(parts.next(), "content")
        && parts
            .next()
            .is_some_and(|status| status.starts_with('2') || status == "default")
        && is(parts.next(), "responses")
}

fn in_all_of(pointer: &str) -> bool {
    let holder = pointer.rsplit_once('/').map(|(holder, _)| holder);
    holder.is_some_and(|holder| holder.ends_with("/allOf"))
}

/// The nullable components, including those that only refer to a nullable one.
fn components(document: &mut Document, log: &mut Log) -> BTreeSet<String> {
    let mut nullable: BTreeSet<String> = document
        .components("schemas")
        .filter(|(_, schema)| flag(schema, "nullable"))
        .map(|(name, _)| name.clone())
        .collect();
    loop {
        let before = nullable.len();
        for (name, schema) in document.components("schemas") {
            let of = reference(schema).and_then(schema_name);
            if of.is_some_and(|of| nullable.contains(&of)) {
                nullable.insert(name.clone());
            }
        }
        if nullable.len() == before {
            break;
        }
    }
    for name in &nullable {
        let pointer = at("/components/schemas", name);
        if let Some(Value::Object(map)) = document.root.pointer_mut(&pointer) {
            map.shift_remove("nullable");
        }
        log.change(
            Stage::Nullable,
            format!("{pointer}: the places that use it are nullable"),
        );
    }
    nullable
}
