//! Names in Rust, each given once.
//!
//! [`crate::rust_name`] says how one name of the document is written in Rust, keywords included.
//! A [`Scope`] gives the names that stand beside each other, so that each is different and none is
//! a name that generated code has there itself.

use std::collections::BTreeSet;

/// Names that stand beside each other.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    reserved: &'static [&'static str],
    taken: BTreeSet<String>,
}

/// What every request builder has itself.
pub(super) const REQUEST: &[&str] = &[
    "credential",
    "items",
    "new",
    "pages",
    "repeatable",
    "send",
    "without_credential",
];

/// What every builder of a model has itself.
pub(super) const BUILDER: &[&str] = &["build"];

/// What every client has, or calls on itself: an operation of that name would be called instead.
pub(crate) const CLIENT: &[&str] = &[
    "carry_out",
    "clone",
    "exchange",
    "exec",
    "inner",
    "new",
    "pages",
];

/// Associated types of the traits that every enum has: `Self::Err` would be one of two things.
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

    /// `wanted`, or the first of `wanted2`, `wanted3` … that is free. A reserved name ends in an
    /// underscore, as a keyword does.
    pub fn take(&mut self, wanted: &str) -> String {
        self.take_with(wanted, |name, number| format!("{name}{number}"))
    }

    /// `wanted`, or, where that is taken, the same with `suffix`, which is numbered in turn.
    pub fn take_or(&mut self, wanted: &str, suffix: &str) -> String {
        self.take_with(wanted, |name, number| match number {
            2 => format!("{name}{suffix}"),
            number => format!("{name}{suffix}{}", number - 1),
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
