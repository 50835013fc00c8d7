//! Rewrites a document in the forms that other tools produce. The forms are equivalent, so code generated from each must
//! behave the same.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use xtask::document::{at, entries, pointer_of, reference, schema_reference};
use xtask::marks::{FINAL_STATES, IDEMPOTENCY_KEY};
use xtask::rust_name;
use xtask::schema::{self, Holder};

/// A function that rewrites a document in an equivalent form.
type Form = fn(&Value) -> Value;

/// All forms, with their names.
pub(crate) const FORMS: [(&str, Form); 5] = [
    ("inlined", inlined),
    ("hoisted", hoisted),
    ("normalised", normalised),
    ("shuffled", shuffled),
    ("examples", examples_resolved),
];

/// Replaces references by their targets, as a dereferencing bundler does. A recursive schema keeps the reference that
/// closes the cycle. Components are kept, since discriminator mappings name them. Marks that are only allowed where a
/// reference leads are left out.
fn inlined(root: &Value) -> Value {
    let mut inliner = Inliner {
        root,
        open: Vec::new(),
    };
    inliner.value(root, "")
}

struct Inliner<'a> {
    root: &'a Value,
    /// The pointers of the values that are being written, to detect cycles.
    open: Vec<String>,
}

impl Inliner<'_> {
    fn value(&mut self, value: &Value, pointer: &str) -> Value {
        match value {
            Value::Array(list) => list.iter().map(|value| self.value(value, "")).collect(),
            Value::Object(map) => {
                let target = reference(value).and_then(pointer_of);
                if let Some(target) = target
                    && !self.open.contains(&target)
                    && let Some(value) = self.root.pointer(&target)
                {
                    self.open.push(target);
                    let value = self.value(value, "");
                    self.open.pop();
                    return value;
                }
                let component =
                    pointer.matches('/').count() == 3 && pointer.starts_with("/components/");
                if component {
                    self.open.push(pointer.to_owned());
                }
                let inner = |key: &str| match pointer {
                    "" if key != "components" => "-".to_owned(),
                    "" | "/components" => at(pointer, key),
                    _ if pointer.starts_with("/components/") && !component => at(pointer, key),
                    _ => "-".to_owned(),
                };
                let kept = |key: &str| ![FINAL_STATES, IDEMPOTENCY_KEY].contains(&key);
                let map = map
                    .iter()
                    .filter(|(key, _)| kept(key))
                    .map(|(key, value)| (key.clone(), self.value(value, &inner(key))))
                    .collect();
                if component {
                    self.open.pop();
                }
                Value::Object(map)
            }
            other => other.clone(),
        }
    }
}

/// Turns inline objects, enums and unions into components named after their location, as tools do that need a class for
/// each. All components get a suffix, so that no name of the document is kept.
fn hoisted(root: &Value) -> Value {
    let mut root = root.clone();
    let mut hoister = Hoister {
        found: BTreeMap::new(),
    };
    schema::each_mut(&mut root, &mut |pointer, value, holder| {
        // A part of an `allOf` is not a separate type, and a parameter is a single value.
        let part = pointer.contains("/allOf/") && !pointer.contains("/properties/");
        if holder != Holder::Component && holder != Holder::Parameter && !part {
            hoister.hoist(pointer, value);
        }
    });
    let found = std::mem::take(&mut hoister.found);
    let schemas = root
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut);
    if let Some(schemas) = schemas {
        schemas.extend(found);
    }
    renamed(root)
}

struct Hoister {
    found: BTreeMap<String, Value>,
}

impl Hoister {
    fn hoist(&mut self, pointer: &str, value: &mut Value) {
        let is = |key: &str| value.get(key).is_some();
        if is("$ref") || !(is("properties") || is("enum") || is("oneOf") || is("allOf")) {
            return;
        }
        // This is a nullable reference, which is written with `allOf`. Its target already has a name.
        if is("allOf") && !is("properties") {
            return;
        }
        let place = pointer
            .replace("/components/schemas/", "/")
            .replace("/properties/", "/");
        let name = rust_name::model(&place);
        let nullable = value.get("nullable").cloned();
        let mut hoisted = std::mem::take(value);
        *value = schema_reference(&name);
        if nullable == Some(Value::Bool(true)) {
            // A reference allows no keys beside it, so the component itself becomes nullable.
            hoisted["nullable"] = Value::Bool(true);
        }
        self.found.insert(name, hoisted);
    }
}

/// Renames each component schema, in all references and mappings.
fn renamed(mut root: Value) -> Value {
    let schemas = root
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut);
    if let Some(schemas) = schemas {
        let old = std::mem::take(schemas);
        schemas.extend(
            old.into_iter()
                .map(|(name, schema)| (format!("{name}Dto"), schema)),
        );
    }
    schema::redirect(&mut root, &|reference| {
        reference
            .starts_with("#/components/schemas/")
            .then(|| format!("{}Dto", reference.trim_end_matches(':')))
    });
    root
}

/// Sorts the keys of every object alphabetically, as many JSON tools do.
fn normalised(root: &Value) -> Value {
    ordered(root, &|keys| keys.sort())
}

/// Puts the keys of every object in an arbitrary order that is the same on every run.
fn shuffled(root: &Value) -> Value {
    ordered(root, &|keys| {
        keys.sort_by_key(|key| {
            // The FNV-1a hash of the key gives an order unrelated to the document's.
            key.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            })
        });
    })
}

fn ordered(value: &Value, order: &dyn Fn(&mut Vec<&String>)) -> Value {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            order(&mut keys);
            let ordered: Map<String, Value> = keys
                .into_iter()
                .filter_map(|key| Some((key.clone(), self::ordered(map.get(key)?, order))))
                .collect();
            Value::Object(ordered)
        }
        Value::Array(list) => list.iter().map(|value| ordered(value, order)).collect(),
        other => other.clone(),
    }
}

/// Resolves references to examples, and keeps only the first of several examples.
fn examples_resolved(root: &Value) -> Value {
    let mut new = root.clone();
    resolve_examples(&mut new, root);
    new
}

fn resolve_examples(value: &mut Value, root: &Value) {
    match value {
        Value::Object(map) => {
            let first = entries(map.get("examples"))
                .next()
                .map(|(_, first)| first.clone());
            if let Some(first) = first {
                let target = reference(&first).and_then(pointer_of);
                let resolved = target
                    .and_then(|target| root.pointer(&target))
                    .unwrap_or(&first);
                if let Some(example) = resolved.get("value") {
                    let example = example.clone();
                    map.shift_remove("examples");
                    map.insert("example".to_owned(), example);
                }
            }
            map.values_mut()
                .for_each(|value| resolve_examples(value, root));
        }
        Value::Array(list) => list
            .iter_mut()
            .for_each(|value| resolve_examples(value, root)),
        _ => {}
    }
}
