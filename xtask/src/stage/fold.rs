//! Finds the components again in a document whose references were replaced by what they named.
//!
//! Some tools hand on a document that way. Each place would get models of its own then: of one of Cobo's releases, eight
//! times as many. An inline schema that is, word for word, what a component is, is that component. Texts and numbers
//! stay where they are: they have no name in Rust.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use super::{Options, Stage};
use crate::document::{Document, schema_reference};
use crate::refusal::Refusals;
use crate::report::Log;
use crate::schema;

pub fn run(document: &mut Document, _options: &Options, log: &mut Log) -> Result<(), Refusals> {
    let mut known = Components::default();
    for (name, schema) in document.components("schemas") {
        if has_a_name(schema) {
            known.add(name, schema);
        }
    }
    let mut found: Vec<(String, String)> = Vec::new();
    schema::each_mut(&mut document.root, &mut |pointer, schema, _| {
        let Some(name) = has_a_name(schema).then(|| known.name(schema)).flatten() else {
            return;
        };
        // A component is itself, and not another that is equal.
        if pointer
            .strip_prefix("/components/schemas/")
            .is_some_and(|rest| !rest.contains('/'))
        {
            return;
        }
        *schema = schema_reference(name);
        found.push((pointer.to_owned(), name.to_owned()));
    });
    for (pointer, name) in found {
        log.change(Stage::Fold, format!("{pointer} is {name}"));
    }
    Ok(())
}

/// Whether a schema becomes a model.
fn has_a_name(schema: &Value) -> bool {
    ["properties", "enum", "oneOf", "anyOf", "allOf"]
        .iter()
        .any(|key| schema.get(key).is_some())
}

/// The component schemas, by their contents.
#[derive(Default)]
struct Components(HashMap<u64, Vec<(String, Value)>>);

impl Components {
    fn add(&mut self, name: &str, schema: &Value) {
        let same = self.0.entry(hash(schema)).or_default();
        same.push((name.to_owned(), schema.clone()));
    }

    /// The first component with these contents.
    fn name(&self, schema: &Value) -> Option<&str> {
        let same = self.0.get(&hash(schema))?;
        let (name, _) = same.iter().find(|(_, other)| other == schema)?;
        Some(name)
    }
}

fn hash(value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
