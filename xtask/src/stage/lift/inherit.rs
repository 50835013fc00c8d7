//! Turns a base with a discriminator into a union of its subtypes.
//!
//! OpenAPI writes inheritance as an `allOf` of a base with a discriminator. A value of the base may
//! be any of its subtypes, with properties that the base lacks. So the base's own properties move
//! to a new component, which the subtypes include instead, and the base becomes the union of its
//! subtypes.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::Stage;
use super::super::name::Names;
use crate::document::{Document, at, entries, items, reference, schema_name, schema_reference};
use crate::report::Log;

/// The keywords that define the union. All others belong to the base itself.
const UNION: [&str; 3] = ["oneOf", "anyOf", "discriminator"];

pub(super) fn unions(document: &mut Document, log: &mut Log) {
    let mut names = Names::of(document);
    for (base, heirs) in heirs(document) {
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
        let schema = std::mem::replace(map, union);
        document.insert_schema(&own, Value::Object(schema));
        document.moved(
            &at(&pointer, "properties"),
            &at(&at("/components/schemas", &own), "properties"),
        );
        for heir in &heirs {
            let parts = at(&at("/components/schemas", heir), "allOf");
            let parts = document.root.pointer_mut(&parts);
            for part in parts.and_then(Value::as_array_mut).into_iter().flatten() {
                if reference(part).and_then(schema_name).as_ref() == Some(&base)
                    && let Some(part) = part.as_object_mut()
                {
                    part.insert("$ref".to_owned(), json!(at("#/components/schemas", &own)));
                }
            }
        }
        log.change(
            Stage::Lift,
            format!(
                "{pointer}: a union of {}, which consist of {own}",
                heirs.join(", ")
            ),
        );
    }
}

/// The subtypes of each component with a discriminator and properties, keyed by its name.
fn heirs(document: &Document) -> BTreeMap<String, Vec<String>> {
    let bases: Vec<&String> = document
        .components("schemas")
        .filter(|(_, schema)| schema.get("discriminator").is_some())
        .filter(|(_, schema)| entries(schema.get("properties")).next().is_some())
        .map(|(name, _)| name)
        .collect();
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, schema) in document.components("schemas") {
        let parts = items(schema.get("allOf")).filter_map(|part| schema_name(reference(part)?));
        for base in parts.filter(|part| bases.contains(&part)) {
            // A plain alias of the base is not a subtype.
            let adds = items(schema.get("allOf")).count() > 1 || schema.get("properties").is_some();
            if adds && base != *name {
                found.entry(base).or_default().push(name.clone());
            }
        }
    }
    found
}
