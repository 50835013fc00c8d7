//! Writes a document in other ways that say the same.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use xtask::document::Document;
use xtask::schema;

/// A sequence of numbers that is the same on every run.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for end in (1..list.len()).rev() {
            let other = self.roll(end as u64 + 1) as usize;
            list.swap(end, other);
        }
    }
}

/// Keys in another order; lists too, where their order says nothing.
pub(crate) fn shuffled(value: &mut Value, dice: &mut Dice) {
    match value {
        Value::Object(map) => {
            for key in ["required", "enum", "oneOf", "anyOf", "allOf", "parameters"] {
                if let Some(Value::Array(list)) = map.get_mut(key) {
                    dice.shuffle(list);
                }
            }
            let mut entries: Vec<(String, Value)> = std::mem::take(map).into_iter().collect();
            dice.shuffle(&mut entries);
            for (key, mut value) in entries {
                shuffled(&mut value, dice);
                map.insert(key, value);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| shuffled(value, dice)),
        _ => {}
    }
}

/// Without a word for people.
pub(crate) fn unspoken(value: &mut Value) {
    let is_text = |key: &str, value: &Value| {
        ["description", "summary", "title", "externalDocs"].contains(&key) && !is_schema(value)
    };
    match value {
        Value::Object(map) => {
            map.retain(|key, value| !is_text(key, value));
            map.values_mut().for_each(unspoken);
        }
        Value::Array(list) => list.iter_mut().for_each(unspoken),
        _ => {}
    }
}

fn is_schema(value: &Value) -> bool {
    value.get("type").is_some() || value.get("$ref").is_some() || value.get("allOf").is_some()
}

/// Some references written out, up to `depth` of them in each other. A schema that is in itself
/// stays a reference.
pub(crate) fn inlined(root: &mut Value, depth: usize, dice: &mut Dice) {
    let document = Document::from_value("document", root.clone());
    schema::each_mut(root, &mut |_, schema, _| {
        if dice.roll(3) > 0 {
            return;
        }
        for _ in 0..depth {
            let target = schema.get("$ref").and_then(Value::as_str);
            let Some(target) = target.and_then(|target| document.target(target)) else {
                return;
            };
            *schema = target.clone();
        }
    });
}

/// Inline schemas as components, referred to in their places.
pub(crate) fn hoisted(root: &mut Value) {
    let mut made = Map::new();
    schema::each_mut(root, &mut |pointer, schema, _| {
        let has = |key: &str| schema.get(key).is_some();
        let component =
            pointer.starts_with("/components/schemas/") && pointer.matches('/').count() == 3;
        if component || has("$ref") || !(has("properties") || has("enum") || has("oneOf")) {
            return;
        }
        let name = format!("Hoisted{}", made.len());
        let reference = json!({"$ref": format!("#/components/schemas/{name}")});
        made.insert(name, std::mem::replace(schema, reference));
    });
    let schemas = schemas(root);
    schemas.extend(made);
}

/// The components that operations reach under other names, their references with them. Where a
/// discriminator has no mapping the names say something, and stay.
pub(crate) fn renamed(root: &mut Value) {
    let mut implied: BTreeSet<String> = BTreeSet::new();
    schema::each(root, &mut |_, schema, _| {
        let unmapped = schema
            .get("discriminator")
            .is_some_and(|discriminator| discriminator.get("mapping").is_none());
        if unmapped {
            let members = schema.get("oneOf").or_else(|| schema.get("anyOf"));
            let members = members.and_then(Value::as_array).into_iter().flatten();
            implied.extend(
                members.filter_map(|member| Some(member.get("$ref")?.as_str()?.to_owned())),
            );
        }
    });
    let mut open: Vec<String> = Vec::new();
    let mut reached: BTreeSet<String> = BTreeSet::new();
    let document = Document::from_value("document", root.clone());
    references(&document.root["paths"], &mut open);
    while let Some(reference) = open.pop() {
        if let Some(target) = document.target(&reference)
            && reached.insert(reference)
        {
            references(target, &mut open);
        }
    }
    let prefix = "#/components/schemas/";
    let names: BTreeMap<String, String> = reached
        .into_iter()
        .filter(|reference| reference.starts_with(prefix) && !implied.contains(reference))
        .enumerate()
        .map(|(index, reference)| (reference, format!("{prefix}Renamed{index}")))
        .collect();
    schema::redirect(root, &|reference| {
        names.get(reference.trim_end_matches(':')).cloned()
    });
    let schemas = schemas(root);
    let renamed: Map<String, Value> = std::mem::take(schemas)
        .into_iter()
        .map(|(name, schema)| {
            let new = names.get(&format!("{prefix}{name}"));
            let new = new
                .and_then(|new| new.strip_prefix(prefix))
                .map(str::to_owned);
            (new.unwrap_or(name), schema)
        })
        .collect();
    *schemas = renamed;
}

fn references(value: &Value, found: &mut Vec<String>) {
    schema::references(value, "", &mut |_, reference| {
        found.push(reference.to_owned())
    });
    mappings(value, found);
}

fn mappings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            found.extend(
                schema::mapped(value).map(|target| target.trim_end_matches(':').to_owned()),
            );
            map.values().for_each(|value| mappings(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| mappings(value, found)),
        _ => {}
    }
}

/// What `allOf` puts together as one schema, where its parts do not contradict each other.
pub(crate) fn flattened(root: &mut Value) {
    let document = Document::from_value("document", root.clone());
    schema::each_mut(root, &mut |_, schema, _| {
        if let Some(merged) = merged(&document, schema, 0) {
            *schema = merged;
        }
    });
}

fn merged(document: &Document, schema: &Value, depth: usize) -> Option<Value> {
    let parts = schema.get("allOf")?.as_array()?;
    if depth > 8 {
        return None;
    }
    let mut all = schema.as_object()?.clone();
    all.remove("allOf");
    let mut whole = Map::new();
    let parts = parts.iter().map(|part| {
        let part = document.resolve(part)?;
        merged(document, part, depth + 1).or_else(|| {
            let plain = ["allOf", "oneOf", "anyOf"]
                .iter()
                .all(|key| part.get(key).is_none());
            plain.then(|| part.clone())
        })
    });
    let parts: Option<Vec<Value>> = parts.collect();
    for part in parts?.into_iter().chain([Value::Object(all)]) {
        for (key, value) in part.as_object()? {
            match (key.as_str(), whole.get_mut(key)) {
                ("properties", Some(Value::Object(known))) => {
                    for (name, property) in value.as_object()? {
                        if known.get(name).is_some_and(|known| known != property) {
                            return None;
                        }
                        known.insert(name.clone(), property.clone());
                    }
                }
                ("required", Some(Value::Array(known))) => {
                    known.extend(value.as_array()?.iter().cloned());
                }
                ("description" | "title" | "example" | "type" | "deprecated", Some(_)) => {}
                (_, Some(known)) if known == value => {}
                (_, Some(_)) => return None,
                (_, None) => {
                    whole.insert(key.clone(), value.clone());
                }
            }
        }
    }
    // What a merge would lose.
    (!whole.contains_key("enum") && !whole.contains_key("oneOf")).then_some(Value::Object(whole))
}

fn schemas(root: &mut Value) -> &mut Map<String, Value> {
    root.as_object_mut()
        .unwrap()
        .entry("components")
        .or_insert_with(|| json!({}))
        .as_object_mut()
        .unwrap()
        .entry("schemas")
        .or_insert_with(|| json!({}))
        .as_object_mut()
        .unwrap()
}
