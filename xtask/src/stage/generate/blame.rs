//! Finds what makes progenitor fail: its errors and panics do not say where.
//!
//! Operations are left out by halves until the ones that fail on their own remain, and schemas
//! likewise, each with what it refers to.

use std::collections::{BTreeMap, BTreeSet};

use openapiv3::OpenAPI;
use serde_json::Value;

use super::progenitor;
use crate::document::{Document, at, reference, schema_name};
use crate::refusal::Refusals;

pub(super) fn refusals(document: &Document, api: &OpenAPI, reason: &str) -> Refusals {
    let mut refusals = Refusals::default();
    let mut no_paths = api.clone();
    no_paths.paths.paths.clear();
    if progenitor(&no_paths).is_err() {
        let names: Vec<String> = document
            .components("schemas")
            .map(|(name, _)| name.clone())
            .collect();
        let graph = graph(document);
        let found = culprits(&names, &|names| {
            progenitor(&with_schemas(&no_paths, &graph, names))
        });
        let failing: BTreeSet<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        for (name, reason) in &found {
            // A schema that only refers to a failing one is not at fault.
            let deeper = closure(&graph, std::slice::from_ref(name));
            if deeper
                .iter()
                .any(|other| other != name && failing.contains(other.as_str()))
            {
                continue;
            }
            refusals.push(document.refuse(&at("/components/schemas", name), reason.as_str()));
        }
    } else {
        let places: Vec<(String, String)> = document
            .operations()
            .map(|place| (place.path.to_owned(), place.method.to_owned()))
            .collect();
        for ((path, method), reason) in
            culprits(&places, &|places| progenitor(&with_operations(api, places)))
        {
            refusals.push(document.refuse(&at(&at("/paths", &path), &method), reason));
        }
    }
    if refusals.is_empty() {
        refusals.push(document.refuse("", reason));
    }
    refusals
}

/// Those of `all` that fail alone, with the reason; in the order of `all`.
fn culprits<T: Clone, U>(all: &[T], run: &dyn Fn(&[T]) -> Result<U, String>) -> Vec<(T, String)> {
    let Err(reason) = run(all) else {
        return Vec::new();
    };
    match all {
        [] => Vec::new(),
        [one] => vec![(one.clone(), reason)],
        _ => {
            let (left, right) = all.split_at(all.len() / 2);
            let mut found = culprits(left, run);
            found.extend(culprits(right, run));
            found
        }
    }
}

fn with_operations(api: &OpenAPI, places: &[(String, String)]) -> OpenAPI {
    let kept = |path: &str, method: &str| {
        places
            .iter()
            .any(|(kept_path, kept_method)| kept_path == path && kept_method == method)
    };
    let mut api = api.clone();
    for (path, entry) in &mut api.paths.paths {
        let openapiv3::ReferenceOr::Item(entry) = entry else {
            continue;
        };
        for (method, operation) in [
            ("get", &mut entry.get),
            ("put", &mut entry.put),
            ("post", &mut entry.post),
            ("delete", &mut entry.delete),
            ("options", &mut entry.options),
            ("head", &mut entry.head),
            ("patch", &mut entry.patch),
            ("trace", &mut entry.trace),
        ] {
            if !kept(path, method) {
                *operation = None;
            }
        }
    }
    api
}

fn with_schemas(api: &OpenAPI, graph: &Graph, names: &[String]) -> OpenAPI {
    let kept = closure(graph, names);
    let mut api = api.clone();
    if let Some(components) = &mut api.components {
        components.schemas.retain(|name, _| kept.contains(name));
    }
    api
}

/// Which schemas each schema refers to.
type Graph = BTreeMap<String, BTreeSet<String>>;

fn graph(document: &Document) -> Graph {
    document
        .components("schemas")
        .map(|(name, schema)| {
            let mut names = BTreeSet::new();
            referred(schema, &mut names);
            (name.clone(), names)
        })
        .collect()
}

fn referred(value: &Value, names: &mut BTreeSet<String>) {
    names.extend(reference(value).and_then(schema_name));
    match value {
        Value::Object(entries) => entries.values().for_each(|value| referred(value, names)),
        Value::Array(items) => items.iter().for_each(|value| referred(value, names)),
        _ => {}
    }
}

fn closure(graph: &Graph, names: &[String]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut left: Vec<&String> = names.iter().collect();
    while let Some(name) = left.pop() {
        if found.insert(name.clone()) {
            left.extend(graph.get(name).into_iter().flatten());
        }
    }
    found
}
