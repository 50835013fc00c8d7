//! Refuses `x-cobo-final-states` where it would have no effect.

use std::collections::BTreeSet;

use crate::diagnostic::Diagnostics;
use crate::document::{Document, items};
use crate::marks::FINAL_STATES;
use crate::schema::{self, Holder};

pub(super) fn check(document: &Document, problems: &mut Diagnostics) {
    schema::each(&document.root, &mut |pointer, schema, holder| {
        let Some(mark) = schema.get(FINAL_STATES) else {
            return;
        };
        let mut refuse = |reason: String| {
            let mend = "correct the mark, or move it to the enum";
            problems.push(document.error(pointer, reason).mended_by(mend));
        };
        if holder != Holder::Component || schema.get("type").is_none_or(|ty| ty != "string") {
            refuse(format!(
                "`{FINAL_STATES}` is a mark of enums of strings that are components"
            ));
            return;
        }
        let mut seen = BTreeSet::new();
        for value in items(mark.get("success")).chain(items(mark.get("failure"))) {
            if !items(schema.get("enum")).any(|known| known == value) {
                refuse(format!(
                    "`{FINAL_STATES}`: {value} is not a value of this enum"
                ));
            } else if !seen.insert(value.to_string()) {
                refuse(format!("`{FINAL_STATES}`: {value} is listed twice"));
            }
        }
    });
}
