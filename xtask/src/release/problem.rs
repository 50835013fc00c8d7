//! Why a release cannot be made.

use std::fmt;

/// Why a release cannot be made.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// Every commit must be free of it.
    Fault(String),
    /// A step of a release that is not done yet.
    StepMissing(String),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(text) => write!(f, "error: {text}"),
            Self::StepMissing(text) => write!(f, "before a release: {text}"),
        }
    }
}
