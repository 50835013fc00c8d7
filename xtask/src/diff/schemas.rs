//! Compares two schemas, including everything below them.

use std::collections::HashSet;

use super::change::{Changes, Direction, Kind};
use super::node::{Identity, Node, Type};

/// The maximum depth. A deeper schema is assumed to repeat the same structure.
const DEPTH: usize = 100;

type Pair = (Identity, Identity, Direction);

/// A walk through two documents at once.
pub(super) struct Walk {
    pub(super) changes: Changes,
    pub(super) direction: Direction,
    /// The pairs that are being compared. A cycle back to such a pair shows no difference.
    inside: Vec<Pair>,
    known: Known,
    /// The outermost pair that a cycle has returned to.
    back: usize,
}

/// Pairs that are equal, including everything below them.
#[derive(Default)]
pub(super) struct Known(HashSet<Pair>);

impl Walk {
    pub(super) fn new(operation: Option<&str>, direction: Direction, known: Known) -> Self {
        Self {
            changes: Changes::of(operation),
            direction,
            inside: Vec::new(),
            known,
            back: usize::MAX,
        }
    }

    pub(super) fn into_parts(self) -> (Changes, Known) {
        (self.changes, self.known)
    }

    /// Records a change below a schema.
    pub(super) fn note(
        &mut self,
        kind: Kind,
        path: &str,
        before: Option<String>,
        after: Option<String>,
    ) {
        self.changes
            .note(kind, path, (self.direction, false), before, after);
    }

    /// Whether two schemas are equal for a user of the generated crate.
    pub(super) fn same(&mut self, old: &Node<'_>, new: &Node<'_>) -> bool {
        let before = std::mem::replace(&mut self.changes, Changes::of(None));
        self.compare(old, new, "");
        let inner = std::mem::replace(&mut self.changes, before);
        inner.found.is_empty()
    }

    pub(super) fn compare(&mut self, old: &Node<'_>, new: &Node<'_>, path: &str) {
        let pair = (old.identity(), new.identity(), self.direction);
        if self.known.0.contains(&pair) || self.inside.len() >= DEPTH {
            return;
        }
        if let Some(place) = self.inside.iter().position(|other| *other == pair) {
            self.back = self.back.min(place);
            return;
        }
        let place = self.inside.len();
        let found = self.changes.found.len();
        self.inside.push(pair);
        self.below(old, new, path);
        if let Some(pair) = self.inside.pop()
            && self.changes.found.len() == found
            // The result is final only if no cycle led back to an outer pair, which is still
            // compared.
            && self.back >= place
        {
            self.known.0.insert(pair);
        }
        if self.back >= place {
            self.back = usize::MAX;
        }
    }

    fn below(&mut self, old: &Node<'_>, new: &Node<'_>, path: &str) {
        match (old.nullable(), new.nullable()) {
            (false, true) => self.note(Kind::FieldNullable, path, None, None),
            (true, false) => self.note(Kind::FieldNotNullable, path, None, None),
            _ => {}
        }
        let (before, after) = (old.kind(), new.kind());
        if before != after {
            let name = |kind: Type| Some(kind.name().to_owned());
            return self.note(Kind::TypeChanged, path, name(before), name(after));
        }
        match before {
            Type::StringEnum | Type::IntegerEnum => self.values(old, new, path),
            Type::List => self.inner(old.items(), new.items(), &format!("{path}[]")),
            Type::Map => self.inner(old.rest(), new.rest(), &format!("{path}{{}}")),
            Type::Object => {
                self.properties(old, new, path);
                let (old, new) = (old.rest(), new.rest());
                match (&old, &new) {
                    (None, Some(_)) => {
                        self.note(Kind::FieldAdded, &format!("{path}{{}}"), None, None);
                    }
                    (Some(_), None) => {
                        self.note(Kind::FieldRemoved, &format!("{path}{{}}"), None, None);
                    }
                    _ => self.inner(old, new, &format!("{path}{{}}")),
                }
            }
            Type::Union => self.union(old, new, path),
            Type::Any
            | Type::String
            | Type::File
            | Type::Integer
            | Type::Number
            | Type::Boolean => {}
        }
    }

    /// Compares the contents of lists or maps. A missing schema allows any JSON.
    fn inner(&mut self, old: Option<Node<'_>>, new: Option<Node<'_>>, path: &str) {
        let kind = |node: &Option<Node<'_>>| node.as_ref().map_or(Type::Any, Node::kind);
        match (&old, &new) {
            (Some(old), Some(new)) => self.compare(old, new, path),
            _ if kind(&old) == kind(&new) => {}
            _ => {
                let name = |node| Some(kind(node).name().to_owned());
                self.note(Kind::TypeChanged, path, name(&old), name(&new));
            }
        }
    }

    fn values(&mut self, old: &Node<'_>, new: &Node<'_>, path: &str) {
        let (before, after) = (
            old.values().unwrap_or_default(),
            new.values().unwrap_or_default(),
        );
        for value in before.difference(&after) {
            self.note(Kind::EnumValueRemoved, path, Some(value.clone()), None);
        }
        for value in after.difference(&before) {
            self.note(Kind::EnumValueAdded, path, None, Some(value.clone()));
        }
    }

    fn properties(&mut self, old: &Node<'_>, new: &Node<'_>, path: &str) {
        let (before, after) = (old.properties(), new.properties());
        let at = |name: &str| format!("{path}.{name}");
        for (name, (node, _)) in &before {
            if !after.contains_key(name) {
                let kind = Some(node.kind().name().to_owned());
                self.note(Kind::FieldRemoved, &at(name), kind, None);
            }
        }
        for (name, (node, required)) in &after {
            let path = at(name);
            let Some((old, was_required)) = before.get(name) else {
                let kind = Some(node.kind().name().to_owned());
                let how = (self.direction, *required);
                self.changes.note(Kind::FieldAdded, &path, how, None, kind);
                continue;
            };
            match (was_required, required) {
                (false, true) => self.note(Kind::FieldRequired, &path, None, None),
                (true, false) => self.note(Kind::FieldOptional, &path, None, None),
                _ => {}
            }
            match (old.deprecated(), node.deprecated()) {
                (false, true) => self.note(Kind::FieldDeprecated, &path, None, None),
                (true, false) => self.note(Kind::FieldUndeprecated, &path, None, None),
                _ => {}
            }
            self.compare(old, node, &path);
        }
    }
}
