//! Requests that violate the document the sandbox answers from.

use std::collections::VecDeque;

/// So many of the last violations are kept.
const KEPT: usize = 1_000;

/// A request that violates the document. Its problems repeat no value that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The operation, where one has the path and the method.
    pub operation_id: Option<String>,
    /// The method.
    pub method: String,
    /// The raw path, without the query.
    pub path: String,
    /// What is wrong: each with its place, and what the schema says.
    pub problems: Vec<String>,
}

/// The last violations, and how many there were.
#[derive(Default)]
pub(crate) struct Violations {
    count: u64,
    last: VecDeque<Violation>,
}

impl Violations {
    pub(crate) fn push(&mut self, violation: Violation) {
        self.count += 1;
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        self.last.push_back(violation);
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn to_vec(&self) -> Vec<Violation> {
        self.last.iter().cloned().collect()
    }
}
