//! Reads the texts of a document (`openapi/words/*.yaml`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::document::{at, entries};
use crate::stage::load::yaml;

/// The kinds of places whose text may be written without the key `description`.
const SHORT: [&str; 4] = ["schemas", "parameters", "bodies", "responses"];

/// A text and where it is written.
#[derive(Debug, Clone)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) file: String,
    pub(super) line: Option<usize>,
}

/// All texts, keyed by their address: the pointer in the word file, for example
/// `/schemas/TransferParams/properties/source.wallet_id`.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    words: BTreeMap<String, Word>,
    used: BTreeSet<String>,
}

impl Words {
    /// Reads every `*.yaml` in a folder. Messages call the folder `name`.
    pub(super) fn read(folder: &Path, name: &str) -> Result<Self, Diagnostics> {
        let unreadable = |error: std::io::Error| {
            Diagnostics::from(Diagnostic::of_file(
                name,
                format!("cannot be read: {error}"),
            ))
        };
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            let file = entry.map_err(unreadable)?.file_name();
            let file = file.to_string_lossy().into_owned();
            if file.ends_with(".yaml") && !file.starts_with('.') {
                files.push(file);
            }
        }
        files.sort();
        let mut words = Self::default();
        let mut problems = Diagnostics::default();
        for file in files {
            let source = format!("{name}/{file}");
            match std::fs::read_to_string(folder.join(&file)) {
                Ok(text) => words.add(&source, &text, &mut problems),
                Err(error) => {
                    problems.push(Diagnostic::of_file(
                        source,
                        format!("cannot be read: {error}"),
                    ));
                }
            }
        }
        problems.or(words)
    }

    /// Adds the texts of a file. A text that two files have is refused.
    pub(super) fn add(&mut self, source: &str, text: &str, problems: &mut Diagnostics) {
        let yaml = match yaml::read(text) {
            Ok(yaml) => yaml,
            Err((line, reason)) => {
                let problem = Diagnostic::of_file(source, reason);
                problems.push(Diagnostic { line, ..problem });
                return;
            }
        };
        for (pointer, line) in &yaml.duplicates {
            problems.push(Diagnostic {
                line: Some(*line),
                pointer: Some(pointer.clone()),
                ..Diagnostic::of_file(source, "this key is duplicated in its object")
            });
        }
        let mut leaves = Vec::new();
        self::leaves(&yaml.root, String::new(), &mut leaves);
        for (pointer, value) in leaves {
            let line = yaml.lines.get(&pointer).copied();
            let problem = |message: String| Diagnostic {
                line,
                pointer: Some(pointer.clone()),
                ..Diagnostic::of_file(source, message)
            };
            let Value::String(text) = value else {
                if !pointer.is_empty() {
                    problems.push(problem(format!(
                        "expected a text, found `{value}`: put it in quotes if it is a text"
                    )));
                }
                continue;
            };
            let word = Word {
                text: text.trim().to_owned(),
                file: source.to_owned(),
                line,
            };
            if let Some(other) = self.words.insert(address(&pointer), word) {
                let line = other
                    .line
                    .map(|line| format!(":{line}"))
                    .unwrap_or_default();
                let reason = format!(
                    "{}{line} already has a text for this place: delete one of the two",
                    other.file
                );
                problems.push(problem(reason));
            }
        }
    }

    /// The text at the first of these addresses that has one. All of them then count as used: a
    /// common text has a place even if every place of its name has a separate text.
    pub(super) fn take(&mut self, addresses: &[String]) -> Option<String> {
        self.used.extend(addresses.iter().cloned());
        let mut texts = addresses
            .iter()
            .filter_map(|address| self.words.get(address));
        texts
            .find(|word| !word.text.is_empty())
            .map(|word| word.text.clone())
    }

    /// How many texts there are.
    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    /// The texts that no place took, with their addresses.
    pub(super) fn unused(&self) -> impl Iterator<Item = (&String, &Word)> {
        let used = &self.used;
        self.words
            .iter()
            .filter(move |(address, _)| !used.contains(*address))
    }
}

/// The values below `value` that have no entries. Empty objects and lists are not texts.
fn leaves<'a>(value: &'a Value, pointer: String, found: &mut Vec<(String, &'a Value)>) {
    match value {
        Value::Object(_) => {
            for (key, value) in entries(Some(value)) {
                leaves(value, at(&pointer, key), found);
            }
        }
        _ => found.push((pointer, value)),
    }
}

/// The address of a text: `/parameters/a: text` is short for `/parameters/a/description: text`.
fn address(pointer: &str) -> String {
    let parts: Vec<&str> = pointer.split('/').skip(1).collect();
    let is_short = match parts.as_slice() {
        [kind, _] => SHORT.contains(kind),
        ["operations", _, "body"] => true,
        ["operations", _, kind, _] => ["parameters", "responses"].contains(kind),
        _ => false,
    };
    if is_short {
        format!("{pointer}/description")
    } else {
        pointer.to_owned()
    }
}
