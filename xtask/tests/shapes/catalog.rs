//! Lists the shapes of a document: what it makes of schemas, parameters, bodies, responses and operations, without
//! their names and texts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use xtask::document::{Document, METHODS, at, entries, flag, item, items, reference, text};
use xtask::schema::{self, Holder};

/// The shapes of a document, each with the pointer of the first place that has it.
pub(crate) fn shapes(document: &Document) -> BTreeMap<String, String> {
    let mut catalog = Catalog {
        document,
        found: BTreeMap::new(),
    };
    schema::each(&document.root, &mut |pointer, schema, holder| {
        catalog.schema(pointer, schema, holder);
    });
    for (path, path_item) in entries(document.root.get("paths")) {
        let pointer = at("/paths", path);
        catalog.parameters(&pointer, path_item, "path item");
        for (method, operation) in entries(Some(path_item)) {
            if METHODS.contains(&method.as_str()) {
                catalog.operation(&at(&pointer, method), method, operation);
            }
        }
    }
    catalog.found
}

struct Catalog<'a> {
    document: &'a Document,
    found: BTreeMap<String, String>,
}

impl Catalog<'_> {
    fn add(&mut self, pointer: &str, shape: String) {
        self.found
            .entry(shape)
            .or_insert_with(|| pointer.to_owned());
    }

    fn schema(&mut self, pointer: &str, schema: &Value, holder: Holder) {
        let place = match holder {
            Holder::Component => "component",
            Holder::Property => "property",
            Holder::Parameter => "parameter",
            Holder::Other => "other",
        };
        if reference(schema).is_none() {
            self.add(pointer, format!("schema: {}", self.keywords(schema)));
        }
        self.add(pointer, format!("{place}: {}", self.kind(schema)));
        if let Some(list) = schema.get("items") {
            self.add(pointer, format!("list of {} in {place}", self.kind(list)));
        }
        if let Some(example) = schema.get("example") {
            let shape = format!("example of {}: {}", self.kind(schema), json_type(example));
            self.add(pointer, shape);
        }
        if let Some(default) = schema.get("default") {
            let shape = format!("default of {}: {}", self.kind(schema), json_type(default));
            self.add(pointer, shape);
        }
        let required: BTreeSet<&str> = items(schema.get("required"))
            .filter_map(Value::as_str)
            .collect();
        for (name, property) in entries(schema.get("properties")) {
            let presence = if required.contains(name.as_str()) {
                "required"
            } else {
                "optional"
            };
            let nullable = if self.nullable(property) {
                " nullable"
            } else {
                ""
            };
            let shape = format!("{presence}{nullable} property: {}", self.kind(property));
            self.add(&at(&at(pointer, "properties"), name), shape);
        }
        if required.iter().any(|name| {
            schema
                .get("properties")
                .is_none_or(|all| all.get(name).is_none())
        }) {
            self.add(
                pointer,
                format!("required without a property beside {}", self.kind(schema)),
            );
        }
        self.all_of(pointer, schema);
        self.union(pointer, schema);
    }

    fn all_of(&mut self, pointer: &str, schema: &Value) {
        let parts: Vec<&Value> = items(schema.get("allOf")).collect();
        let mut seen: BTreeMap<&String, &Value> = BTreeMap::new();
        for (index, part) in parts.iter().enumerate() {
            let count = if parts.len() == 1 { "one" } else { "several" };
            let pointer = item(&at(pointer, "allOf"), index);
            self.add(&pointer, format!("allOf of {count}: {}", self.kind(part)));
            let Some(part) = self.document.resolve(part) else {
                continue;
            };
            for (name, property) in entries(part.get("properties")) {
                if let Some(known) = seen.insert(name, property) {
                    let same = if known == property { "same" } else { "other" };
                    let shape = format!(
                        "property of two parts, {same}: {} and {}",
                        self.kind(known),
                        self.kind(property)
                    );
                    self.add(&pointer, shape);
                }
            }
        }
    }

    fn union(&mut self, pointer: &str, schema: &Value) {
        for key in ["oneOf", "anyOf"] {
            let members: Vec<&Value> = items(schema.get(key)).collect();
            let discriminator = schema.get("discriminator");
            let mapping = discriminator.and_then(|discriminator| discriminator.get("mapping"));
            let told = match (discriminator, mapping) {
                (None, _) => "untagged",
                (_, None) => "tagged by name",
                _ => "mapped",
            };
            for member in &members {
                self.add(pointer, format!("{told} {key}: {}", self.kind(member)));
                let property = discriminator.and_then(|it| text(it, "propertyName"));
                if let Some(property) = property {
                    let shape = format!("tag of {told} {key}: {}", self.tag(member, &property, 0));
                    self.add(pointer, shape);
                }
            }
            let mut targets: Vec<&str> = Vec::new();
            for (_, target) in entries(mapping) {
                let target = target.as_str().unwrap_or_default();
                let form = if target.starts_with('#') {
                    "reference"
                } else {
                    "name"
                };
                let listed = members
                    .iter()
                    .any(|member| reference(member) == Some(target));
                let again = if targets.contains(&target) {
                    ", again"
                } else {
                    ""
                };
                self.add(
                    pointer,
                    format!("mapping to a {form} of a member ({listed}){again}"),
                );
                targets.push(target);
            }
        }
    }

    /// How a member of a union declares the property of the discriminator.
    fn tag(&self, member: &Value, property: &str, depth: usize) -> String {
        // Members may refer to each other in a circle.
        if depth > 8 {
            return "none".to_owned();
        }
        let Some(schema) = self.document.resolve(member) else {
            return "lost".to_owned();
        };
        if let Some(declared) = schema.get("properties").and_then(|all| all.get(property)) {
            let required = items(schema.get("required")).any(|name| name == property);
            let values = self
                .document
                .resolve(declared)
                .and_then(|it| it.get("enum"));
            let values = match items(values).count() {
                0 => "any",
                1 => "one value",
                _ => "several values",
            };
            return format!("{}, {values}, required {required}", self.kind(declared));
        }
        for key in ["allOf", "oneOf", "anyOf"] {
            for part in items(schema.get(key)) {
                let found = self.tag(part, property, depth + 1);
                if found != "none" {
                    return format!("{found} by {key}");
                }
            }
        }
        "none".to_owned()
    }

    /// The keywords of a schema that say something to a program, sorted.
    fn keywords(&self, schema: &Value) -> String {
        let words: BTreeSet<String> = entries(Some(schema))
            .filter_map(|(key, value)| match key.as_str() {
                "description" | "title" | "example" | "externalDocs" => None,
                "type" | "format" => Some(format!("{key}={}", value.as_str().unwrap_or("?"))),
                "nullable" | "readOnly" | "writeOnly" | "deprecated" => {
                    (value == true).then(|| key.clone())
                }
                "enum" => {
                    let types: BTreeSet<&str> = items(Some(value)).map(json_type).collect();
                    Some(format!("enum={types:?}"))
                }
                "additionalProperties" if !value.is_object() => Some(format!("{key}={value}")),
                "additionalProperties" => Some(format!("{key}={}", self.kind(value))),
                "items" | "not" => Some(format!("{key}={}", self.kind(value))),
                "properties" if value.as_object().is_some_and(serde_json::Map::is_empty) => {
                    Some("no properties".to_owned())
                }
                _ => Some(key.clone()),
            })
            .collect();
        words.into_iter().collect::<Vec<_>>().join(" ")
    }

    /// What a schema describes, in one or two words.
    fn kind(&self, schema: &Value) -> String {
        if reference(schema).is_some() {
            let target = self.document.resolve(schema);
            return format!(
                "ref {}",
                target.map_or("lost".to_owned(), |target| self.kind(target))
            );
        }
        let has = |key: &str| schema.get(key).is_some();
        let kind = if has("allOf") {
            "allOf"
        } else if has("oneOf") || has("anyOf") {
            "union"
        } else if has("enum") {
            "enum"
        } else if has("properties") {
            "object"
        } else if has("additionalProperties") {
            "map"
        } else {
            match schema.get("type").and_then(Value::as_str) {
                Some("object") => "open object",
                Some(other) => other,
                None => "any",
            }
        };
        kind.to_owned()
    }

    fn nullable(&self, schema: &Value) -> bool {
        self.document
            .resolve(schema)
            .is_some_and(|schema| flag(schema, "nullable"))
    }

    fn parameters(&mut self, pointer: &str, holder: &Value, place: &str) {
        for (index, parameter) in items(holder.get("parameters")).enumerate() {
            let pointer = item(&at(pointer, "parameters"), index);
            let form = form(parameter);
            self.add(&pointer, format!("{form} parameter of {place}"));
            let Some(parameter) = self.document.resolve(parameter) else {
                continue;
            };
            let words: BTreeSet<String> = entries(Some(parameter))
                .filter(|(key, _)| !["name", "description"].contains(&key.as_str()))
                .map(|(key, value)| match key.as_str() {
                    "schema" => self.kind(value),
                    "example" => format!("example={}", json_type(value)),
                    _ => format!("{key}={value}"),
                })
                .collect();
            let words: Vec<String> = words.into_iter().collect();
            self.add(&pointer, format!("parameter: {}", words.join(" ")));
        }
    }

    fn operation(&mut self, pointer: &str, method: &str, operation: &Value) {
        self.add(pointer, format!("method: {method}"));
        for (key, value) in entries(Some(operation)) {
            match key.as_str() {
                "description" | "summary" | "operationId" | "parameters" | "requestBody"
                | "responses" => {}
                "security" => {
                    let alternatives = items(Some(value)).count();
                    self.add(pointer, format!("security: {alternatives} alternatives"));
                    for alternative in items(Some(value)) {
                        let schemes: Vec<String> = entries(Some(alternative))
                            .map(|(_, scopes)| items(Some(scopes)).count().min(2).to_string())
                            .collect();
                        let scopes = schemes.join(" and ");
                        self.add(pointer, format!("security: {scopes} scopes"));
                    }
                }
                "tags" => {
                    self.add(pointer, format!("tags: {}", items(Some(value)).count()));
                }
                _ => self.add(pointer, format!("operation: {key}")),
            }
        }
        self.parameters(pointer, operation, "operation");
        if let Some(body) = operation.get("requestBody") {
            let form = form(body);
            let pointer = at(pointer, "requestBody");
            if let Some(body) = self.document.resolve(body) {
                let required = body
                    .get("required")
                    .map_or("not given", |it| if it == true { "true" } else { "false" });
                self.add(&pointer, format!("{form} body: required {required}"));
                self.content(&pointer, body, "body");
            }
        }
        let success = entries(operation.get("responses"));
        let success = success
            .filter(|(status, _)| status.starts_with('2'))
            .count();
        self.add(pointer, format!("success responses: {success}"));
        for (status, response) in entries(operation.get("responses")) {
            let form = form(response);
            let pointer = at(&at(pointer, "responses"), status);
            self.add(&pointer, format!("{form} response {status}"));
            if let Some(response) = self.document.resolve(response) {
                if response.get("headers").is_some() {
                    self.add(&pointer, "response with headers".to_owned());
                }
                let class = format!("response {}XX", &status[..1]);
                if response.get("content").is_none() {
                    self.add(&pointer, format!("{class}: empty"));
                }
                self.content(&pointer, response, &class);
            }
        }
    }

    fn content(&mut self, pointer: &str, holder: &Value, place: &str) {
        let count = entries(holder.get("content")).count();
        if count > 1 {
            self.add(pointer, format!("{place}: {count} media types"));
        }
        for (media_type, media) in entries(holder.get("content")) {
            let kind = media
                .get("schema")
                .map_or("nothing".to_owned(), |it| self.kind(it));
            self.add(pointer, format!("{place}: {media_type} {kind}"));
            if media.get("example").is_some() {
                self.add(pointer, format!("{place}: an example"));
            }
            for (_, example) in entries(media.get("examples")) {
                let form = form(example);
                self.add(pointer, format!("{place}: {form} examples"));
            }
            if media.get("encoding").is_some() {
                self.add(pointer, format!("{place}: encoding"));
            }
        }
    }
}

fn form(value: &Value) -> &'static str {
    match reference(value) {
        Some(_) => "reference",
        None => "inline",
    }
}

fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "fraction",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
