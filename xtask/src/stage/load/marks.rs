//! Refuses or reports our marks (`x-cobo-…`) where they would have no effect.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::api::{Bounds, is_exact};
use crate::decisions::setting;
use crate::diagnostic::Diagnostics;
use crate::document::{Document, at, flag, item};
use crate::marks::{FINAL_STATES, IDEMPOTENCY_KEY};
use crate::report::Log;
use crate::schema::{self, Holder};
use crate::stage::Stage;

/// The marks that a document may contain.
const MARKS: [&str; 7] = [
    "x-cobo-checked",
    "x-cobo-credential",
    FINAL_STATES,
    IDEMPOTENCY_KEY,
    "x-cobo-number",
    "x-cobo-repeatable",
    "x-cobo-secret",
];

/// The marks of operations; all others are marks of properties, and some also of parameters.
const OF_OPERATIONS: [&str; 2] = ["x-cobo-credential", "x-cobo-repeatable"];

/// The maximum number of wrong letters in a mistyped mark.
const MISTAKES: usize = 2;

/// Calls `visit` with the pointer and name of every key that has the prefix of our marks.
fn each(value: &Value, pointer: &str, visit: &mut dyn FnMut(&str, &str)) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let pointer = at(pointer, key);
                if key.starts_with("x-cobo-") {
                    visit(&pointer, key);
                }
                // The keys of an example are data.
                if key != "example" && key != "examples" {
                    each(value, &pointer, visit);
                }
            }
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                each(value, &item(pointer, index), visit);
            }
        }
        _ => {}
    }
}

/// Like [`each`], but skips known marks.
fn others(value: &Value, visit: &mut dyn FnMut(&str, &str)) {
    each(value, "", &mut |pointer, name| {
        if !MARKS.contains(&name) {
            visit(pointer, name);
        }
    });
}

/// Whether the name may be a misspelling of one of our marks.
fn is_mistyped(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('_', "-");
    MARKS
        .iter()
        .any(|mark| strsim::levenshtein(mark, &name) <= MISTAKES)
}

/// Reports unknown keys with the prefix of our marks, since Cobo may define marks as well.
pub(super) fn foreign(document: &Document, log: &mut Log) {
    others(&document.root, &mut |pointer, name| {
        if !is_mistyped(name) {
            log.change(
                Stage::Load,
                format!("{pointer}: `{name}` is not a mark of this project"),
            );
        }
    });
}

pub(super) fn check(document: &Document, problems: &mut Diagnostics) {
    // A mistyped mark would silently do nothing.
    others(&document.root, &mut |pointer, name| {
        if is_mistyped(name) {
            let reason = format!("unknown mark `{name}`; the marks are {}", MARKS.join(", "));
            let problem = document.error(pointer, reason);
            problems.push(problem.mended_by("correct its name in the document"));
        }
    });
    of_operations(document, problems);
    super::final_states::check(document, problems);
    super::idempotency_keys::check(document, problems);
    schema::each(&document.root, &mut |pointer, schema, holder| {
        secret(document, pointer, schema, holder, problems);
        if schema.get("x-cobo-number").is_some()
            && !(is_exact(schema)
                && schema_type(document, schema) == Some("integer")
                && !flag(schema, "x-cobo-checked"))
        {
            let reason = "`x-cobo-number` has one value, `exact`, and marks an integer whose digits \
                          are all kept; such an integer cannot be `x-cobo-checked`";
            let problem = document.error(pointer, reason);
            problems
                .push(problem.mended_by("remove one of the marks, or correct the type or value"));
        }
        if flag(schema, "x-cobo-checked")
            && (holder != Holder::Property || Bounds::of(schema).is_none())
        {
            let reason = "`x-cobo-checked` has nothing to check here: it takes a string property \
                          with `minLength: 1` or an integer property with `minimum`";
            let problem = document.error(pointer, reason);
            let mend = setting(pointer, "{\"x-cobo-checked\": false}");
            problems.push(problem.mended_by(mend));
        }
    });
}

/// Checks `x-cobo-secret`, which may be on a property, a parameter, or the schema of a parameter.
fn secret(
    document: &Document,
    pointer: &str,
    schema: &Value,
    holder: Holder,
    problems: &mut Diagnostics,
) {
    let outer = (holder == Holder::Parameter)
        .then(|| pointer.strip_suffix("/schema"))
        .flatten();
    let outer = outer.and_then(|pointer| Some((pointer, document.root.pointer(pointer)?)));
    for (pointer, marked) in [(pointer, schema)].into_iter().chain(outer) {
        if !flag(marked, "x-cobo-secret") {
            continue;
        }
        let is_header = outer.is_some_and(|(_, outer)| outer.get("in").is_none());
        if is_header || !matches!(holder, Holder::Property | Holder::Parameter) {
            let reason = "`x-cobo-secret` is a mark of properties and parameters";
            let problem = document.error(pointer, reason);
            problems.push(problem.mended_by("put it on a property or a parameter"));
        } else if schema_type(document, schema) != Some("string") {
            let reason = "`x-cobo-secret` only fits the type string";
            let problem = document.error(pointer, reason);
            let mend = setting(pointer, "{\"x-cobo-secret\": false}");
            problems.push(problem.mended_by(mend));
        }
    }
}

/// Refuses operation marks outside of operations, where they would silently do nothing.
fn of_operations(document: &Document, problems: &mut Diagnostics) {
    let operations: BTreeSet<String> = document.operations().map(|place| place.pointer()).collect();
    each(&document.root, "", &mut |pointer, name| {
        let holder = pointer.rsplit_once('/').map_or("", |(holder, _)| holder);
        if !OF_OPERATIONS.contains(&name) {
            return;
        }
        let value = document.root.pointer(pointer).and_then(Value::as_str);
        if !operations.contains(holder) {
            let reason = format!("`{name}` is a mark of operations");
            let problem = document.error(pointer, reason);
            problems.push(problem.mended_by("put it on the operation"));
        } else if name == "x-cobo-credential" && value.is_some_and(|value| value != "none") {
            let reason = "`x-cobo-credential` has one value, `none`: the operation is called \
                          without the client's credential";
            let problem = document.error(pointer, reason);
            problems.push(problem.mended_by(setting(holder, "{\"x-cobo-credential\": \"none\"}")));
        }
    });
}

fn schema_type<'a>(document: &'a Document, schema: &'a Value) -> Option<&'a str> {
    document.resolve(schema)?.get("type")?.as_str()
}

#[cfg(test)]
mod tests {
    use super::is_mistyped;

    #[test]
    fn extension_key_similar_to_a_known_one_is_reported_as_mistyped() {
        for name in [
            "x-cobo-repeatible",
            "x-cobo-secrets",
            "x-cobo-Checked",
            "x-cobo-credentials",
        ] {
            assert!(is_mistyped(name), "{name}");
        }
        for name in ["x-cobo-permission", "x-cobo-sdk-version"] {
            assert!(!is_mistyped(name), "{name}");
        }
    }
}
