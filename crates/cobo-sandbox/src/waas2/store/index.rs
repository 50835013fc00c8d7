//! Finds objects by their kind, and by the texts of the properties that identify them.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use crate::waas2::kind::Kind;

/// The numbers of objects, in the order of creation. Kinds are compared by their names: a deposit, too, is a
/// transaction.
#[derive(Default)]
pub(super) struct Index {
    by_kind: HashMap<&'static str, BTreeSet<u64>>,
    /// By kind, property and text.
    by_text: HashMap<(&'static str, &'static str, String), BTreeSet<u64>>,
}

impl Index {
    pub(super) fn insert(&mut self, kind: &'static Kind, value: &Value, number: u64) {
        self.by_kind.entry(kind.name).or_default().insert(number);
        for key in keys(kind, value) {
            self.by_text.entry(key).or_default().insert(number);
        }
    }

    pub(super) fn remove(&mut self, kind: &'static Kind, value: &Value, number: u64) {
        if let Some(numbers) = self.by_kind.get_mut(kind.name) {
            numbers.remove(&number);
        }
        for key in keys(kind, value) {
            if let Some(numbers) = self.by_text.get_mut(&key) {
                numbers.remove(&number);
                if numbers.is_empty() {
                    self.by_text.remove(&key);
                }
            }
        }
    }

    /// The objects of a kind.
    pub(super) fn of_kind(&self, kind: &Kind) -> impl Iterator<Item = u64> {
        self.by_kind.get(kind.name).into_iter().flatten().copied()
    }

    /// The objects of a kind with this text in a property that they are [looked up by](Kind::looked_up_by).
    pub(super) fn with_text(
        &self,
        kind: &Kind,
        property: &'static str,
        text: &str,
    ) -> impl Iterator<Item = u64> {
        let key = (kind.name, property, text.to_owned());
        self.by_text.get(&key).into_iter().flatten().copied()
    }
}

fn keys(
    kind: &'static Kind,
    value: &Value,
) -> impl Iterator<Item = (&'static str, &'static str, String)> {
    kind.looked_up_by().filter_map(|property| {
        let text = value[property].as_str()?;
        Some((kind.name, property, text.to_owned()))
    })
}
