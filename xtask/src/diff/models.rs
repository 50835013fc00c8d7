//! Compares the schemas that no operation reaches, mostly webhook payloads. They are compared by
//! name, since nothing else identifies them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::change::{Change, Changes, Direction, Kind};
use super::node::Node;
use super::schemas::{Known, Walk};
use crate::document::{Document, schema_name};
use crate::schema::{mapped, references};

pub(super) fn changes(old: &Document, new: &Document) -> Vec<Change> {
    let (before, after) = (Unreached::of(old), Unreached::of(new));
    let mut found = Vec::new();
    let mut known = Known::default();
    for (name, schema) in &before.schemas {
        let Some(other) = after.schemas.get(name) else {
            continue;
        };
        let mut walk = Walk::new(None, Direction::Response, known);
        let (old, new) = (Node::of(old, schema), Node::of(new, other));
        walk.compare(&old, &new, &format!("models.{name}"));
        let (changes, rest) = walk.into_parts();
        known = rest;
        found.extend(changes.found);
    }
    // A schema that operations reach under another name was neither added nor removed: a tool that
    // inlined the references left a copy behind.
    let mut walk = Walk::new(None, Direction::Response, known);
    let (mut gone, mut come) = (before.alone(new), after.alone(old));
    gone.retain(|(_, schema)| {
        let schema = Node::of(old, schema);
        let same = come
            .iter()
            .position(|(_, other)| walk.same(&schema, &Node::of(new, other)));
        let there = |walk: &mut Walk| {
            let mut reached = after.reached.iter();
            reached.any(|other| walk.same(&schema, &Node::of(new, other)))
        };
        same.map(|index| come.remove(index)).is_none() && !there(&mut walk)
    });
    come.retain(|(_, schema)| {
        let schema = Node::of(new, schema);
        let mut reached = before.reached.iter();
        !reached.any(|other| walk.same(&Node::of(old, other), &schema))
    });
    let mut changes = Changes::of(None);
    let how = (Direction::Response, false);
    for (name, _) in gone {
        changes.note(
            Kind::ModelRemoved,
            &format!("models.{name}"),
            how,
            None,
            None,
        );
    }
    for (name, _) in come {
        changes.note(Kind::ModelAdded, &format!("models.{name}"), how, None, None);
    }
    found.extend(changes.found);
    found
}

/// The component schemas that no operation reaches.
struct Unreached<'a> {
    schemas: BTreeMap<&'a str, &'a Value>,
    /// The schemas that an operation reaches.
    reached: Vec<&'a Value>,
    /// The names that other schemas refer to.
    referred: BTreeSet<String>,
}

impl<'a> Unreached<'a> {
    fn of(document: &'a Document) -> Self {
        let mut reached: BTreeSet<String> = BTreeSet::new();
        let mut open: Vec<String> = Vec::new();
        if let Some(paths) = document.root.get("paths") {
            named(document, paths, "/paths", &mut open);
        }
        while let Some(name) = open.pop() {
            let schema = document
                .components("schemas")
                .find(|(other, _)| **other == name);
            if let Some((_, schema)) = schema
                && reached.insert(name)
            {
                named(document, schema, "", &mut open);
            }
        }
        let mut referred = Vec::new();
        for kind in ["parameters", "requestBodies", "responses", "headers"] {
            for (_, unused) in document.components(kind) {
                named(document, unused, "", &mut referred);
            }
        }
        let (mut schemas, mut used) = (BTreeMap::new(), Vec::new());
        for (name, schema) in document.components("schemas") {
            let mut inner = Vec::new();
            named(document, schema, "", &mut inner);
            referred.extend(inner.into_iter().filter(|other| other != name));
            if reached.contains(name) {
                used.push(schema);
            } else {
                schemas.insert(name.as_str(), schema);
            }
        }
        Self {
            schemas,
            reached: used,
            referred: referred.into_iter().collect(),
        }
    }

    /// The schemas that no other schema refers to and that the other document lacks. A schema that
    /// is referred to may have been inline there.
    fn alone(&self, other: &Document) -> Vec<(&'a str, &'a Value)> {
        let names: BTreeSet<&String> = other.components("schemas").map(|(name, _)| name).collect();
        let alone = self.schemas.iter().filter(|(name, _)| {
            !self.referred.contains(**name) && !names.contains(&(**name).to_owned())
        });
        alone.map(|(name, schema)| (*name, *schema)).collect()
    }
}

/// Collects the component schemas referred to below a value, also through other components.
fn named(document: &Document, value: &Value, pointer: &str, found: &mut Vec<String>) {
    let mut open: Vec<String> = Vec::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    collect(value, pointer, &mut open);
    while let Some(reference) = open.pop() {
        match schema_name(&reference) {
            Some(name) => found.push(name),
            // The reference is to a parameter, a body or a response.
            None => {
                if seen.insert(reference.clone())
                    && let Some(target) = document.target(&reference)
                {
                    collect(target, "", &mut open);
                }
            }
        }
    }
}

fn collect(value: &Value, pointer: &str, found: &mut Vec<String>) {
    references(value, pointer, &mut |_, reference| {
        found.push(reference.to_owned());
    });
    mappings(value, found);
}

fn mappings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            found.extend(mapped(value).map(|target| target.trim_end_matches(':').to_owned()));
            map.values().for_each(|value| mappings(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| mappings(value, found)),
        _ => {}
    }
}
