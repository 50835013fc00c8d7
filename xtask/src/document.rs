//! The document that the stages transform, and functions for pointers into it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::kind::Kind;

/// An OpenAPI document as JSON; the keys keep the order of the file.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// The path of the file as the user gave it.
    pub source: String,
    /// The SHA-256 of the file's bytes, in lower-case hexadecimal.
    pub sha256: String,
    pub root: Value,
    /// The document as it was read, with the decisions.
    pub original: Value,
    /// The pointers that moved values have in the file, keyed by their new pointers.
    pub(crate) origins: BTreeMap<String, String>,
    /// The line in the file of the value at each pointer. A pointer that a transform created is
    /// absent, unless the transform only moved a value of the file.
    pub lines: BTreeMap<String, usize>,
    /// The enums and unions among the component schemas, keyed by name.
    pub kinds: BTreeMap<String, Kind>,
    /// The defects that were ignored when the file was read.
    pub ignored_defects: Vec<String>,
    /// What a person should look at, found when the file was read.
    pub warnings: Diagnostics,
    /// The pointers of the conflicts that a decision has resolved.
    pub decided: BTreeSet<String>,
    /// The ids of the operations that a decision left out, before they were checked.
    pub left_out: Vec<String>,
}

impl Document {
    /// A document that was not read from a file.
    pub fn from_value(source: impl Into<String>, root: Value) -> Self {
        Self {
            source: source.into(),
            root,
            ..Self::default()
        }
    }

    /// An error about the value at `pointer`. If its line is not known, the line is that of the
    /// nearest value around it.
    pub fn error(&self, pointer: &str, message: impl Into<String>) -> Diagnostic {
        let mut around = pointer;
        let mut line = self.lines.get(pointer).copied();
        // The line of `components` or `schemas` would mislead.
        while line.is_none()
            && let Some((outer, _)) = around.rsplit_once('/')
            && outer.matches('/').count() > usize::from(outer.starts_with("/components/")) + 1
        {
            line = self.lines.get(outer).copied();
            around = outer;
        }
        Diagnostic {
            line,
            pointer: Some(pointer.to_owned()),
            ..Diagnostic::of_file(&self.source, message)
        }
    }

    /// The target of a local reference (`#/components/schemas/Token`).
    pub fn target(&self, reference: &str) -> Option<&Value> {
        self.root.pointer(&pointer_of(reference)?)
    }

    /// Resolves `value` if it is a reference, through chains of any length. Returns `None` if the
    /// chain ends at a missing target or loops.
    pub fn resolve<'a>(&'a self, value: &'a Value) -> Option<&'a Value> {
        self.follow(value, "").map(|(_, value)| value)
    }

