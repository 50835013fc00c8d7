//! Replaces inlined copies of components by references to the components.
//!
//! Some tools write documents in which every reference is inlined. Each place would then get its own models: for one
//! release of Cobo's, eight times as many. An inline schema that equals a component is replaced by a reference to that
//! component. References are compared by their targets, since an inlined cycle is written out once more than its
//! length. Strings and numbers stay inline, because they have no Rust name. So do lists, unless their items are
//! inline schemas that equal no component: then the list and its items get the names of the list component.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use super::{Options, Stage};
use crate::diagnostic::Diagnostics;
use crate::document::{Document, schema_reference};
use crate::report::Log;
use crate::schema;

/// The depth up to which a fingerprint covers a schema.
const DEPTH: usize = 6;

pub fn run(document: &mut Document, _options: &Options, log: &mut Log) -> Result<(), Diagnostics> {
    let original = document.clone();
    let known = Components::of(&original);
    let mut found: Vec<(String, String)> = Vec::new();
    schema::each_mut(&mut document.root, &mut |pointer, schema, _| {
        // A component must not be replaced by another component that is equal.
        let component = pointer.strip_prefix("/components/schemas/");
        if component.is_some_and(|rest| !rest.contains('/')) {
            return;
        }
        if let Some(name) = known.name(schema) {
            *schema = schema_reference(name);
            found.push((pointer.to_owned(), name.to_owned()));
        }
    });
    for (pointer, name) in found {
        log.change(Stage::Deduplicate, format!("{pointer} is {name}"));
    }
    Ok(())
}

/// Whether a schema becomes a model, if it is not a list.
fn has_a_name(schema: &Value) -> bool {
    ["properties", "enum", "oneOf", "anyOf", "allOf"]
        .iter()
        .any(|key| schema.get(key).is_some())
}

/// The component schemas, keyed by fingerprint.
struct Components<'a> {
    document: &'a Document,
    by_fingerprint: HashMap<u64, Vec<(&'a str, &'a Value)>>,
}

impl<'a> Components<'a> {
    fn of(document: &'a Document) -> Self {
        let mut found = Self {
            document,
            by_fingerprint: HashMap::new(),
        };
        for (name, schema) in document.components("schemas") {
            if has_a_name(schema.get("items").unwrap_or(schema)) {
                let fingerprint = found.fingerprint(schema);
                let same = found.by_fingerprint.entry(fingerprint).or_default();
                same.push((name, schema));
            }
        }
        found
    }

    /// The name of the first component that equals the schema, if the schema becomes a model.
    fn name(&self, schema: &Value) -> Option<&'a str> {
        let becomes_a_model = match schema.get("items") {
            Some(items) => has_a_name(items) && self.name(items).is_none(),
            None => has_a_name(schema),
        };
        if !becomes_a_model {
            return None;
        }
        let alike = self.by_fingerprint.get(&self.fingerprint(schema))?;
        let same = |(_, other): &&(&str, &Value)| self.same(schema, other, &mut HashSet::new());
        let (name, _) = alike.iter().find(same)?;
        Some(name)
    }

    fn fingerprint(&self, schema: &Value) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(schema, DEPTH, &mut hasher);
        hasher.finish()
    }

    fn hash(&self, value: &Value, depth: usize, hasher: &mut DefaultHasher) {
        let value = self.document.resolve(value).unwrap_or(value);
        match value {
            Value::Object(map) => {
                map.len().hash(hasher);
                for (key, value) in map.iter().filter(|_| depth > 0) {
                    key.hash(hasher);
                    self.hash(value, depth - 1, hasher);
                }
            }
            Value::Array(list) => {
                list.len().hash(hasher);
                for value in list.iter().filter(|_| depth > 0) {
                    self.hash(value, depth - 1, hasher);
                }
            }
            scalar => scalar.hash(hasher),
        }
    }

    /// Whether two schemas are equal with all references resolved. `assumed` holds the pairs that an outer call is
    /// comparing; a cycle that returns to such a pair counts as equal.
    fn same(&self, one: &Value, other: &Value, assumed: &mut HashSet<(usize, usize)>) -> bool {
        let (Some(one), Some(other)) = (self.document.resolve(one), self.document.resolve(other))
        else {
            return one == other;
        };
        let address = |value: &Value| std::ptr::from_ref(value).addr();
        match (one, other) {
            _ if address(one) == address(other) => true,
            (Value::Object(ones), Value::Object(others)) => {
                if !assumed.insert((address(one), address(other))) {
                    return true;
                }
                ones.len() == others.len()
                    && ones.iter().all(|(key, value)| {
                        let other = others.get(key);
                        other.is_some_and(|other| self.same(value, other, assumed))
                    })
            }
            (Value::Array(ones), Value::Array(others)) => {
                ones.len() == others.len()
                    && ones
                        .iter()
                        .zip(others)
                        .all(|(one, other)| self.same(one, other, assumed))
            }
            _ => one == other,
        }
    }
}
