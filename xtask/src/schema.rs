//! Visits the schemas of a document and their references.

use serde_json::{Map, Value};

use crate::document::{
    Document, METHODS, at, entries, item, items, pointer_of, reference, schema_name,
};

/// The kind of place that holds a schema, as far as the stages distinguish it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// A component schema.
    Component,
    /// A property of an object schema, or the items of a property's list.
    Property,
    /// A parameter or a header, or the items of its list.
    Parameter,
    /// A body, or a part of a union or `allOf`.
    Other,
}

/// Keywords that restrict values. The generated types do not follow them.
pub const CONSTRAINTS: [&str; 14] = [
    "default",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
];

/// Whether the generated type of the schema follows its format: uploads, integers of 64 bits, and dates
/// that are not an enum, which has its own type.
pub fn follows_format(schema: &Value) -> bool {
    let text = |key: &str| schema.get(key).and_then(Value::as_str);
    match (text("type"), text("format")) {
        (Some("string"), Some("binary")) | (Some("integer"), Some("int64")) => true,
        (Some("string"), Some("date")) => schema.get("enum").is_none(),
        _ => false,
    }
}

/// Whether the schema is one of integers that may be outside of `i64`. They are read as any number,
/// so that no digit is lost.
pub fn is_wide(schema: &Value) -> bool {
    let wide = |key: &str| {
        schema
            .get(key)
            .is_some_and(|bound| is_huge(bound) || (bound.is_number() && !fits(bound)))
    };
    let is = |key: &str, what: &str| schema.get(key).and_then(Value::as_str) == Some(what);
    is("type", "integer")
        && (is("format", "uint64") || ["minimum", "maximum", "default"].into_iter().any(wide))
}

/// Digits that no number of 64 bits has are kept as text when a document is read.
fn is_huge(bound: &Value) -> bool {
    bound.as_str().is_some_and(|text| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        whole && text.parse::<i64>().is_err()
    })
}

/// Whether the bound fits `i64`. Some tools write whole bounds as `1e18`.
fn fits(bound: &Value) -> bool {
    bound.is_i64() || (bound.is_f64() && bound.as_f64().is_some_and(|bound| bound.abs() < 9.2e18))
}

/// The parts of a union.
pub fn parts(schema: &Value) -> impl Iterator<Item = &Value> {
    items(schema.get("oneOf")).chain(items(schema.get("anyOf")))
}

/// Whether a schema is a union.
pub fn is_union(schema: &Value) -> bool {
    parts(schema).next().is_some()
}

/// The component that a schema refers to, directly or as the only part of an `allOf`.
pub fn named(place: &Value) -> Option<String> {
    let mut parts = items(place.get("allOf"));
    let sole = parts.next().filter(|_| parts.next().is_none());
    reference(place)
        .or_else(|| sole.and_then(reference))
        .and_then(schema_name)
}

/// The schema that a place refers to, through references and single-part `allOf`s.
pub fn meant<'a>(document: &'a Document, place: &'a Value) -> Option<&'a Value> {
    let mut schema = document.resolve(place)?;
    // A longer chain is treated as a loop.
    for _ in 0..64 {
        let Some(name) = named(schema) else {
            return Some(schema);
        };
        schema = document.root.pointer(&at("/components/schemas", &name))?;
    }
    None
}

/// A component, or the one that it refers to: its name and its schema.
pub fn component<'a>(document: &'a Document, name: &str) -> Option<(String, &'a Value)> {
    let mut name = name.to_owned();
    // A longer chain is treated as a loop.
    for _ in 0..64 {
        let schema = document.root.pointer(&at("/components/schemas", &name))?;
        match named(schema) {
            Some(next) => name = next,
            None => return Some((name, schema)),
        }
    }
    None
}

/// Calls `visit` with the pointer of each schema. Outer schemas come before inner ones.
pub fn each(root: &Value, visit: &mut dyn FnMut(&str, &Value, Holder)) {
    for (pointer, holder) in roots(root) {
        if let Some(schema) = root.pointer(&pointer) {
            within(schema, &pointer, holder, visit);
        }
    }
}

fn within(
    schema: &Value,
    pointer: &str,
    holder: Holder,
    visit: &mut dyn FnMut(&str, &Value, Holder),
) {
    visit(pointer, schema, holder);
    for (child, holder) in children(schema, holder) {
        if let Some(inner) = schema.pointer(&child) {
            within(inner, &format!("{pointer}{child}"), holder, visit);
        }
    }
}

/// Like [`each`], but `visit` may change the schema.
pub fn each_mut(root: &mut Value, visit: &mut dyn FnMut(&str, &mut Value, Holder)) {
    for (pointer, holder) in roots(root) {
        if let Some(schema) = root.pointer_mut(&pointer) {
            within_mut(schema, &pointer, holder, visit);
        }
    }
}

fn within_mut(
    schema: &mut Value,
    pointer: &str,
    holder: Holder,
    visit: &mut dyn FnMut(&str, &mut Value, Holder),
) {
    visit(pointer, schema, holder);
    for (child, holder) in children(schema, holder) {
        if let Some(inner) = schema.pointer_mut(&child) {
            within_mut(inner, &format!("{pointer}{child}"), holder, visit);
        }
    }
}

