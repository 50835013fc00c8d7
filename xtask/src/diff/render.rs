//! Writes changes as text, as a section of a changelog, and as JSON.

use std::collections::BTreeMap;

use super::change::{Change, Class};
use crate::document::{Document, text as text_at};

/// An array of `{kind, operation, path, before, after, class}`.
pub fn json(changes: &[Change]) -> String {
    // Serialisation cannot fail, since the value contains only strings and names.
    let written = serde_json::to_string_pretty(changes).unwrap_or_default();
    written + "\n"
}

/// One line for each change.
pub fn text(changes: &[Change]) -> String {
    if changes.is_empty() {
        return "no difference that a user sees\n".to_owned();
    }
    let breaking = count(changes, Class::Breaking);
    let plural = if changes.len() == 1 { "" } else { "s" };
    let mut out = format!(
        "{} change{plural}, {breaking} of them breaking\n",
        changes.len()
    );
    for change in changes {
        let class = match change.class {
            Class::Breaking => "breaking",
            Class::Compatible => "compatible",
        };
        let operation = change.operation.as_deref().unwrap_or("-");
        let path = if change.path.is_empty() {
            String::new()
        } else {
            format!(" {}", change.path)
        };
        out.push_str(&format!(
            "{class:<10} {operation}{path}: {}\n",
            said(change, "")
        ));
    }
    out
}

/// The API part of a changelog section. A change that several operations share is written once.
pub fn markdown(changes: &[Change], new: &Document) -> String {
    let version = new
        .root
        .get("info")
        .and_then(|info| text_at(info, "version"))
        .unwrap_or_default();
    let mut out = "### API\n".to_owned();
    if !version.is_empty() {
        out.push_str(&format!("\nVersion {version} of the document.\n"));
    }
    if changes.is_empty() {
        out.push_str("\nNo difference that a user sees.\n");
    }
    let classes = [
        (Class::Breaking, "Breaking"),
        (Class::Compatible, "Compatible"),
    ];
    for (class, title) in classes {
        let lines = lines(changes, class);
        if !lines.is_empty() {
            out.push_str(&format!("\n#### {title}\n\n"));
            for line in lines {
                out.push_str(&format!("- {line}\n"));
            }
        }
    }
    out
}

fn lines(changes: &[Change], class: Class) -> Vec<String> {
    // The operations of each change, in the order of the changes.
    let mut order: Vec<(&str, String)> = Vec::new();
    let mut operations: BTreeMap<(&str, String), Vec<&str>> = BTreeMap::new();
    for change in changes.iter().filter(|change| change.class == class) {
        let key = (change.path.as_str(), said(change, "`"));
        if !operations.contains_key(&key) {
            order.push(key.clone());
        }
        let of = operations.entry(key).or_default();
        of.extend(change.operation.as_deref());
    }
    order
        .into_iter()
        .map(|key| {
            let names: Vec<String> = operations[&key]
                .iter()
                .map(|name| format!("`{name}`"))
                .collect();
            let (path, says) = key;
            match (names.is_empty(), path.is_empty()) {
                (true, _) => format!("`{path}`: {says}"),
                (false, true) => format!("{}: {says}", names.join(", ")),
                (false, false) => format!("{}: `{path}`: {says}", names.join(", ")),
            }
        })
        .collect()
}

fn said(change: &Change, quote: &str) -> String {
    let says = change.kind.says();
    let quoted = |text: &str| format!("{quote}{text}{quote}");
    match (&change.before, &change.after) {
        (Some(before), Some(after)) => {
            format!("{says}, from {} to {}", quoted(before), quoted(after))
        }
        (Some(before), None) => format!("{says} ({})", quoted(before)),
        (None, Some(after)) => format!("{says} ({})", quoted(after)),
        (None, None) => says.to_owned(),
    }
}

fn count(changes: &[Change], class: Class) -> usize {
    changes
        .iter()
        .filter(|change| change.class == class)
        .count()
}
