//! Refuses values that do not have the shape that OpenAPI requires, so that later stages can read
//! them without checking.

use std::collections::BTreeMap;

use serde_json::Value;

use self::table::{DOCUMENT, Object, RESPONSE, Shape};
use crate::diagnostic::Diagnostics;
use crate::document::{Document, at, item, pointer_of, reference};

mod ignored_defects;
mod table;

pub(super) use ignored_defects::mend;

/// Refuses every value of the document that does not have the shape that OpenAPI 3.0 requires.
pub(super) fn check(document: &Document, problems: &mut Diagnostics) {
    let mut checker = Checker {
        document,
        problems,
        found: BTreeMap::new(),
        references: Vec::new(),
    };
    checker.object(&document.root, "", &DOCUMENT);
    checker.targets();
}

struct Checker<'a> {
    document: &'a Document,
    problems: &'a mut Diagnostics,
    /// The kinds of the objects that can be referred to, keyed by pointer.
    found: BTreeMap<String, &'static str>,
    /// References: the pointer, the target, and the required kind.
    references: Vec<(String, String, &'static str)>,
}

impl Checker<'_> {
    fn object(&mut self, value: &Value, pointer: &str, object: &'static Object) {
        let Some(map) = value.as_object() else {
            return self.wrong(value, pointer, object.name);
        };
        if object.referable {
            self.found.insert(pointer.to_owned(), object.name);
            if let Some(target) = reference(value) {
                let entry = (pointer.to_owned(), target.to_owned(), object.name);
                return self.references.push(entry);
            }
        }
        for key in object.required {
            if !map.contains_key(*key) {
                let reason = format!("{} needs `{key}`", object.name);
                self.problems.push(self.document.error(pointer, reason));
            }
        }
        for (key, shape) in object.fields {
            if let Some(value) = map.get(*key) {
                self.value(value, &at(pointer, key), shape);
            }
        }
    }

    /// Checks that references lead to objects of the required kind.
    fn targets(&mut self) {
        for (pointer, target, needed) in std::mem::take(&mut self.references) {
            // Broken references are refused elsewhere.
            let Some(local) = pointer_of(&target) else {
                continue;
            };
            let found = self.found.get(&local).copied();
            if found != Some(needed) && self.document.root.pointer(&local).is_some() {
                let found = found.unwrap_or("something else");
                let reason = format!("expected {needed}, but `{target}` is {found}");
                self.problems.push(self.document.error(&pointer, reason));
            }
        }
    }

    fn value(&mut self, value: &Value, pointer: &str, shape: &Shape) {
        match shape {
            Shape::Text if !value.is_string() => self.wrong(value, pointer, "text"),
            Shape::Flag if !value.is_boolean() => self.wrong(value, pointer, "true or false"),
            Shape::Prose if !value.is_string() && !value.is_null() => {
                self.wrong(value, pointer, "text");
            }
            Shape::Version if !value.is_string() && !value.is_number() => {
                self.wrong(value, pointer, "text");
            }
            Shape::Prose | Shape::Version => {}
            Shape::Text | Shape::Flag => {}
            Shape::Texts => self.list(value, pointer, &Shape::Text),
            Shape::Values => {
                if value.as_array().is_none_or(Vec::is_empty) {
                    self.wrong(value, pointer, "a list with at least one value");
                }
            }
            Shape::SchemaType => self.schema_type(value, pointer),
            Shape::Of(object) => self.object(value, pointer, object),
            Shape::FlagOr(object) => {
                if !value.is_boolean() {
                    self.object(value, pointer, object);
                }
            }
            Shape::List(object) => self.list(value, pointer, &Shape::Of(object)),
            Shape::Map(object) => self.map(value, pointer, &Shape::Of(object)),
            Shape::TextMap => self.map(value, pointer, &Shape::Text),
            Shape::Responses => self.responses(value, pointer),
            Shape::Security => self.security(value, pointer),
        }
    }

    fn list(&mut self, value: &Value, pointer: &str, shape: &Shape) {
        let Some(list) = value.as_array() else {
            return self.wrong(value, pointer, "a list");
        };
        for (index, value) in list.iter().enumerate() {
            self.value(value, &item(pointer, index), shape);
        }
    }

    fn map(&mut self, value: &Value, pointer: &str, shape: &Shape) {
        let Some(map) = value.as_object() else {
            return self.wrong(value, pointer, "an object");
        };
        for (key, value) in map {
            // `paths` may contain vendor extensions (`x-…`).
            if !(key.starts_with("x-") && pointer == "/paths") {
                self.value(value, &at(pointer, key), shape);
            }
        }
    }

    fn responses(&mut self, value: &Value, pointer: &str) {
        let Some(map) = value.as_object() else {
            return self.wrong(value, pointer, "an object");
        };
        for (status, value) in map {
            if status.starts_with("x-") {
                continue;
            }
            let pointer = at(pointer, status);
            if !is_status(status) {
                let reason = "a response's key is a status (`200`), a range (`4XX`) or `default`";
                self.problems.push(self.document.error(&pointer, reason));
            }
            self.object(value, &pointer, &RESPONSE);
        }
    }

    fn security(&mut self, value: &Value, pointer: &str) {
        let Some(list) = value.as_array() else {
            return self.wrong(value, pointer, "a list");
        };
        for (index, value) in list.iter().enumerate() {
            self.map(value, &item(pointer, index), &Shape::Texts);
        }
    }

    fn schema_type(&mut self, value: &Value, pointer: &str) {
        const TYPES: [&str; 6] = ["string", "number", "integer", "boolean", "array", "object"];
        if !value.as_str().is_some_and(|name| TYPES.contains(&name)) {
            self.wrong(
                value,
                pointer,
                "one of string, number, integer, boolean, array, object",
            );
        }
    }

    fn wrong(&mut self, value: &Value, pointer: &str, expected: &str) {
        let found = match value {
            Value::Null => "no value".to_owned(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            Value::String(text) => {
                format!("the text `{}`", text.chars().take(40).collect::<String>())
            }
            Value::Array(list) if list.is_empty() => "an empty list".to_owned(),
            Value::Array(_) => "a list".to_owned(),
            Value::Object(_) => "an object".to_owned(),
        };
        let reason = format!("expected {expected}, found {found}");
        self.problems.push(self.document.error(pointer, reason));
    }
}

fn is_status(status: &str) -> bool {
    let mut characters = status.chars();
    let first = characters.next();
    let rest = characters.as_str();
    status == "default"
        || (first.is_some_and(|c| ('1'..='5').contains(&c))
            && rest.len() == 2
            && (rest.bytes().all(|b| b.is_ascii_digit()) || rest == "XX"))
}
