//! Merges the parts of each `allOf` into one schema.
//!
//! Typify merges them too, but takes more than a minute for some, and generates a type without
//! valid values where two parts define a property differently. This stage uses simple rules
//! (`merge`). A contradiction becomes raw JSON, so that no data is lost, and the report lists its
//! pointer for a person to decide.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use self::merge::{Conflict, Rules, is_annotation, merge};
use super::name::Names;
use super::{Options, RAW, Stage};
use crate::decisions::{Use, or_raw, or_setting, resolving};
use crate::diagnostic::Diagnostics;
use crate::document::{Document, at, items, reference, schema_name};
use crate::report::Log;
use crate::schema::{self, Holder};

mod merge;
mod spread;

pub fn run(document: &mut Document, options: &Options, log: &mut Log) -> Result<(), Diagnostics> {
    let mut outcome = Outcome::default();
    components(document, options, &mut outcome, log);
    nested(document, options, &mut outcome, log);
    document.decided.extend(outcome.decided);
    let mut problems = Diagnostics::default();
    for (pointer, reason) in &outcome.undecided {
        let message = format!(
            "two parts of `allOf` define it differently, and no decision says which one is right: \
             {reason}"
        );
        let problem = document
            .error(pointer, message)
            .mended_by(resolving(pointer));
        options.undecided(problem, RAW, log, &mut problems);
    }
    for (pointer, reason) in &outcome.raw {
        let mend = match document.origin(pointer) {
            Some(origin) => or_setting(PARTS, &origin, "{\"allOf\": [VALUE]}"),
            None => PARTS.to_owned(),
        };
        let message = format!("the parts of `allOf` have no common type: {reason}");
        let problem = document.error(pointer, message);
        let problem = problem.mended_by(or_raw(&mend, pointer));
        options.undecided(problem, RAW, log, &mut problems);
    }
    problems.or(())
}

/// What gives a type to an `allOf` that cannot be merged.
const PARTS: &str = "keep only the parts that fit together";

/// The conflicts that were found.
#[derive(Default)]
struct Outcome {
    /// The schemas that cannot be merged, with the reason.
    raw: Vec<(String, String)>,
    decided: BTreeSet<String>,
    undecided: Vec<(String, String)>,
}

/// Merges the parts of components. Their properties are left to [`nested`], because a property may
/// refer to its own component, but a part may not.
fn components(document: &mut Document, options: &Options, outcome: &mut Outcome, log: &mut Log) {
    let schemas = document.schemas();
    let mut merger = Merger::new(document, &schemas, options, outcome, log);
    let names: Vec<String> = document
        .components("schemas")
        .map(|(name, _)| name.clone())
        .collect();
    for name in &names {
        if is_intersection(&schemas[name]) {
            let merged = merger.component(name, &mut Vec::new());
            if let Some(slot) = document.root.pointer_mut(&at("/components/schemas", name)) {
                *slot = merged;
            }
        }
    }
    for (name, schema) in merger.added {
        document.insert_schema(&name, schema);
    }
}

/// Merges all other `allOf`s: in properties, bodies and parts of unions.
fn nested(document: &mut Document, options: &Options, outcome: &mut Outcome, log: &mut Log) {
    let schemas = document.schemas();
    let mut merger = Merger::new(document, &schemas, options, outcome, log);
    // The pointers of the enclosing merged schemas, with the components that were merged there. A
    // property that contains its own enclosing schema would never end.
    let mut open: Vec<(String, BTreeSet<String>)> = Vec::new();
    schema::each_mut(&mut document.root, &mut |pointer, schema, holder| {
        if holder == Holder::Component || !is_intersection(schema) {
            return;
        }
        open.retain(|(outer, _)| pointer.starts_with(&format!("{outer}/")));
        if let Some(reference) = sole_reference(schema) {
            *schema = reference;
            return;
        }
        if is_nullable_reference(schema) {
            return;
        }
        let parts: BTreeSet<String> = items(schema.get("allOf"))
            .filter_map(|part| schema_name(reference(part)?))
            .collect();
        if open.iter().any(|(_, names)| !names.is_disjoint(&parts)) {
            *schema = merger.raw(pointer, schema, "it consists of the schema that it is in");
            return;
        }
        *schema = merger.intersection(schema, pointer, &mut Vec::new());
        open.push((pointer.to_owned(), parts));
    });
    for (name, schema) in merger.added {
        document.insert_schema(&name, schema);
    }
}

