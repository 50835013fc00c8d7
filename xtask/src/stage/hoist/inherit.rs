//! Turns a base with a discriminator into a union of its subtypes.
//!
//! OpenAPI writes inheritance as an `allOf` of a base with a discriminator. A value of the base may
//! be any of its subtypes, with properties that the base lacks. So the base's own properties move
//! to a new component, which the subtypes include instead, and the base becomes the union of its
//! subtypes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::super::Stage;
use super::super::name::Names;
use crate::document::{Document, at, entries, items, reference, schema_name, schema_reference};
use crate::report::Log;

/// The keywords that define the union. All others belong to the base itself.
const UNION: [&str; 3] = ["oneOf", "anyOf", "discriminator"];

pub(super) fn unions(document: &mut Document, log: &mut Log) {
    let mut names = Names::of(document);
    let found = heirs(document);
    let mut owns = BTreeMap::new();
    // The components whose parts are no longer the bases: heirs, and what bases consist of.
    let mut consisting: BTreeSet<String> = found.values().flatten().cloned().collect();
    for (base, heirs) in found {
        let own = names.take(&format!("{base}Base"));
        let pointer = at("/components/schemas", &base);
        let Some(Value::Object(map)) = document.root.pointer_mut(&pointer) else {
            continue;
        };
        let mut union = Map::new();
        for key in UNION {
            if let Some(value) = map.shift_remove(key) {
                union.insert(key.to_owned(), value);
            }
        }
        for key in ["description", "deprecated", "nullable"] {
            if let Some(value) = map.get(key) {
                union.insert(key.to_owned(), value.clone());
            }
        }
        map.shift_remove("nullable");
        if !union.contains_key("oneOf") && !union.contains_key("anyOf") {
            let parts: Vec<Value> = heirs.iter().map(|heir| schema_reference(heir)).collect();
            union.insert("oneOf".to_owned(), Value::Array(parts));
        }
        itself_as(&mut union, &base, &own);
        let schema = std::mem::replace(map, union);
        document.insert_schema(&own, Value::Object(schema));
        for key in ["properties", "allOf"] {
            document.moved(
                &at(&pointer, key),
                &at(&at("/components/schemas", &own), key),
            );
        }
        log.change(
            Stage::Hoist,
            format!(
                "{pointer}: a union of {}, which consist of {own}",
                heirs.join(", ")
            ),
        );
        consisting.insert(own.clone());
        owns.insert(base, own);
    }
    for name in consisting {
        let parts = at(&at("/components/schemas", &name), "allOf");
        let parts = document.root.pointer_mut(&parts);
        for part in parts.and_then(Value::as_array_mut).into_iter().flatten() {
            let own = reference(part)
                .and_then(schema_name)
                .and_then(|base| owns.get(&base));
            if let (Some(own), Some(part)) = (own, part.as_object_mut()) {
                part.insert("$ref".to_owned(), json!(at("#/components/schemas", own)));
            }
        }
    }
}

/// A base that is a variant of its own union is one as what it has itself.
fn itself_as(union: &mut Map<String, Value>, base: &str, own: &str) {
    let base = at("#/components/schemas", base);
    let own = json!(at("#/components/schemas", own));
    for key in ["oneOf", "anyOf"] {
        let parts = union.get_mut(key).and_then(Value::as_array_mut);
        for part in parts.into_iter().flatten().filter_map(Value::as_object_mut) {
            if part.get("$ref").and_then(Value::as_str) == Some(&base) {
                part.insert("$ref".to_owned(), own.clone());
            }
        }
    }
    let mapping = union
        .get_mut("discriminator")
        .and_then(|discriminator| discriminator.get_mut("mapping"))
        .and_then(Value::as_object_mut);
    for target in mapping.into_iter().flat_map(Map::values_mut) {
        if target.as_str() == Some(&base) {
            *target = own.clone();
        }
    }
}

/// The components that consist of a base, by its name: of one with a discriminator, and properties
/// that are its own or its parts'. An heir of an heir is one as well; where the heir is a base
/// itself, it is in that one's union.
fn heirs(document: &Document) -> BTreeMap<String, Vec<String>> {
    let bases: BTreeSet<&String> = document
        .components("schemas")
        .filter(|(_, schema)| schema.get("discriminator").is_some())
        .filter(|(_, schema)| {
            entries(schema.get("properties")).next().is_some()
                || items(schema.get("allOf")).next().is_some()
        })
        .map(|(name, _)| name)
        .collect();
    // What each component that adds something consists of. Another name of a base adds nothing.
    let parts: BTreeMap<&String, Vec<String>> = document
        .components("schemas")
        .filter(|(_, schema)| {
            items(schema.get("allOf")).count() > 1 || schema.get("properties").is_some()
        })
        .map(|(name, schema)| {
            let parts = items(schema.get("allOf"));
            let parts = parts.filter_map(|part| schema_name(reference(part)?));
            (name, parts.collect())
        })
        .collect();
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, _) in document.components("schemas") {
        let mut seen = BTreeSet::from([name]);
        let mut open = vec![name];
        while let Some(part) = open.pop() {
            for part in parts.get(part).into_iter().flatten() {
                if !seen.insert(part) {
                    continue;
                }
                if bases.contains(part) {
                    found.entry(part.clone()).or_default().push(name.clone());
                } else {
                    open.push(part);
                }
            }
        }
    }
    found
}
