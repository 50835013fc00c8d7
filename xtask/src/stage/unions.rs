//! Finds the unions, which are generated as enums decoded by their discriminator.
//!
//! A reader that tries the variants in turn would read an MPC wallet as a custodial one. The variants
//! of each union, and the tags that tell them apart, are kept in [`Document::kinds`]. The variants of a
//! union without a discriminator are told apart by their JSON types, and objects by what they require.
//! Where two variants that are not objects have the same JSON type, the union is raw JSON: nothing is
//! lost, and its pointer is in the report.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use self::variants::{ResolvedUnion, Schemas, Untyped};
use super::{Options, RAW, Stage};
use crate::decisions::Use;
use crate::diagnostic::Diagnostics;
use crate::document::{Document, at};
use crate::kind::Kind;
use crate::report::Log;
use crate::schema::{self, is_union};

mod json_types;
mod mends;
mod tags;
mod variants;

pub fn run(document: &mut Document, options: &Options, log: &mut Log) -> Result<(), Diagnostics> {
    let schemas = document.schemas();
    let found = Schemas::new(&schemas);
    let mut problems = Diagnostics::default();
    for (name, schema) in schemas.iter().filter(|(_, schema)| is_union(schema)) {
        let pointer = at("/components/schemas", name);
        // A person knows the union by its place in the file.
        let place = document.origin(&pointer).unwrap_or_else(|| pointer.clone());
        let resolved = found.resolve(name, schema);
        let open = match &resolved {
            Ok(union) => mends::of_union(document, &pointer, &place, union),
            Err(untyped) => vec![(mends::of_untyped(document, &place, untyped), RAW)],
        };
        let accepted = options.decisions.conflicts.get(&place) == Some(&Use::Raw);
        if accepted && !open.is_empty() {
            document.decided.insert(place);
            make_raw(document, &pointer, "a decision makes it raw JSON", log);
            continue;
        }
        match resolved {
            Ok(resolved) => keep(document, name, resolved, log),
            Err(Untyped { reason, .. }) => make_raw(document, &pointer, &reason, log),
        }
        for (problem, meanwhile) in open {
            options.undecided(problem, meanwhile, log, &mut problems);
        }
    }
    drop_discriminators(document, log);
    problems.or(())
}

/// Keeps the variants of a union.
fn keep(document: &mut Document, name: &str, resolved: ResolvedUnion, log: &mut Log) {
    let pointer = at("/components/schemas", name);
    let contradictions = resolved.contradictions.into_iter();
    let contradictions = contradictions.map(|contradiction| contradiction.reason);
    let contradictions = contradictions.map(|reason| format!("{reason}; {}", mends::BOTH_READ));
    for note in contradictions.chain(resolved.notes) {
        log.change(Stage::Unions, format!("{pointer}: {note}"));
    }
    let schema = document.root.pointer_mut(&pointer);
    // Typify turns `anyOf` into one struct of all variants.
    if let Some(map) = schema.and_then(Value::as_object_mut)
        && let Some(parts) = map.shift_remove("anyOf")
    {
        map.insert("oneOf".to_owned(), parts);
    }
    let union = Kind::Union(resolved.union);
    document.kinds.insert(name.to_owned(), union);
}

/// Makes a union any JSON.
fn make_raw(document: &mut Document, pointer: &str, reason: &str, log: &mut Log) {
    let kept: BTreeSet<&str> = ["description", "example", "deprecated"].into();
    let schema = document.root.pointer_mut(pointer);
    if let Some(map) = schema.and_then(Value::as_object_mut) {
        *map = std::mem::take(map)
            .into_iter()
            .filter(|(key, _)| kept.contains(key.as_str()))
            .collect::<Map<_, _>>();
    }
    log.raw(pointer);
    log.change(Stage::Unions, format!("{pointer} is raw JSON: {reason}"));
}

/// A discriminator without a union is dropped: its schema is a base, which decodes only the
/// properties that all subtypes share.
fn drop_discriminators(document: &mut Document, log: &mut Log) {
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
}