fn is_intersection(schema: &Value) -> bool {
    items(schema.get("allOf")).next().is_some()
}

/// An `allOf` of one reference only adds annotations to the place. Returns the reference with these
/// annotations.
fn sole_reference(schema: &Value) -> Option<Value> {
    let parts = schema.get("allOf")?.as_array()?;
    let [part] = parts.as_slice() else {
        return None;
    };
    let map = schema.as_object()?;
    let plain = map.keys().all(|key| key == "allOf" || is_annotation(key));
    if !plain {
        return None;
    }
    let mut result = Map::new();
    result.insert("$ref".to_owned(), json!(reference(part)?));
    result.extend(
        map.iter()
            .filter(|(key, _)| *key != "allOf")
            .map(|(k, v)| (k.clone(), v.clone())),
    );
    Some(Value::Object(result))
}

/// Whether this is a nullable reference. OpenAPI 3.0 has no other way to write one, and progenitor
/// understands it.
fn is_nullable_reference(schema: &Value) -> bool {
    let mut plain = schema.clone();
    plain
        .as_object_mut()
        .and_then(|map| map.shift_remove("nullable"))
        .is_some()
        && sole_reference(&plain).is_some()
}

struct Merger<'a> {
    rules: Rules<'a>,
    names: Names,
    /// The components that were created by merging.
    added: Vec<(String, Value)>,
    outcome: &'a mut Outcome,
    log: &'a mut Log,
    merged: BTreeMap<String, Value>,
}

impl<'a> Merger<'a> {
    fn new(
        document: &Document,
        schemas: &'a BTreeMap<String, Value>,
        options: &'a Options,
        outcome: &'a mut Outcome,
        log: &'a mut Log,
    ) -> Self {
        Self {
            rules: Rules {
                schemas,
                decided: &options.decisions.conflicts,
            },
            names: Names::of(document),
            added: Vec::new(),
            outcome,
            log,
            merged: BTreeMap::new(),
        }
    }

