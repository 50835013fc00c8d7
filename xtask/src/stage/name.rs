//! Gives a name to every schema of a request or response.
//!
//! Progenitor names inline schemas after their operation, with the same name for success and
//! failure, and then decodes one as the other. So these schemas become components first, under
//! names that stay the same when the document grows. Components whose names are equal in Rust are
//! renamed here too, because typify would generate two types of that name.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Options, Stage, error_responses};
use crate::diagnostic::Diagnostics;
use crate::document::{Document, at, entries, reference, schema_name, schema_reference, text};
use crate::report::Log;
use crate::rust_name;
use crate::schema::{self, Holder};

pub fn run(document: &mut Document, _options: &Options, log: &mut Log) -> Result<(), Diagnostics> {
    let mut names = Names::default();
    rename(document, &mut names, log);
    lift_bodies(document, &mut names, log);
    drop_titles(document, log);
    Ok(())
}

/// The names that are taken, in their Rust form.
#[derive(Default)]
pub(super) struct Names(BTreeSet<String>);

impl Names {
    /// The names of the existing components.
    pub(super) fn of(document: &Document) -> Self {
        let names = document.components("schemas");
        Self(names.map(|(name, _)| rust_name::model(name)).collect())
    }

    /// Takes `name`, or the first free one of `name2`, `name3` ….
    pub(super) fn take(&mut self, name: &str) -> String {
        let mut taken = name.to_owned();
        let mut number = 2;
        while !self.0.insert(rust_name::model(&taken)) {
            taken = format!("{name}{number}");
            number += 1;
        }
        taken
    }
}

/// Renames components whose names collide in Rust. All others keep their names.
fn rename(document: &mut Document, names: &mut Names, log: &mut Log) {
    let mut renamed = BTreeMap::new();
    for (name, _) in document.components("schemas") {
        let taken = names.take(name);
        if taken != *name {
            log.change(
                Stage::Name,
                format!(
                    "{} is {taken}: another schema is {} in Rust",
                    name,
                    rust_name::model(name)
                ),
            );
            renamed.insert(name.clone(), taken);
        }
    }
    if renamed.is_empty() {
        return;
    }
    if let Some(schemas) = document
        .root
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut)
    {
        *schemas = std::mem::take(schemas)
            .into_iter()
            .map(|(name, schema)| (renamed.get(&name).cloned().unwrap_or(name), schema))
            .collect();
    }
    for (name, taken) in &renamed {
        let [from, to] = [name, taken].map(|name| at("/components/schemas", name));
        document.moved(&from, &to);
    }
    schema::redirect(&mut document.root, &|reference| {
        let taken = renamed.get(&schema_name(reference)?)?;
        Some(at("#/components/schemas", taken))
    });
}

/// Moves inline schemas of request bodies and responses to components.
fn lift_bodies(document: &mut Document, names: &mut Names, log: &mut Log) {
    bodies_of_anything(document, log);
    let mut inline = Vec::new();
    for place in document.operations() {
        let operation = place.pointer();
        let id = text(place.operation, "operationId").unwrap_or_default();
        let prefix = rust_name::model(&id);
        if let Some(body) = place.operation.get("requestBody") {
            let content = at(&at(&operation, "requestBody"), "content");
            collect(body, &content, &format!("{prefix}Request"), &mut inline);
        }
        for (status, response) in entries(place.operation.get("responses")) {
            // Error responses in Cobo's formats need no model: `cobo-auth` has their types.
            if !status.starts_with('2') && is_known_failure(document, response) {
                continue;
            }
            let content = at(&at(&at(&operation, "responses"), status), "content");
            let name = format!("{prefix}{}Response", status_name(status));
            collect(response, &content, &name, &mut inline);
        }
    }
    for (pointer, wanted) in inline {
        let Some(slot) = document.root.pointer_mut(&pointer) else {
            continue;
        };
        let name = names.take(&wanted);
        let schema = std::mem::replace(slot, schema_reference(&name));
        document.insert_schema(&name, schema);
        document.moved(&pointer, &at("/components/schemas", &name));
        let mut change = format!("{pointer} is {name}");
        if name != wanted {
            change.push_str(&format!(": {wanted} is another schema"));
        }
        log.change(Stage::Name, change);
    }
}

/// Gives a request body without a schema an empty one, which allows any JSON.
fn bodies_of_anything(document: &mut Document, log: &mut Log) {
    let bodies: Vec<String> = document
        .operations()
        .filter_map(|place| {
            let (name, media) =
                entries(place.operation.get("requestBody")?.get("content")).next()?;
            let content = at(&at(&place.pointer(), "requestBody"), "content");
            media.get("schema").is_none().then(|| at(&content, name))
        })
        .collect();
    for pointer in bodies {
        if let Some(Value::Object(media)) = document.root.pointer_mut(&pointer) {
            media.insert("schema".to_owned(), json!({}));
            log.raw(at(&pointer, "schema"));
            log.change(
                Stage::Name,
                format!("{pointer} has no schema: it is raw JSON"),
            );
        }
    }
}

/// Collects the inline schema of a body or response, if it has one.
fn collect(holder: &Value, content: &str, name: &str, inline: &mut Vec<(String, String)>) {
    if let Some((media_type, media)) = entries(holder.get("content")).next()
        && let Some(schema) = media.get("schema")
        && reference(schema).is_none()
    {
        inline.push((at(&at(content, media_type), "schema"), name.to_owned()));
    }
}

fn is_known_failure(document: &Document, response: &Value) -> bool {
    let schema = entries(response.get("content")).find_map(|(_, media)| media.get("schema"));
    schema.is_some_and(|schema| error_responses::is_known(document, schema))
}

/// The status for a name. A range uses its first status.
fn status_name(status: &str) -> String {
    if status == "default" {
        "Default".to_owned()
    } else {
        status.replace('X', "0")
    }
}

/// Drops titles, because typify names schemas after them and two may be equal. A title becomes the
/// description of a schema without one.
fn drop_titles(document: &mut Document, log: &mut Log) {
    schema::each_mut(&mut document.root, &mut |pointer, schema, holder| {
        let Some(map) = schema.as_object_mut() else {
            return;
        };
        // A variant without a name is named after its title, so it keeps the title.
        let holder_of = pointer.rsplit_once('/').map_or("", |(holder, _)| holder);
        let variant = holder_of.ends_with("/oneOf") || holder_of.ends_with("/anyOf");
        if map.get("title").is_none() || (variant && !map.contains_key("$ref")) {
            return;
        }
        let described = map.get("description").is_some_and(Value::is_string);
        let title = map.shift_remove("title");
        if let (false, Some(title @ Value::String(_)), true) =
            (described, title, holder != Holder::Other)
        {
            map.insert("description".to_owned(), title);
            log.change(
                Stage::Name,
                format!("{pointer}: the title is its description"),
            );
        }
    });
}
