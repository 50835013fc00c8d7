//! Writes changes as text, as a section of a changelog, and as JSON.

use serde_json::json as value;

use super::change::{Change, Class, Place};

/// An array of `{kind, operation, model, path, before, after, class, operations, contents}`.
/// Either `operation` or `model` is `null`.
pub fn json(changes: &[Change]) -> String {
    let changes: Vec<serde_json::Value> = changes
        .iter()
        .map(|change| {
            let (operation, model) = match &change.place {
                Place::Operation(id) => (Some(id), None),
                Place::Model(name) => (None, Some(name)),
            };
            value!({
                "kind": change.kind,
                "operation": operation,
                "model": model,
                "path": change.path,
                "before": change.before,
                "after": change.after,
                "class": change.class,
                "operations": change.operations,
                "contents": change.contents,
            })
        })
        .collect();
    // Serialisation cannot fail, since the value contains only strings and names.
    let written = serde_json::to_string_pretty(&changes).unwrap_or_default();
    written + "\n"
}

/// A heading for each operation and each model, and a line for each of its changes.
pub fn text(changes: &[Change]) -> String {
    if changes.is_empty() {
        return "no difference that a caller sees\n".to_owned();
    }
    let mut out = summary(changes) + "\n";
    for group in changes.chunk_by(|one, other| one.place == other.place) {
        out.push_str(&heading(&group[0], ""));
        out.push('\n');
        for change in group {
            let class = change.class.name();
            out.push_str(&format!("  {class:<10} {}\n", said(change, "")));
            for line in &change.contents {
                out.push_str(&format!("             {line}\n"));
            }
        }
    }
    out
}

fn summary(changes: &[Change]) -> String {
    let count = |class| {
        changes
            .iter()
            .filter(|change| change.class == class)
            .count()
    };
    let plural = if changes.len() == 1 { "" } else { "s" };
    let behaviour = match count(Class::Behaviour) {
        0 => String::new(),
        count => format!(", {count} of behaviour"),
    };
    format!(
        "{} change{plural}, {} of them breaking{behaviour}",
        changes.len(),
        count(Class::Breaking)
    )
}

/// The API part of a changelog section. `version` is that of the new document.
pub fn markdown(changes: &[Change], version: &str) -> String {
    let mut out = "### API\n".to_owned();
    if !version.is_empty() {
        out.push_str(&format!("\nVersion {version} of the document.\n"));
    }
    if changes.is_empty() {
        out.push_str("\nNo difference that a caller sees.\n");
    }
    let classes = [
        (Class::Breaking, "Breaking"),
        (Class::Behaviour, "Behaviour"),
        (Class::Compatible, "Compatible"),
    ];
    for (class, title) in classes {
        let of_class: Vec<&Change> = changes
            .iter()
            .filter(|change| change.class == class)
            .collect();
        if of_class.is_empty() {
            continue;
        }
        out.push_str(&format!("\n#### {title}\n\n"));
        for group in of_class.chunk_by(|one, other| one.place == other.place) {
            out.push_str(&format!("- {}\n", heading(group[0], "`")));
            for change in group {
                out.push_str(&format!("  - {}\n", said(change, "`")));
                for line in &change.contents {
                    out.push_str(&format!("    - `{line}`\n"));
                }
            }
        }
    }
    out
}

/// `operation get_order`, or `model Order, used by get_order`.
fn heading(change: &Change, quote: &str) -> String {
    let quoted = |text: &str| format!("{quote}{text}{quote}");
    match &change.place {
        Place::Operation(id) => format!("operation {}", quoted(id)),
        Place::Model(name) => {
            let operations: Vec<String> = change.operations.iter().map(|id| quoted(id)).collect();
            let used = match operations.as_slice() {
                [] => "used by no request and no successful response".to_owned(),
                operations => format!("used by {}", operations.join(", ")),
            };
            format!("model {}, {used}", quoted(name))
        }
    }
}

fn said(change: &Change, quote: &str) -> String {
    let says = change.kind.says();
    let quoted = |text: &str| format!("{quote}{text}{quote}");
    let path = match change.path.as_str() {
        "" => String::new(),
        path => format!("{}: ", quoted(path)),
    };
    match (&change.before, &change.after) {
        (Some(before), Some(after)) => {
            format!("{path}{says}, from {} to {}", quoted(before), quoted(after))
        }
        (Some(one), None) | (None, Some(one)) => format!("{path}{says} ({})", quoted(one)),
        (None, None) => format!("{path}{says}"),
    }
}