    fn raw(&mut self, pointer: &str, schema: &Value, reason: &str) -> Value {
        self.log.raw(pointer);
        self.log.change(
            Stage::MergeAllOf,
            format!("{pointer} is raw JSON: {reason}"),
        );
        if self.rules.decided.get(pointer) == Some(&Use::Raw) {
            self.outcome.decided.insert(pointer.to_owned());
        } else {
            let undecided = (pointer.to_owned(), reason.to_owned());
            self.outcome.raw.push(undecided);
        }
        let annotations = schema
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(key, _)| is_annotation(key));
        Value::Object(
            annotations
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
        )
    }

    /// The component with its `allOf` merged. `open` lists the components that are being merged and
    /// will include it.
    fn component(&mut self, name: &str, open: &mut Vec<String>) -> Value {
        if let Some(merged) = self.merged.get(name) {
            return merged.clone();
        }
        let Some(schema) = self.rules.schemas.get(name) else {
            return json!({});
        };
        let pointer = at("/components/schemas", name);
        let merged = if let Some(target) = reference(schema).and_then(schema_name) {
            if open.iter().any(|other| other == name) {
                return self.raw(&pointer, schema, "it consists of itself");
            }
            open.push(name.to_owned());
            let target = self.component(&target, open);
            open.pop();
            return target;
        } else if !is_intersection(schema) {
            return schema.clone();
        } else if open.iter().any(|other| other == name) {
            self.raw(&pointer, schema, "it consists of itself")
        } else {
            open.push(name.to_owned());
            let merged = self.intersection(schema, &pointer, open);
            open.pop();
            // A cycle may already have made this component raw.
            self.merged.get(name).cloned().unwrap_or(merged)
        };
        self.merged.insert(name.to_owned(), merged.clone());
        merged
    }

    /// Merges the parts of `schema` and its own keywords into one schema. It is raw JSON if they, or the
    /// parts of an `allOf` among them, cannot be merged.
    fn intersection(&mut self, schema: &Value, pointer: &str, open: &mut Vec<String>) -> Value {
        self.merged_parts(schema, pointer, open)
            .unwrap_or_else(|reason| self.raw(pointer, schema, &reason))
    }

    fn merged_parts(
        &mut self,
        schema: &Value,
        pointer: &str,
        open: &mut Vec<String>,
    ) -> Result<Value, String> {
        let mut parts = Vec::new();
        let mut named = Vec::new();
        let mut description = None;
        let only = items(schema.get("allOf")).count() == 1;
        for part in items(schema.get("allOf")) {
            let written_here = reference(part).is_none();
            let mut part = match reference(part).and_then(schema_name) {
                Some(name) => {
                    let mut part = self.component(&name, open);
                    // The discriminator of a base selects among its subtypes. A subtype has no
                    // subtypes itself.
                    if let Some(map) = part.as_object_mut()
                        && !map.contains_key("oneOf")
                        && !map.contains_key("anyOf")
                    {
                        map.shift_remove("discriminator");
                    }
                    named.push(name);
                    part
                }
                None if is_intersection(part) => self.merged_parts(part, pointer, open)?,
                None => part.clone(),
            };
            if let Some(map) = part.as_object_mut() {
                // Prefer the description of the inline part, since it describes the whole.
                let text = map.shift_remove("description");
                if text.is_some() && (written_here || only) {
                    description = text;
                }
                map.retain(|key, _| !is_annotation(key) || key.starts_with("x-"));
            }
            parts.push(part);
        }
        let mut own = schema.as_object().cloned().unwrap_or_default();
        own.shift_remove("allOf");
        parts.push(Value::Object(own));
        let mut conflicts = Vec::new();
        let merged = match spread::split(&parts) {
            Some((union, rest)) => self.spread(&union, rest, pointer, &mut conflicts, open),
            None => merge(&self.rules, parts, pointer, &mut conflicts),
        };
        for Conflict {
            pointer,
            decided,
            raw,
        } in conflicts
        {
            if decided == Some(Use::Raw) || raw.is_some() {
                self.log.raw(&pointer);
            }
            let outcome = match (decided, raw) {
                (Some(Use::First), _) => "a decision selects the first".to_owned(),
                (Some(Use::Last), _) => "a decision selects the last".to_owned(),
                (Some(Use::Raw), _) => "a decision makes it raw JSON".to_owned(),
                (None, Some(reason)) => {
                    let outcome = format!("it is raw JSON, since {reason}");
                    self.outcome.undecided.push((pointer.clone(), reason));
                    outcome
                }
                (None, None) => "the result is what both allow".to_owned(),
            };
            if decided.is_some() {
                self.outcome.decided.insert(pointer.clone());
            }
            let change =
                format!("{pointer}: two parts of `allOf` define it differently; {outcome}");
            self.log.change(Stage::MergeAllOf, change);
        }
        let mut merged = merged?;
        if let Some(description) = description {
            merged.entry("description").or_insert(description);
        }
        let of = if named.is_empty() {
            "its parts".to_owned()
        } else {
            named.join(", ")
        };
        self.log
            .change(Stage::MergeAllOf, format!("{pointer}: merged {of}"));
        Ok(Value::Object(merged))
    }
}
