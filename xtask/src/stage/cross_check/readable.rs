//! Finds the schemas that progenitor cannot read, because its errors and panics give no location.
//!
//! Bisects the schemas until only those remain that fail on their own, each together with the
//! schemas that it refers to.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::read;
use crate::document::{reference, schema_name};
use crate::reachable::reachable;

/// Splits the schemas into those that progenitor can read together, and the others with reasons.
pub(super) fn split(schemas: Map<String, Value>) -> (Map<String, Value>, Vec<(String, String)>) {
    if read(&schemas).is_ok() {
        return (schemas, Vec::new());
    }
    let graph: Graph = schemas
        .iter()
        .map(|(name, schema)| {
            let mut names = BTreeSet::new();
            referred(schema, &mut names);
            (name.clone(), names)
        })
        .collect();
    let names: Vec<String> = schemas.keys().cloned().collect();
    let with = |names: &[String]| -> Map<String, Value> {
        let kept = reachable(names, |name| graph.get(name).into_iter().flatten());
        let kept = schemas.iter().filter(|(name, _)| kept.contains(name));
        kept.map(|(name, schema)| (name.clone(), schema.clone()))
            .collect()
    };
    let mut unreadable = Vec::new();
    culprits(
        &names,
        &|names| read(&with(names)).map(|_| ()),
        &mut unreadable,
    );
    let failing: BTreeSet<&String> = unreadable.iter().map(|(name, _)| name).collect();
    let fine: Vec<String> = names
        .iter()
        .filter(|name| !failing.contains(name))
        .cloned()
        .collect();
    (with(&fine), unreadable)
}

/// The schemas of `all` that fail on their own, with the reasons, in the order of `all`.
fn culprits(
    all: &[String],
    run: &dyn Fn(&[String]) -> Result<(), String>,
    found: &mut Vec<(String, String)>,
) {
    let Err(reason) = run(all) else {
        return;
    };
    match all {
        [] => {}
        [one] => found.push((one.clone(), reason)),
        _ => {
            let (left, right) = all.split_at(all.len() / 2);
            culprits(left, run, found);
            culprits(right, run, found);
        }
    }
}

/// The schemas that each schema refers to.
type Graph = BTreeMap<String, BTreeSet<String>>;

fn referred(value: &Value, names: &mut BTreeSet<String>) {
    names.extend(reference(value).and_then(schema_name));
    match value {
        Value::Object(entries) => entries.values().for_each(|value| referred(value, names)),
        Value::Array(items) => items.iter().for_each(|value| referred(value, names)),
        _ => {}
    }
}