    /// Like [`Self::resolve`], but also returns the pointer of the target.
    pub fn follow<'a>(&'a self, value: &'a Value, pointer: &str) -> Option<(String, &'a Value)> {
        let (mut pointer, mut value) = (pointer.to_owned(), value);
        // A longer chain is treated as a loop.
        for _ in 0..64 {
            let Some(reference) = reference(value) else {
                return Some((pointer, value));
            };
            pointer = pointer_of(reference)?;
            value = self.root.pointer(&pointer)?;
        }
        None
    }

    /// The entries of `components.<kind>`.
    pub fn components(&self, kind: &str) -> impl Iterator<Item = (&String, &Value)> {
        entries(
            self.root
                .get("components")
                .and_then(|components| components.get(kind)),
        )
    }

    /// A copy of the component schemas, keyed by name, for a stage that changes them.
    pub fn schemas(&self) -> BTreeMap<String, Value> {
        self.components("schemas")
            .map(|(name, schema)| (name.clone(), schema.clone()))
            .collect()
    }

    /// Adds a component schema.
    pub fn insert_schema(&mut self, name: &str, schema: Value) {
        let Some(root) = self.root.as_object_mut() else {
            return;
        };
        let components = root
            .entry("components")
            .or_insert_with(|| Value::Object(Map::new()));
        let Some(components) = components.as_object_mut() else {
            return;
        };
        let schemas = components
            .entry("schemas")
            .or_insert_with(|| Value::Object(Map::new()));
        if let Some(schemas) = schemas.as_object_mut() {
            schemas.insert(name.to_owned(), schema);
        }
    }

    /// Records that the value at `to` came from `from`, so that a problem of it still shows the
    /// line.
    pub fn moved(&mut self, from: &str, to: &str) {
        let below = |pointer: &str| {
            let rest = pointer.strip_prefix(from)?;
            (rest.is_empty() || rest.starts_with('/')).then(|| format!("{to}{rest}"))
        };
        let lines: Vec<(String, usize)> = self
            .lines
            .range(from.to_owned()..)
            .take_while(|(pointer, _)| pointer.starts_with(from))
            .filter_map(|(pointer, line)| Some((below(pointer)?, *line)))
            .collect();
        self.lines.extend(lines);
        let origin = self.before(from);
        self.origins.insert(to.to_owned(), origin);
    }

    /// The pointer before all moves.
    fn before(&self, pointer: &str) -> String {
        // Of two moves that contain the pointer, the longer is the inner one.
        let moves = self.origins.iter().rev();
        let mut found = moves.filter_map(|(to, from)| {
            let rest = pointer.strip_prefix(to.as_str())?;
            (rest.is_empty() || rest.starts_with('/')).then(|| format!("{from}{rest}"))
        });
        found.next().unwrap_or_else(|| pointer.to_owned())
    }

    /// The pointer that the object at `pointer` has in the file, if it is known.
    pub fn origin(&self, pointer: &str) -> Option<String> {
        let origin = self.before(pointer);
        let found = self.original.pointer(&origin);
        found.is_some_and(Value::is_object).then_some(origin)
    }

    /// Every operation, in the document's order.
    pub fn operations(&self) -> impl Iterator<Item = Place<'_>> {
        entries(self.root.get("paths")).flat_map(|(path, item)| {
            entries(Some(item))
                .filter(|(method, _)| METHODS.contains(&method.as_str()))
                .map(move |(method, operation)| Place {
                    path,
                    method,
                    operation,
                })
        })
    }
}

/// An operation and its location in the document.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub path: &'a str,
    /// The HTTP method as the document writes it, `get`.
    pub method: &'a str,
    pub operation: &'a Value,
}

impl Place<'_> {
    /// The pointer of the operation.
    pub fn pointer(&self) -> String {
        at(&at("/paths", self.path), self.method)
    }
}

/// The keys of a path item that are operations.
pub const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// The pointer of `key` below `pointer`.
pub fn at(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// The pointer of the item at `index` below `pointer`.
pub fn item(pointer: &str, index: usize) -> String {
    format!("{pointer}/{index}")
}

/// The value of `$ref`, if the value is a reference object.
pub fn reference(value: &Value) -> Option<&str> {
    value.get("$ref").and_then(Value::as_str)
}

/// The JSON pointer of a local reference; `None` for a reference into another file.
pub fn pointer_of(reference: &str) -> Option<String> {
    let fragment = reference.strip_prefix('#')?;
    // References are URIs: a pointer in a fragment may be percent-encoded.
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let high = char::from(rest.next()?).to_digit(16)?;
        let low = char::from(rest.next()?).to_digit(16)?;
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}

/// The name of the component schema that a reference names.
pub fn schema_name(reference: &str) -> Option<String> {
    component_name(&pointer_of(reference)?)
}

/// The name of the component schema at the pointer.
pub fn component_name(pointer: &str) -> Option<String> {
    let name = pointer.strip_prefix("/components/schemas/")?;
    if name.contains('/') {
        return None;
    }
    Some(name.replace("~1", "/").replace("~0", "~"))
}

/// The reference to a component schema.
pub fn schema_reference(name: &str) -> Value {
    let mut object = Map::new();
    object.insert(
        "$ref".to_owned(),
        Value::String(at("#/components/schemas", name)),
    );
    Value::Object(object)
}

/// The entries of an object; empty for other values.
pub fn entries(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

/// The items of an array; empty for other values.
pub fn items(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

/// A value as text: a string without its quotes.
pub fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The string at `key`.
pub fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// Whether the value at `key` is `true`.
pub fn flag(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or(false)
}
