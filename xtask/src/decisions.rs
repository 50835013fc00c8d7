//! Reads the decisions that a person has made about a document (`--decisions`).
//!
//! The file is a list. Each entry either resolves a conflict, where two parts of an `allOf` define
//! a property differently or have no common type, or leaves out an operation, or sets keys of the
//! document's objects (our marks, and corrections of the document):
//!
//! ```yaml
//! - pointer: /components/schemas/Heir/properties/fee
//!   use: last
//!   reason: The heir's is what the server sends.
//! - operation: list_things
//!   leave_out: The server does not have it yet.
//! - pointer: /components/schemas/Heir/properties/secret
//!   set: { x-cobo-secret: true }
//!   reason: The server never returns it.
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::diagnostic::{Diagnostic, Diagnostics};

/// What to write into the file of `--decisions` to leave an operation out.
pub fn leaving_out(operation: &str) -> String {
    or_leaving_out(CORRECT, operation)
}

/// Another mend, or leaving the operation out. The mend may already say how to leave it out.
pub fn or_leaving_out(mend: &str, operation: &str) -> String {
    if mend.contains("leave_out: ") {
        return mend.to_owned();
    }
    let operation = Value::from(operation);
    format!(
        "{mend}, or leave the operation out with `--decisions`: \
         - {{operation: {operation}, leave_out: \"the reason\"}}"
    )
}

/// The mend if no decision helps.
pub const CORRECT: &str = "correct the document";

/// What to write into the file of `--decisions` to set keys of the object at `pointer`.
pub fn setting(pointer: &str, set: &str) -> String {
    or_setting(CORRECT, pointer, set)
}

/// Another mend, or setting keys of the object at `pointer`.
pub fn or_setting(mend: &str, pointer: &str, set: &str) -> String {
    let pointer = Value::from(pointer);
    format!(
        "{mend}, or set it with `--decisions`: - {{pointer: {pointer}, set: {set}, \
         reason: \"the reason\"}}"
    )
}

/// Another mend, or what to write into the file of `--decisions` to accept raw JSON.
pub fn or_raw(mend: &str, pointer: &str) -> String {
    let pointer = Value::from(pointer);
    format!(
        "{mend}, or accept raw JSON with `--decisions`: - {{pointer: {pointer}, use: raw, \
         reason: \"the reason\"}}"
    )
}

/// The keys and values of [`setting`].
pub fn keys(set: &[(&str, Value)]) -> String {
    let keys = set.iter();
    let keys = keys.map(|(key, value)| format!("{}: {value}", Value::from(*key)));
    format!("{{{}}}", keys.collect::<Vec<_>>().join(", "))
}

/// What to write into the file of `--decisions` to resolve a conflict.
pub fn resolving(pointer: &str) -> String {
    let pointer = Value::from(pointer);
    format!(
        "decide with `--decisions`: - {{pointer: {pointer}, use: first, reason: \"the reason\"}} \
         (first, last or raw)"
    )
}

/// How a conflict is resolved. A schema without a type can only be raw JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Use {
    /// The definition of the earlier part.
    First,
    /// The definition of the later part.
    Last,
    /// Neither definition: the value is raw JSON.
    Raw,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decisions {
    /// The path of the file as the user gave it.
    pub source: String,
    /// Resolved conflicts, keyed by the pointer of the property or schema.
    pub conflicts: BTreeMap<String, Use>,
    /// Operations to leave out, keyed by id; the value is the reason.
    pub left_out: BTreeMap<String, String>,
    /// Keys to set, keyed by the pointer of their object.
    pub set: BTreeMap<String, Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    pointer: Option<String>,
    #[serde(rename = "use")]
    take: Option<Use>,
    operation: Option<String>,
    leave_out: Option<String>,
    set: Option<Map<String, Value>>,
    // Only people read this.
    reason: Option<String>,
}

/// The keys that a decision must not set: texts belong into `openapi/words`.
const TEXTS: [&str; 3] = ["description", "summary", "title"];

impl Decisions {
    /// Reads the file of `--decisions`, if one is given.
    pub fn given(path: Option<&Path>) -> Result<Self, Diagnostics> {
        match path {
            Some(path) => Self::read(path, &path.display().to_string()),
            None => Ok(Self::default()),
        }
    }

    /// Reads the file at `path`. Messages call it `source`.
    pub fn read(path: &Path, source: &str) -> Result<Self, Diagnostics> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Diagnostic::of_file(source, format!("it cannot be read: {error}")))?;
        Self::parse(source, &text)
    }

    /// Parses decisions from `text`; error messages name `source` as the file.
    pub fn parse(source: &str, text: &str) -> Result<Self, Diagnostics> {
        let entries: Vec<Entry> = serde_saphyr::from_str(text).map_err(|error| {
            let reason = error.without_snippet().to_string();
            Diagnostic::of_file(source, format!("not a list of decisions: {reason}"))
        })?;
        let mut decisions = Self {
            source: source.to_owned(),
            ..Self::default()
        };
        let mut problems = Diagnostics::default();
        for (index, entry) in entries.into_iter().enumerate() {
            let known = match entry {
                Entry {
                    pointer: Some(pointer),
                    take: Some(take),
                    operation: None,
                    leave_out: None,
                    set: None,
                    ..
                } => decisions.conflicts.insert(pointer, take).is_none(),
                Entry {
                    pointer: None,
                    take: None,
                    operation: Some(operation),
                    leave_out: Some(reason),
                    set: None,
                    ..
                } if !reason.trim().is_empty() => {
                    decisions.left_out.insert(operation, reason).is_none()
                }
                Entry {
                    pointer: Some(pointer),
                    take: None,
                    operation: None,
                    leave_out: None,
                    set: Some(set),
                    reason: Some(reason),
                } if !reason.trim().is_empty()
                    && !set.is_empty()
                    && !set.keys().any(|key| TEXTS.contains(&key.as_str())) =>
                {
                    decisions.set.insert(pointer, set).is_none()
                }
                _ => false,
            };
            if !known {
                let reason = format!(
                    "decision {} is malformed or duplicates an earlier one: write `pointer` and \
                     `use`, or `operation` and `leave_out` with the reason, or `pointer`, `set` (no \
                     texts) and `reason`",
                    index + 1
                );
                problems.push(Diagnostic::of_file(source, reason));
            }
        }
        problems.or(decisions)
    }

    /// The decisions that an adopted document still needs: `xtask adopt` has applied the others.
    pub fn of_conflicts(self) -> Self {
        Self {
            left_out: BTreeMap::new(),
            set: BTreeMap::new(),
            ..self
        }
    }

    /// Sets the keys in a document. Returns the pointers where it has no object.
    pub fn set_marks(&self, root: &mut Value) -> Vec<String> {
        let mut unknown = Vec::new();
        for (pointer, set) in &self.set {
            match root.pointer_mut(pointer).and_then(Value::as_object_mut) {
                Some(object) => object.extend(set.clone()),
                None => unknown.push(pointer.clone()),
            }
        }
        unknown
    }
}
