//! Sets the texts of a document.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::facts::set;
use super::words::Words;
use crate::document::{Document, METHODS, at, entries, item, items, reference, text};
use crate::schema;

/// A place without a text that needs one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Missing {
    /// The place in the document.
    pub(super) pointer: String,
    /// Where in a word file its text belongs.
    pub(super) address: String,
}

/// Sets all texts. Returns the number of texts that were set, and the places without one.
pub(super) fn run(root: &mut Value, words: &mut Words) -> (usize, Vec<Missing>) {
    let statuses = statuses(root);
    let mut join = Join {
        words,
        set: 0,
        missing: Vec::new(),
    };
    join.tags(root);
    let described = described(root, join.words);
    for (path, item) in map_mut(root.get_mut("paths")) {
        join.path(item, &at("/paths", path), &described);
    }
    for (name, schema) in map_mut(root.pointer_mut("/components/schemas")) {
        let pointer = at("/components/schemas", name);
        let owner = at("/schemas", name);
        join.describe(schema, &pointer, &[at(&owner, "description")]);
        join.schema(schema, &pointer, &owner, "", &described);
    }
    for (name, parameter) in map_mut(root.pointer_mut("/components/parameters")) {
        let pointer = at("/components/parameters", name);
        join.parameter(parameter, &pointer, &[at("/parameters", name)], &described);
    }
    for (name, body) in map_mut(root.pointer_mut("/components/requestBodies")) {
        let pointer = at("/components/requestBodies", name);
        let owner = at("/bodies", name);
        join.describe(body, &pointer, &[at(&owner, "description")]);
        join.content(body, &pointer, &owner, &described);
    }
    for (name, response) in map_mut(root.pointer_mut("/components/responses")) {
        let pointer = at("/components/responses", name);
        let owner = at("/responses", name);
        let statuses = statuses.get(&format!("#{pointer}"));
        let statuses = statuses.map(Vec::as_slice).unwrap_or_default();
        join.response(response, &pointer, &owner, statuses, &owner, &described);
    }
    (join.set, join.missing)
}

/// The names of the component schemas that have a text. A property that is a reference to one needs
/// no text.
type Described = BTreeSet<String>;

fn described(root: &Value, words: &mut Words) -> Described {
    entries(root.pointer("/components/schemas"))
        .map(|(name, _)| name)
        .filter(|name| {
            let address = at(&at("/schemas", name), "description");
            words.take(&[address]).is_some()
        })
        .cloned()
        .collect()
}

/// The statuses that refer to each component response.
fn statuses(root: &Value) -> BTreeMap<String, Vec<String>> {
    let document = Document::from_value("", root.clone());
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for place in document.operations() {
        for (status, response) in entries(place.operation.get("responses")) {
            if let Some(reference) = reference(response) {
                let statuses = found.entry(reference.to_owned()).or_default();
                if !statuses.contains(status) {
                    statuses.push(status.clone());
                }
            }
        }
    }
    found
}

fn map_mut(value: Option<&mut Value>) -> impl Iterator<Item = (&String, &mut Value)> {
    value.and_then(Value::as_object_mut).into_iter().flatten()
}

struct Join<'a> {
    words: &'a mut Words,
    set: usize,
    missing: Vec<Missing>,
}

