//! Marks the unions, so that they are generated as enums decoded by their discriminator.
//!
//! A reader that tries the variants in turn would read an MPC wallet as a custodial one. The variants
//! of each union, and the tags that tell them apart, are kept in a mark, from which
//! [`Api`](crate::api::Api) is made. The variants of a union without a discriminator are told apart
//! by their JSON types, and objects by what they require. Where two variants that are not objects have
//! the same JSON type, the union is raw JSON: nothing is lost, and its pointer is in the report.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use self::variants::{ResolvedUnion, Schemas};
use super::hoist::is_union;
use super::{Options, Stage};
use crate::diagnostic::Diagnostics;
use crate::document::{Document, at};
use crate::marks::{KIND, UNION};
use crate::report::Log;
use crate::schema;

mod json_types;
mod tags;
mod variants;

pub fn run(document: &mut Document, options: &Options, log: &mut Log) -> Result<(), Diagnostics> {
    let schemas: BTreeMap<String, Value> = document
        .components("schemas")
        .map(|(name, schema)| (name.clone(), schema.clone()))
        .collect();
    let schemas = Schemas::new(&schemas);
    let mut resolved = BTreeMap::new();
    for (name, schema) in document.components("schemas") {
        if is_union(schema) {
            resolved.insert(name.clone(), schemas.resolve(name, schema));
        }
    }
    let mut undecided = Vec::new();
    let mut raw = Vec::new();
    for (name, outcome) in resolved {
        let pointer = at("/components/schemas", &name);
        let Some(Value::Object(map)) = document.root.pointer_mut(&pointer) else {
            continue;
        };
        match outcome {
            Ok(ResolvedUnion {
                union,
                notes,
                contradictions,
            }) => {
                for contradiction in contradictions {
                    let text = format!("{contradiction}: both are read as this variant");
                    log.change(Stage::Unions, format!("{pointer}: {text}"));
                    undecided.push((at(&pointer, "discriminator"), contradiction));
                }
                for note in notes {
                    log.change(Stage::Unions, format!("{pointer}: {note}"));
                }
                // Typify turns `anyOf` into one struct of all variants.
                if let Some(parts) = map.shift_remove("anyOf") {
                    map.insert("oneOf".to_owned(), parts);
                }
                map.insert(KIND.to_owned(), json!("union"));
                map.insert(UNION.to_owned(), union);
            }
            Err(reason) => {
                let kept: BTreeSet<&str> = ["description", "example", "deprecated"].into();
                *map = std::mem::take(map)
                    .into_iter()
                    .filter(|(key, _)| kept.contains(key.as_str()))
                    .collect::<Map<_, _>>();
                log.raw(&pointer);
                log.change(Stage::Unions, format!("{pointer} is raw JSON: {reason}"));
                raw.push((pointer, reason));
            }
        }
    }
    // A discriminator without a union is dropped: its schema is a base, which decodes only the
    // properties that all subtypes share.
    schema::each_mut(&mut document.root, &mut |pointer, schema, _| {
        if let Some(map) = schema.as_object_mut()
            && !is_union(&Value::Object(map.clone()))
            && map.shift_remove("discriminator").is_some()
        {
            log.change(
                Stage::Unions,
                format!("{pointer}: dropped `discriminator`, which has no union"),
            );
        }
    });
    let mut problems = Diagnostics::default();
    for (pointer, reason) in undecided {
        let problem = document.error(&pointer, reason);
        if options.strict {
            problems.push(problem);
        } else {
            log.warn(problem);
        }
    }
    for (pointer, reason) in raw {
        log.warn(document.error(&pointer, format!("it is raw JSON: {reason}")));
    }
    problems.or(())
}
