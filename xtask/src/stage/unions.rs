//! Finds the unions, which are generated as enums decoded by their discriminator.
//!
//! A reader that tries the variants in turn would read an MPC wallet as a custodial one. The variants
//! of each union, and the tags that tell them apart, are kept in [`Document::kinds`]. The variants of a
//! union without a discriminator are told apart by their JSON types, and objects by what they require.
//! Where two variants that are not objects have the same JSON type, the union is raw JSON: nothing is
//! lost, and its pointer is in the report.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use self::variants::{Contradiction, ResolvedUnion, Schemas};
use super::hoist::is_union;
use super::{Options, Stage};
use crate::decisions::{keys, setting};
use crate::diagnostic::Diagnostics;
use crate::document::{Document, at, entries};
use crate::kind::Kind;
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
                for Contradiction { reason, .. } in &contradictions {
                    let text = format!("{reason}: both are read as this variant");
                    log.change(Stage::Unions, format!("{pointer}: {text}"));
                }
                undecided.push((at(&pointer, "discriminator"), contradictions));
                for note in notes {
                    log.change(Stage::Unions, format!("{pointer}: {note}"));
                }
                // Typify turns `anyOf` into one struct of all variants.
                if let Some(parts) = map.shift_remove("anyOf") {
                    map.insert("oneOf".to_owned(), parts);
                }
                document.kinds.insert(name, Kind::Union(union));
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
    for (pointer, contradictions) in undecided {
        let mend = mend(document, &pointer, &contradictions);
        for contradiction in contradictions {
            let problem = document.error(&pointer, contradiction.reason);
            let problem = problem.mended_by(mend.as_str());
            if options.strict {
                problems.push(problem);
            } else {
                log.warn(problem);
            }
        }
    }
    for (pointer, reason) in raw {
        let problem = document.error(&pointer, format!("it is raw JSON: {reason}"));
        log.warn(problem.mended_by(
            "give the union a discriminator and parts that are objects, or parts that are each of \
             another JSON type",
        ));
    }
    problems.or(())
}

/// What mends the contradictions of a discriminator: the mapping with the values that its variants
/// allow.
fn mend(document: &Document, pointer: &str, contradictions: &[Contradiction]) -> String {
    let corrected = || {
        let origin = document.origin(pointer)?;
        let mapping = document.original.pointer(&at(&origin, "mapping"))?;
        let mut corrected = Map::new();
        for (tag, target) in entries(Some(mapping)) {
            let of = contradictions.iter().find(|odd| odd.tags.contains(tag));
            match of {
                None => {
                    corrected.insert(tag.clone(), target.clone());
                }
                Some(odd) if odd.instead.is_empty() => return None,
                Some(odd) => {
                    let instead = odd.instead.iter();
                    corrected.extend(instead.map(|tag| (tag.clone(), target.clone())));
                }
            }
        }
        let set = keys(&[("mapping", Value::Object(corrected))]);
        Some(setting(&origin, &set))
    };
    corrected()
        .unwrap_or_else(|| "correct the mapping, or the values that the variants allow".to_owned())
}
