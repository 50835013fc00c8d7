//! Cobo's own marks on properties, where they could not do what they promise.

use serde_json::Value;

use crate::catalog::Bounds;
use crate::document::{Document, flag};
use crate::refusal::Refusals;
use crate::schema::{self, Holder};

pub(super) fn check(document: &Document, refusals: &mut Refusals) {
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
