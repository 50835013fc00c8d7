//! Makes a named component of every inline enum, union and variant.
//!
//! Typify names such schemas after their location, and an `allOf` that copies them duplicates the
//! type: the same enum would be generated once for each subtype. So they become components before
//! `allOf`s are merged, and again afterwards for the schemas that merging creates. First, unions
//! are written in one form (`shape`) and discriminator targets are repaired (`mapping`).
//!
//! Objects become components only after merging, because a merged part must not be a separate type.
//! Typify would also name an inline object after its location, without checking for a component of
//! that name.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::name::Names;
use super::{Options, Stage};
use crate::diagnostic::Diagnostics;
use crate::document::{Document, at, entries, item, items, reference, schema_reference, text};
use crate::report::Log;
use crate::rust_name;
use crate::schema::{self, is_union};

mod forms;
mod inherit;
mod mapping;
mod shape;

pub fn run(document: &mut Document, _options: &Options, log: &mut Log) -> Result<(), Diagnostics> {
    lift(document, log, false);
    Ok(())
}

/// Like [`run`], but after merging, and for objects as well.
pub fn merged(
    document: &mut Document,
    _options: &Options,
    log: &mut Log,
) -> Result<(), Diagnostics> {
    lift(document, log, true);
    Ok(())
}

fn lift(document: &mut Document, log: &mut Log, objects: bool) {
    mapping::mend(document, log);
    if !objects {
        inherit::unions(document, log);
    }
    shape::plain(document, log);
    if objects {
        forms::plain(document, log);
    }
    let mut lifter = Lifter {
        objects,
        names: Names::of(document),
        shared: BTreeMap::new(),
        found: Vec::new(),
        log,
    };
    lifter.components(document);
    lifter.parameters(document);
    for (name, pointer, schema) in lifter.found {
        document.insert_schema(&name, schema);
        document.moved(&pointer, &at("/components/schemas", &name));
    }
}

fn is_enum(schema: &Value) -> bool {
    items(schema.get("enum")).next().is_some()
}

fn is_object(schema: &Value) -> bool {
    entries(schema.get("properties")).next().is_some()
}

struct Lifter<'a> {
    /// Whether objects are lifted.
    objects: bool,
    names: Names,
    /// The lifted schemas, keyed by name. Equal schemas share a name.
    shared: BTreeMap<String, Vec<(String, Value)>>,
    /// The lifted schemas: name, original pointer, and schema.
    found: Vec<(String, String, Value)>,
    log: &'a mut Log,
}

impl Lifter<'_> {
    fn components(&mut self, document: &mut Document) {
        let schemas = document
            .root
            .pointer_mut("/components/schemas")
            .and_then(Value::as_object_mut);
        for (name, schema) in schemas.into_iter().flatten() {
            let pointer = at("/components/schemas", name);
            self.inside(schema, &rust_name::model(name), &pointer);
        }
    }

    fn parameters(&mut self, document: &mut Document) {
        let mut places = Vec::new();
        for place in document.operations() {
            let id = text(place.operation, "operationId").unwrap_or_default();
            let pointer = at(&place.pointer(), "parameters");
            for (index, parameter) in items(place.operation.get("parameters")).enumerate() {
                let name = text(parameter, "name").unwrap_or_default();
                let name = rust_name::model(&format!("{id}-{name}"));
                places.push((at(&item(&pointer, index), "schema"), name));
            }
        }
        for (pointer, name) in places {
            if let Some(schema) = document.root.pointer_mut(&pointer) {
                self.schema(schema, &name, &pointer);
            }
        }
    }

    /// Visits a schema that is inside another one.
    fn schema(&mut self, schema: &mut Value, name: &str, pointer: &str) {
        self.inside(schema, name, pointer);
        if is_union(schema) || is_enum(schema) || (self.objects && is_object(schema)) {
            self.lift(schema, name, pointer);
        }
    }

    fn inside(&mut self, schema: &mut Value, name: &str, pointer: &str) {
        let titles: Vec<Option<String>> = schema::parts(schema)
            .map(|part| text(part, "title"))
            .collect();
        let Some(map) = schema.as_object_mut() else {
            return;
        };
        if let Some(Value::Object(properties)) = map.get_mut("properties") {
            for (property, schema) in properties {
                let name = rust_name::model(&format!("{name}-{property}"));
                let pointer = at(&at(pointer, "properties"), property);
                self.schema(schema, &name, &pointer);
            }
        }
        for (key, suffix) in [("items", "Item"), ("additionalProperties", "Value")] {
            if let Some(schema) = map.get_mut(key) {
                self.schema(schema, &format!("{name}{suffix}"), &at(pointer, key));
            }
        }
        if let Some(Value::Array(parts)) = map.get_mut("allOf") {
            for (index, part) in parts.iter_mut().enumerate() {
                self.inside(part, name, &item(&at(pointer, "allOf"), index));
            }
        }
        let mut titles = titles.into_iter();
        for key in ["oneOf", "anyOf"] {
            let Some(Value::Array(parts)) = map.get_mut(key) else {
                continue;
            };
            for (index, part) in parts.iter_mut().enumerate() {
                let title = titles.next().flatten();
                let title = title.unwrap_or_else(|| format!("Variant{}", index + 1));
                let name = rust_name::model(&format!("{name}-{title}"));
                let pointer = item(&at(pointer, key), index);
                self.inside(part, &name, &pointer);
                if part.is_object() && reference(part).is_none() {
                    self.lift(part, &name, &pointer);
                }
            }
        }
    }

    /// Replaces the schema by a reference, and keeps the annotations of the place.
    fn lift(&mut self, schema: &mut Value, wanted: &str, pointer: &str) {
        let Some(map) = schema.as_object_mut() else {
            return;
        };
        let nullable = map.shift_remove("nullable") == Some(Value::Bool(true));
        map.shift_remove("default");
        let mut place = Map::new();
        for key in ["description", "example", "deprecated"] {
            if let Some(value) = map.get(key) {
                place.insert(key.to_owned(), value.clone());
            }
        }
        let of_place =
            |key: &str| matches!(key, "readOnly" | "writeOnly") || key.starts_with("x-cobo-");
        for (key, value) in std::mem::take(map) {
            let holder = if of_place(&key) {
                &mut place
            } else {
                &mut *map
            };
            holder.insert(key, value);
        }
        map.shift_remove("deprecated");
        // Typify would name the type after the title.
        map.shift_remove("title");
        let schema_of = Value::Object(std::mem::take(map));
        let name = self.name(wanted, &schema_of, pointer);
        let reference = schema_reference(&name);
        if nullable {
            place.insert("allOf".to_owned(), json!([reference]));
            place.insert("nullable".to_owned(), Value::Bool(true));
        } else {
            place.extend(entries(Some(&reference)).map(|(k, v)| (k.clone(), v.clone())));
        }
        *schema = Value::Object(place);
    }

    fn name(&mut self, wanted: &str, schema: &Value, pointer: &str) -> String {
        let same = self.shared.entry(wanted.to_owned()).or_default();
        if let Some((name, _)) = same.iter().find(|(_, other)| other == schema) {
            return name.clone();
        }
        let name = self.names.take(wanted);
        same.push((name.clone(), schema.clone()));
        self.found
            .push((name.clone(), pointer.to_owned(), schema.clone()));
        self.log
            .change(Stage::Hoist, format!("{pointer} is {name}"));
        name
    }
}
