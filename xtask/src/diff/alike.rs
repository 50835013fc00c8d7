//! Whether one schema is a copy of another: equal except for prose, order, and whether references
//! are inlined.

use std::collections::HashSet;

use serde_json::Value;

use crate::document::{Document, pointer_of};

pub(super) fn alike(document: &Document, one: &Value, other: &Value) -> bool {
    Copies {
        document,
        inside: HashSet::new(),
    }
    .value(one, other)
}

struct Copies<'a> {
    document: &'a Document,
    /// The pairs that are being compared. A cycle back to such a pair counts as equal.
    inside: HashSet<(usize, usize)>,
}

/// Keys that hold text for people.
const PROSE: [&str; 6] = [
    "description",
    "example",
    "examples",
    "externalDocs",
    "summary",
    "title",
];

impl<'a> Copies<'a> {
    fn value(&mut self, one: &'a Value, other: &'a Value) -> bool {
        let (Some(one), Some(other)) = (self.document.resolve(one), self.document.resolve(other))
        else {
            return false;
        };
        let pair = (
            std::ptr::from_ref(one).addr(),
            std::ptr::from_ref(other).addr(),
        );
        if pair.0 == pair.1 || !self.inside.insert(pair) {
            return true;
        }
        let same = match (one, other) {
            (Value::Object(one), Value::Object(other)) => {
                let keys: HashSet<&String> = one.keys().chain(other.keys()).collect();
                keys.into_iter()
                    .all(|key| match (one.get(key), other.get(key)) {
                        (Some(one), Some(other)) => self.value(one, other),
                        // The value of a property is a schema, that of a prose key is a string.
                        (one, other) => {
                            let only = one.or(other);
                            PROSE.contains(&key.as_str()) && !only.is_some_and(Value::is_object)
                        }
                    })
            }
            (Value::Array(one), Value::Array(other)) => {
                one.len() == other.len()
                    && one
                        .iter()
                        .all(|one| other.iter().any(|other| self.value(one, other)))
            }
            // These are targets of a discriminator mapping.
            (Value::String(one), Value::String(other)) => one == other || self.targets(one, other),
            (one, other) => one == other,
        };
        if !same {
            self.inside.remove(&pair);
        }
        same
    }

    fn targets(&mut self, one: &'a str, other: &'a str) -> bool {
        let target = |text: &str| {
            let pointer = pointer_of(text.trim_end_matches(':'))?;
            self.document.root.pointer(&pointer)
        };
        match (target(one), target(other)) {
            (Some(one), Some(other)) => self.value(one, other),
            _ => false,
        }
    }
}
