//! Finds objects by their kind, and by the texts of the properties that identify them.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::waas2::kind::Kind;

/// The numbers of objects, in the order of creation. Kinds are compared by their names: a deposit, too, is a
/// transaction.
#[derive(Default)]
pub(super) struct Index {
    /// By kind.
    kinds: BTreeSet<(&'static str, u64)>,
    /// By kind, property and text.
    texts: BTreeSet<(&'static str, &'static str, String, u64)>,
}

impl Index {
    pub(super) fn insert(&mut self, kind: &'static Kind, value: &Value, number: u64) {
        self.kinds.insert((kind.name, number));
        self.texts.extend(entries(kind, value, number));
    }

    pub(super) fn remove(&mut self, kind: &'static Kind, value: &Value, number: u64) {
        self.kinds.remove(&(kind.name, number));
        for entry in entries(kind, value, number) {
            self.texts.remove(&entry);
        }
    }

    /// The objects of a kind.
    pub(super) fn of_kind(&self, kind: &Kind) -> impl Iterator<Item = u64> {
        let range = (kind.name, 0)..=(kind.name, u64::MAX);
        self.kinds.range(range).map(|(_, number)| *number)
    }

    /// The objects of a kind with this text in a property that they are [looked up by](Kind::looked_up_by).
    pub(super) fn with_text(
        &self,
        kind: &Kind,
        property: &'static str,
        text: &str,
    ) -> impl Iterator<Item = u64> {
        let entry = |number| (kind.name, property, text.to_owned(), number);
        let found = self.texts.range(entry(0)..=entry(u64::MAX));
        found.map(|(.., number)| *number)
    }
}

fn entries(
    kind: &'static Kind,
    value: &Value,
    number: u64,
) -> impl Iterator<Item = (&'static str, &'static str, String, u64)> {
    kind.looked_up_by().filter_map(move |property| {
        let text = value[property].as_str()?;
        Some((kind.name, property, text.to_owned(), number))
    })
}
