//! Gives out unique Rust names.
//!
//! [`crate::rust_name`] converts one name of the document to Rust, keywords included. A [`Scope`]
//! keeps the names of one namespace distinct from each other and from the names that generated code
//! itself defines there.

use std::collections::BTreeSet;

/// The names of one namespace.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    reserved: &'static [&'static str],
    taken: BTreeSet<String>,
}

/// Names that every request builder already has.
pub(super) const REQUEST: &[&str] = &[
    "credential",
    "items",
    "new",
    "pages",
    "preview",
    "repeatable",
    "send",
    "without_credential",
];

/// Names that every model builder already has.
pub(super) const BUILDER: &[&str] = &["build"];

/// Names that every client already has.
pub(super) const CLIENT: &[&str] = &["as_ref", "clone", "new"];

/// Associated types of the traits that every enum implements: `Self::Err` would be ambiguous.
pub(super) const VARIANT: &[&str] = &["Err", "Error", "Self_"];

/// The list of all entries of operations.
pub(super) const ENTRY: &[&str] = &["ENDPOINTS"];

/// The modules of generated code that no tag has made, and the crates that it names: a module of
/// that name would be named instead.
pub(super) const MODULE: &[&str] = &[
    "alloc",
    "builder",
    "cobo_auth",
    "cobo_model",
    "core",
    "default",
    "other",
    "other_models",
    "progenitor_client",
    "reqwest",
    "serde",
    "serde_json",
    "shared",
    "std",
    "untagged",
];

impl Scope {
    pub fn new(reserved: &'static [&'static str]) -> Self {
        Self {
            reserved,
            taken: BTreeSet::new(),
        }
    }

    /// Takes `wanted`, or the first free one of `wanted2`, `wanted3` …. A reserved name gets an
    /// underscore at its end, as a keyword does.
    pub fn take(&mut self, wanted: &str) -> String {
        self.take_with(wanted, |name, number| format!("{name}{number}"))
    }

    /// `wanted`, or, where that is taken, the same with `suffix`, which is numbered in turn.
    pub fn take_or(&mut self, wanted: &str, suffix: &str) -> String {
        self.take_with(wanted, |name, number| {
            // Two underscores would not be snake case.
            let name = name.trim_end_matches('_');
            match number {
                2 => format!("{name}{suffix}"),
                number => format!("{name}{suffix}{}", number - 1),
            }
        })
    }

    /// `other` makes a name for each number, and never the same one twice: it would be tried for
    /// ever.
    fn take_with(&mut self, wanted: &str, other: impl Fn(&str, usize) -> String) -> String {
        let wanted = if self.reserved.contains(&wanted) {
            format!("{wanted}_")
        } else {
            wanted.to_owned()
        };
        let mut name = wanted.clone();
        let mut number = 2;
        while !self.taken.insert(name.clone()) {
            name = other(&wanted, number);
            number += 1;
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_are_numbered_and_reserved_ones_end_in_an_underscore() {
        let mut scope = Scope::new(REQUEST);
        let names = ["id", "id", "send", "id2", "send"].map(|name| scope.take(name));
        assert_eq!(names, ["id", "id2", "send_", "id22", "send_2"]);
    }
}