impl Join<'_> {
    /// Sets the text at `key`, from the first address that has one.
    fn text(&mut self, value: &mut Value, pointer: &str, key: &str, addresses: &[String]) {
        let Some(map) = value.as_object_mut() else {
            return;
        };
        if let Some(text) = self.words.take(addresses) {
            set(map, key, text);
            self.set += 1;
        } else if let Some(address) = addresses.first() {
            self.missing.push(Missing {
                pointer: pointer.to_owned(),
                address: address.clone(),
            });
        }
    }

    fn describe(&mut self, value: &mut Value, pointer: &str, addresses: &[String]) {
        self.text(value, pointer, "description", addresses);
    }

    fn tags(&mut self, root: &mut Value) {
        let tags = root.get_mut("tags").and_then(Value::as_array_mut);
        for (index, tag) in tags.into_iter().flatten().enumerate() {
            let name = text(tag, "name").unwrap_or_default();
            self.describe(tag, &item("/tags", index), &[at("/tags", &name)]);
            // The name comes first.
            if let Some(map) = tag.as_object_mut() {
                set(map, "name", name);
            }
        }
    }

    fn path(&mut self, path: &mut Value, pointer: &str, described: &Described) {
        let owners: Vec<String> = METHODS
            .iter()
            .filter_map(|method| text(path.get(method)?, "operationId"))
            .map(|id| at("/operations", &id))
            .collect();
        self.parameters(path, pointer, &owners, described);
        for (method, operation) in map_mut(Some(path)) {
            if !METHODS.contains(&method.as_str()) {
                continue;
            }
            let pointer = at(pointer, method);
            let id = text(operation, "operationId").unwrap_or_default();
            let owner = at("/operations", &id);
            self.describe(operation, &pointer, &[at(&owner, "description")]);
            self.text(operation, &pointer, "summary", &[at(&owner, "summary")]);
            if let Some(map) = operation.as_object_mut() {
                set(map, "operationId", id);
            }
            self.parameters(operation, &pointer, std::slice::from_ref(&owner), described);
            if let Some(body) = operation.get_mut("requestBody")
                && reference(body).is_none()
            {
                let pointer = at(&pointer, "requestBody");
                self.describe(body, &pointer, &[format!("{owner}/body/description")]);
                self.content(body, &pointer, &owner, described);
            }
            for (status, response) in map_mut(operation.get_mut("responses")) {
                let pointer = at(&at(&pointer, "responses"), status);
                let own = at(&at(&owner, "responses"), status);
                if reference(response).is_none() {
                    let statuses = std::slice::from_ref(status);
                    self.response(response, &pointer, &own, statuses, &owner, described);
                }
            }
        }
    }

    /// `owners` are the addresses of the operations whose words may contain the texts.
    fn parameters(
        &mut self,
        holder: &mut Value,
        pointer: &str,
        owners: &[String],
        described: &Described,
    ) {
        let list = holder.get_mut("parameters").and_then(Value::as_array_mut);
        for (index, parameter) in list.into_iter().flatten().enumerate() {
            if reference(parameter).is_some() {
                continue;
            }
            let name = text(parameter, "name").unwrap_or_default();
            let owners: Vec<String> = owners
                .iter()
                .map(|owner| at(&at(owner, "parameters"), &name))
                .collect();
            let pointer = item(&at(pointer, "parameters"), index);
            self.parameter(parameter, &pointer, &owners, described);
        }
    }

    fn parameter(
        &mut self,
        parameter: &mut Value,
        pointer: &str,
        owners: &[String],
        described: &Described,
    ) {
        let name = text(parameter, "name").unwrap_or_default();
        let mut addresses: Vec<String> = owners
            .iter()
            .map(|owner| at(owner, "description"))
            .collect();
        addresses.push(at("/common/parameters", &name));
        self.describe(parameter, pointer, &addresses);
        if let Some(map) = parameter.as_object_mut() {
            set(map, "name", name);
        }
        let owner = owners.first().map(String::as_str).unwrap_or_default();
        if let Some(schema) = parameter.get_mut("schema") {
            self.schema(schema, &at(pointer, "schema"), owner, "", described);
        }
    }

    /// `own` is the address of the response. `owner` is the address whose `properties` has the texts of its
    /// schema.
    fn response(
        &mut self,
        response: &mut Value,
        pointer: &str,
        own: &str,
        statuses: &[String],
        owner: &str,
        described: &Described,
    ) {
        let mut addresses = vec![at(own, "description")];
        addresses.extend(
            statuses
                .iter()
                .map(|status| at("/common/responses", status)),
        );
        self.describe(response, pointer, &addresses);
        // OpenAPI requires the key.
        if let Some(map) = response.as_object_mut()
            && !map.contains_key("description")
        {
            set(map, "description", String::new());
        }
        self.content(response, pointer, owner, described);
    }

    fn content(&mut self, holder: &mut Value, pointer: &str, owner: &str, described: &Described) {
        for (media_type, media) in map_mut(holder.get_mut("content")) {
            let pointer = at(&at(&at(pointer, "content"), media_type), "schema");
            if let Some(schema) = media.get_mut("schema") {
                self.schema(schema, &pointer, owner, "", described);
            }
        }
    }

    /// Sets the texts of the properties and values inside a schema. `path` is the dotted path of the schema
    /// inside its owner, as in the word files.
    fn schema(
        &mut self,
        value: &mut Value,
        pointer: &str,
        owner: &str,
        path: &str,
        described: &Described,
    ) {
        if reference(value).is_some() {
            return;
        }
        self.values(value, pointer, owner, path);
        for (name, property) in map_mut(value.get_mut("properties")) {
            let pointer = at(&at(pointer, "properties"), name);
            let path = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            let own = at(&at(owner, "properties"), &path);
            let addresses = [own, at("/common/properties", name)];
            let before = self.missing.len();
            self.describe(property, &pointer, &addresses);
            if schema::named(property).is_some_and(|name| described.contains(&name)) {
                self.missing.truncate(before);
            }
            self.schema(property, &pointer, owner, &path, described);
        }
        for (key, _) in schema::children(value, schema::Holder::Other) {
            if !key.starts_with("/properties/")
                && let Some(inner) = value.pointer_mut(&key)
            {
                self.schema(inner, &format!("{pointer}{key}"), owner, path, described);
            }
        }
    }

    /// Sets the texts of the values of an enum. An enum with one value needs none.
    fn values(&mut self, value: &mut Value, pointer: &str, owner: &str, path: &str) {
        let Some(map) = value.as_object_mut() else {
            return;
        };
        let values: Vec<String> = items(map.get("enum"))
            .filter_map(|value| match value {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            })
            .collect();
        let mut folder = at(owner, "values");
        if !path.is_empty() {
            folder = at(&folder, path);
        }
        let mut texts = Map::new();
        for name in &values {
            let address = at(&folder, name);
            if let Some(text) = self.words.take(std::slice::from_ref(&address)) {
                texts.insert(name.clone(), Value::String(text));
                self.set += 1;
            } else if values.len() > 1 {
                let pointer = format!("{pointer}/enum: {name}");
                self.missing.push(Missing { pointer, address });
            }
        }
        if !texts.is_empty() {
            let after = map.keys().position(|key| key == "enum").unwrap_or_default() + 1;
            let key = "x-enumDescriptions".to_owned();
            map.shift_insert(after, key, Value::Object(texts));
        }
    }
}
