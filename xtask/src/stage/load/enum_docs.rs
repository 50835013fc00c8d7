//! Refuses `x-enumDescriptions: {VALUE: text}` where it describes a value that the enum lacks.

use crate::diagnostic::Diagnostics;
use crate::document::{Document, at, entries, items, value_text};
use crate::schema;

/// The key. Its value is an object. Some tools write a list there, in the order of the values.
pub(crate) const KEY: &str = "x-enumDescriptions";

pub(super) fn check(document: &Document, problems: &mut Diagnostics) {
    schema::each(&document.root, &mut |pointer, schema, _| {
        let values: Vec<String> = items(schema.get("enum")).map(value_text).collect();
        for (value, text) in entries(schema.get(KEY)) {
            let pointer = at(&at(pointer, KEY), value);
            if !values.contains(value) {
                let reason = match values.as_slice() {
                    [] => format!("`{KEY}` describes `{value}`, but the schema has no `enum`"),
                    _ => format!(
                        "`{KEY}` describes `{value}`, which is not a value of the enum: its values \
                         are {}",
                        values.join(", ")
                    ),
                };
                let problem = document.error(&pointer, reason);
                problems.push(problem.mended_by("correct or delete this description"));
            } else if !text.is_string() {
                let reason = format!("the description of `{value}` is not text");
                let problem = document.error(&pointer, reason);
                problems.push(problem.mended_by("write the description as text"));
            }
        }
    });
}
