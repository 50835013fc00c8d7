//! Cobo's own marks on properties, where they could not do what they promise.

use serde_json::Value;

use crate::catalog::Bounds;
use crate::document::{Document, at, flag, item};
use crate::refusal::Refusals;
use crate::schema::{self, Holder};

/// The marks that a document may have.
const MARKS: [&str; 3] = ["x-cobo-checked", "x-cobo-repeatable", "x-cobo-secret"];

/// What stages write for later ones; a document that has them was written by a stage.
const OF_STAGES: [&str; 5] = [
    "x-cobo-bounds",
    "x-cobo-enum",
    "x-cobo-kind",
    "x-cobo-nullable",
    "x-cobo-union",
];

/// A mark that is mistyped would do nothing, silently, and the document alone decides.
fn known(document: &Document, value: &Value, pointer: &str, refusals: &mut Refusals) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let pointer = at(pointer, key);
                if key.starts_with("x-cobo-")
                    && !MARKS.iter().chain(&OF_STAGES).any(|mark| mark == key)
                {
                    let reason = format!("`{key}` is no mark; there are {}", MARKS.join(", "));
                    refusals.push(document.refuse(&pointer, reason));
                }
                // What stands in an example is an example.
                if key != "example" && key != "examples" {
                    known(document, value, &pointer, refusals);
                }
            }
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                known(document, value, &item(pointer, index), refusals);
            }
        }
        _ => {}
    }
}

pub(super) fn check(document: &Document, refusals: &mut Refusals) {
    known(document, &document.root, "", refusals);
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

fn schema_type<'a>(document: &'a Document, schema: &'a Value) -> Option<&'a str> {
    document.resolve(schema)?.get("type")?.as_str()
}
