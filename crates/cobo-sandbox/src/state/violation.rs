//! Records requests that violate the document the sandbox answers from.

use std::collections::VecDeque;

/// How many violations are kept; older ones are dropped.
const KEPT: usize = 1_000;

/// A request that violates the document. Its problems never repeat a value that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The operation id, if an operation has this path and method.
    pub operation_id: Option<String>,
    /// The method.
    pub method: String,
    /// The raw path, without the query.
    pub path: String,
    /// The problems: each names a place in the request and the rule of the schema that it breaks.
    pub problems: Vec<String>,
}

/// The most recent violations, and how many there were in total.
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
