//! Refuses references that are broken, leave the document, or form a cycle.

use serde_json::Value;

use crate::diagnostic::Diagnostics;
use crate::document::{Document, at, entries, item, items, pointer_of, reference};
use crate::schema;

pub(super) fn check(document: &Document, problems: &mut Diagnostics) {
    schema::references(&document.root, "", &mut |pointer, reference| {
        if let Some(reason) = wrong(document, reference) {
            problems.push(document.error(pointer, reason));
        }
    });
    securities(document, problems);
}

/// Refuses security requirements of undeclared schemes, since they decide if a token is sent.
fn securities(document: &Document, problems: &mut Diagnostics) {
    let known: Vec<_> = document
        .components("securitySchemes")
        .map(|(name, _)| name.as_str())
        .collect();
    let mut check = |requirements: Option<&Value>, pointer: String| {
        for (index, requirement) in items(requirements).enumerate() {
            for (name, _) in entries(Some(requirement)) {
                if !known.contains(&name.as_str()) {
                    let reason = format!("there is no security scheme `{name}`");
                    problems.push(document.error(&item(&pointer, index), reason));
                }
            }
        }
    };
    check(document.root.get("security"), "/security".to_owned());
    for place in document.operations() {
        check(
            place.operation.get("security"),
            at(&place.pointer(), "security"),
        );
    }
}

fn wrong(document: &Document, target: &str) -> Option<String> {
    let Some(local) = pointer_of(target) else {
        return Some(format!(
            "`{target}` is a reference into another file: bring what it names into this one"
        ));
    };
    match document.root.pointer(&local) {
        None => Some(format!("the reference `{target}` leads nowhere")),
        Some(value) if reference(value).is_some() && document.resolve(value).is_none() => {
            // A broken end of a chain is refused where it is. Only a cycle has no end.
            endless(document, target).then(|| format!("the reference `{target}` leads to itself"))
        }
        Some(_) => None,
    }
}

fn endless(document: &Document, target: &str) -> bool {
    let mut seen = vec![target];
    while let Some(next) = seen
        .last()
        .and_then(|last| document.target(last))
        .and_then(reference)
    {
        if seen.contains(&next) {
            return true;
        }
        seen.push(next);
    }
    false
}
