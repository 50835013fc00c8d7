//! Our own marks in a document, where they could not do what they promise.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::catalog::Bounds;
use crate::document::{Document, at, flag, item};
use crate::refusal::Refusals;
use crate::report::Log;
use crate::schema::{self, Holder};
use crate::stage::Stage;

/// The marks that a document may have.
const MARKS: [&str; 4] = [
    "x-cobo-checked",
    "x-cobo-credential",
    "x-cobo-repeatable",
    "x-cobo-secret",
];

/// Those of operations; the others are marks of properties.
const OF_OPERATIONS: [&str; 2] = ["x-cobo-credential", "x-cobo-repeatable"];

/// What stages write for later ones; a document that has them was written by a stage.
const OF_STAGES: [&str; 5] = [
    "x-cobo-bounds",
    "x-cobo-enum",
    "x-cobo-kind",
    "x-cobo-nullable",
    "x-cobo-union",
];

/// How many letters a mistyped mark has wrong at most.
const MISTAKES: usize = 2;

/// Calls `visit` with the pointer and the name of every key that begins as our marks do.
fn each(value: &Value, pointer: &str, visit: &mut dyn FnMut(&str, &str)) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let pointer = at(pointer, key);
                if key.starts_with("x-cobo-") {
                    visit(&pointer, key);
                }
                // A key of an example is data.
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

/// As [`each`], without our marks and those of stages.
fn others(value: &Value, visit: &mut dyn FnMut(&str, &str)) {
    each(value, "", &mut |pointer, name| {
        if !MARKS.iter().chain(&OF_STAGES).any(|mark| *mark == name) {
            visit(pointer, name);
        }
    });
}

/// Whether somebody may have meant one of our marks.
fn is_mistyped(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('_', "-");
    MARKS
        .iter()
        .any(|mark| strsim::levenshtein(mark, &name) <= MISTAKES)
}

/// What looks like a mark and is none of ours: Cobo may have marks of its own.
pub(super) fn foreign(document: &Document, log: &mut Log) {
    others(&document.root, &mut |pointer, name| {
        if !is_mistyped(name) {
            log.change(
                Stage::Load,
                format!("{pointer}: `{name}` is no mark of ours"),
            );
        }
    });
}

pub(super) fn check(document: &Document, refusals: &mut Refusals) {
    // A mark that is mistyped would do nothing, silently, and the document alone decides.
    others(&document.root, &mut |pointer, name| {
        if is_mistyped(name) {
            let reason = format!("`{name}` is no mark; there are {}", MARKS.join(", "));
            refusals.push(document.refuse(pointer, reason));
        }
    });
    of_operations(document, refusals);
    schema::each(&document.root, &mut |pointer, schema, holder| {
        if flag(schema, "x-cobo-secret") {
            if holder != Holder::Property {
                let reason = "`x-cobo-secret` is a mark of properties: put it on the property";
                refusals.push(document.refuse(pointer, reason));
            } else if schema_type(document, schema) != Some("string") {
                let reason = "`x-cobo-secret` is a mark of text: the property's type is not string";
                refusals.push(document.refuse(pointer, reason));
            }
        }
        if flag(schema, "x-cobo-checked")
            && (holder != Holder::Property || Bounds::of(schema).is_none())
        {
            let reason = "`x-cobo-checked` has nothing to check here: it takes a string property \
                          with `minLength: 1` or an integer property with `minimum`";
            refusals.push(document.refuse(pointer, reason));
        }
    });
}

/// Marks of operations that stand elsewhere would do nothing, silently.
fn of_operations(document: &Document, refusals: &mut Refusals) {
    let operations: BTreeSet<String> = document.operations().map(|place| place.pointer()).collect();
    each(&document.root, "", &mut |pointer, name| {
        let holder = pointer.rsplit_once('/').map_or("", |(holder, _)| holder);
        if !OF_OPERATIONS.contains(&name) {
            return;
        }
        let value = document.root.pointer(pointer).and_then(Value::as_str);
        if !operations.contains(holder) {
            let reason = format!("`{name}` is a mark of operations: put it on the operation");
            refusals.push(document.refuse(pointer, reason));
        } else if name == "x-cobo-credential" && value.is_some_and(|value| value != "none") {
            let reason = "`x-cobo-credential` has one value, `none`: the operation is called \
                          without the client's credential";
            refusals.push(document.refuse(pointer, reason));
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
    fn what_is_nearly_a_mark_is_mistyped() {
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