/// The schemas directly inside `schema`, with their pointers relative to it.
pub fn children(schema: &Value, holder: Holder) -> Vec<(String, Holder)> {
    let mut found = Vec::new();
    for (name, _) in entries(schema.get("properties")) {
        found.push((at("/properties", name), Holder::Property));
    }
    if schema.get("items").is_some_and(Value::is_object) {
        let inner = match holder {
            Holder::Property | Holder::Parameter => holder,
            Holder::Component | Holder::Other => Holder::Other,
        };
        found.push(("/items".to_owned(), inner));
    }
    for key in ["additionalProperties", "not"] {
        if schema.get(key).is_some_and(Value::is_object) {
            found.push((format!("/{key}"), Holder::Other));
        }
    }
    for key in ["allOf", "oneOf", "anyOf"] {
        for (index, _) in items(schema.get(key)).enumerate() {
            found.push((item(&format!("/{key}"), index), Holder::Other));
        }
    }
    found
}

/// The pointers of the outermost schemas.
fn roots(root: &Value) -> Vec<(String, Holder)> {
    let mut found = Vec::new();
    let components = root.get("components").unwrap_or(&Value::Null);
    for (name, _) in entries(components.get("schemas")) {
        found.push((at("/components/schemas", name), Holder::Component));
    }
    for kind in ["parameters", "headers"] {
        for (name, value) in entries(components.get(kind)) {
            parameter(value, &at(&format!("/components/{kind}"), name), &mut found);
        }
    }
    for (name, body) in entries(components.get("requestBodies")) {
        content(body, &at("/components/requestBodies", name), &mut found);
    }
    for (name, value) in entries(components.get("responses")) {
        response(value, &at("/components/responses", name), &mut found);
    }
    for (path, value) in entries(root.get("paths")) {
        let pointer = at("/paths", path);
        parameters(value, &pointer, &mut found);
        for (method, operation) in entries(Some(value)) {
            if METHODS.contains(&method.as_str()) {
                self::operation(operation, &at(&pointer, method), &mut found);
            }
        }
    }
    found
}

fn operation(operation: &Value, pointer: &str, found: &mut Vec<(String, Holder)>) {
    parameters(operation, pointer, found);
    if let Some(body) = operation.get("requestBody") {
        content(body, &at(pointer, "requestBody"), found);
    }
    for (status, value) in entries(operation.get("responses")) {
        response(value, &at(&at(pointer, "responses"), status), found);
    }
}

fn parameters(holder: &Value, pointer: &str, found: &mut Vec<(String, Holder)>) {
    for (index, value) in items(holder.get("parameters")).enumerate() {
        parameter(value, &item(&at(pointer, "parameters"), index), found);
    }
}

fn parameter(value: &Value, pointer: &str, found: &mut Vec<(String, Holder)>) {
    if value.get("schema").is_some() {
        found.push((at(pointer, "schema"), Holder::Parameter));
    }
    content(value, pointer, found);
}

fn response(value: &Value, pointer: &str, found: &mut Vec<(String, Holder)>) {
    content(value, pointer, found);
    for (name, header) in entries(value.get("headers")) {
        parameter(header, &at(&at(pointer, "headers"), name), found);
    }
}

fn content(holder: &Value, pointer: &str, found: &mut Vec<(String, Holder)>) {
    for (media_type, media) in entries(holder.get("content")) {
        if media.get("schema").is_some() {
            let pointer = at(&at(&at(pointer, "content"), media_type), "schema");
            found.push((pointer, Holder::Other));
        }
    }
}

/// Visits every reference below `value`, with the pointer of the object that contains it. Examples
/// and vendor extensions are skipped: they are data, not references.
pub fn references(value: &Value, pointer: &str, visit: &mut dyn FnMut(&str, &str)) {
    match value {
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                references(value, &item(pointer, index), visit);
            }
        }
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                visit(pointer, reference);
            }
            for (key, value) in map {
                let names = ["/properties", "/schemas", "/examples", "/paths"]
                    .iter()
                    .any(|names| pointer.ends_with(names));
                let data = matches!(key.as_str(), "example" | "default" | "enum" | "value")
                    || key.starts_with("x-");
                if names || !data {
                    references(value, &at(pointer, key), visit);
                }
            }
        }
        _ => {}
    }
}

/// Adds the targets of all mappings of discriminators, at any depth.
pub fn mappings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| mappings(value, found)),
        Value::Object(map) => {
            found.extend(mapped(value).map(str::to_owned));
            map.values().for_each(|value| mappings(value, found));
        }
        _ => {}
    }
}

/// The references in a discriminator's mapping. A mapping may also contain bare names, which are
/// skipped.
pub fn mapped(schema: &Value) -> impl Iterator<Item = &str> {
    entries(
        schema
            .get("discriminator")
            .and_then(|discriminator| discriminator.get("mapping")),
    )
    .filter_map(|(_, target)| target.as_str())
    .filter(|target| pointer_of(target).is_some())
}

/// Replaces references to schemas, including those in discriminator mappings.
pub fn redirect(root: &mut Value, new: &dyn Fn(&str) -> Option<String>) {
    each_mut(root, &mut |_, value, _| {
        if let Some(Value::String(reference)) = value.get_mut("$ref")
            && let Some(new) = new(reference)
        {
            *reference = new;
        }
        let mapping = value
            .pointer_mut("/discriminator/mapping")
            .and_then(Value::as_object_mut);
        for target in mapping.into_iter().flat_map(Map::values_mut) {
            // A bare name in a mapping refers to a component as well.
            let reference = match target.as_str() {
                Some(name) if !name.contains(['#', '/', '.']) => at("#/components/schemas", name),
                Some(reference) => reference.to_owned(),
                None => continue,
            };
            if let Some(new) = new(&reference) {
                *target = Value::String(new);
            }
        }
    });
}
