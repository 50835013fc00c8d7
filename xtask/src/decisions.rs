//! Reads the decisions that a person has made about a document (`--decisions`).
//!
//! The file is a list. Each entry either resolves a conflict, where two parts of an `allOf` define
//! a property differently, or leaves out an operation:
//!
//! ```yaml
//! - pointer: /components/schemas/Heir/properties/fee
//!   use: last
//!   reason: The heir's is what the server sends.
//! - operation: list_things
//!   leave_out: The server does not have it yet.
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::refusal::{Refusal, Refusals};

/// The definition of a property that wins a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Use {
    /// The definition of the earlier part.
    First,
    /// The definition of the later part.
    Last,
    /// Neither definition: the property is raw JSON.
    Raw,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decisions {
    /// The path of the file as the user gave it.
    pub source: String,
    /// Resolved conflicts, keyed by the pointer of the property.
    pub conflicts: BTreeMap<String, Use>,
    /// Operations to leave out, keyed by id; the value is the reason.
    pub left_out: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    pointer: Option<String>,
    #[serde(rename = "use")]
    take: Option<Use>,
    operation: Option<String>,
    leave_out: Option<String>,
    // Only people read this.
    #[serde(rename = "reason")]
    _reason: Option<String>,
}

impl Decisions {
    /// Reads the file at `path`.
    pub fn read(path: &Path) -> Result<Self, Refusals> {
        let source = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Refusal::of_file(&source, format!("it cannot be read: {error}")))?;
        Self::parse(&source, &text)
    }

    /// Parses decisions from `text`; error messages name `source` as the file.
    pub fn parse(source: &str, text: &str) -> Result<Self, Refusals> {
        let entries: Vec<Entry> = serde_saphyr::from_str(text).map_err(|error| {
            let reason = error.without_snippet().to_string();
            Refusal::of_file(source, format!("this is no list of decisions: {reason}"))
        })?;
        let mut decisions = Self {
            source: source.to_owned(),
            ..Self::default()
        };
        let mut refusals = Refusals::default();
        for (index, entry) in entries.into_iter().enumerate() {
            let known = match entry {
                Entry {
                    pointer: Some(pointer),
                    take: Some(take),
                    operation: None,
                    leave_out: None,
                    ..
                } => decisions.conflicts.insert(pointer, take).is_none(),
                Entry {
                    pointer: None,
                    take: None,
                    operation: Some(operation),
                    leave_out: Some(reason),
                    ..
                } if !reason.trim().is_empty() => {
                    decisions.left_out.insert(operation, reason).is_none()
                }
                _ => false,
            };
            if !known {
                let reason = format!(
                    "decision {} is none, or the second about its place: it takes `pointer` and \
                     `use`, or `operation` and `leave_out` with the reason",
                    index + 1
                );
                refusals.push(Refusal::of_file(source, reason));
            }
        }
        refusals.or(decisions)
    }
}
