//! Validators of the document's schemas, each compiled when it is first needed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use jsonschema::{Draft, Registry, Validator};
use serde_json::Value;

use super::dialect;
use crate::lock::lock;

/// The URI of the document, to resolve references into it.
const DOCUMENT: &str = "urn:document";
/// The maximum number of problems that are reported for one value.
const MAX_PROBLEMS: usize = 10;

pub(super) struct Schemas {
    root: Value,
    registry: Registry<'static>,
    compiled: Mutex<HashMap<String, Arc<Result<Validator, String>>>>,
}

impl Schemas {
    pub(super) fn new(root: &Value) -> Result<Self, String> {
        let registry = Registry::new()
            .draft(Draft::Draft202012)
            .add(DOCUMENT, dialect::convert(root))
            .and_then(|registry| registry.prepare())
            .map_err(|error| error.to_string())?;
        Ok(Self {
            root: root.clone(),
            registry,
            compiled: Mutex::default(),
        })
    }

    pub(super) fn problems(&self, schema: &Value, value: &Value) -> Vec<String> {
        match self.compiled(schema).as_ref() {
            Ok(validator) => problems(validator, value),
            Err(reason) => vec![format!("the document's schema cannot be used: {reason}")],
        }
    }

    fn compiled(&self, schema: &Value) -> Arc<Result<Validator, String>> {
        let key = schema.to_string();
        if let Some(found) = lock(&self.compiled).get(&key) {
            return found.clone();
        }
        // Compiled outside of the lock: two requests may both compile the same schema, with equal results.
        let compiled = Arc::new(self.compile(schema));
        lock(&self.compiled).insert(key, compiled.clone());
        compiled
    }

    fn compile(&self, schema: &Value) -> Result<Validator, String> {
        let mut schema = dialect::convert_schema(&self.root, schema);
        absolute(&mut schema);
        jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_registry(&self.registry)
            .should_validate_formats(true)
            .should_ignore_unknown_formats(true)
            .build(&schema)
            .map_err(|error| error.to_string())
    }
}

/// Makes references into the document absolute, because the schema is compiled outside of the document.
fn absolute(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get_mut("$ref")
                && reference.starts_with('#')
            {
                reference.insert_str(0, DOCUMENT);
            }
            map.values_mut().for_each(absolute);
        }
        Value::Array(list) => list.iter_mut().for_each(absolute),
        _ => {}
    }
}

fn problems(validator: &Validator, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut left = 0;
    for error in validator.iter_errors(value) {
        if found.len() < MAX_PROBLEMS {
            let place = error.instance_path().to_string();
            let place = if place.is_empty() { "/" } else { &place };
            // Masked, because a value can be a secret.
            found.push(format!("{place}: {}", error.masked()));
        } else {
            left += 1;
        }
    }
    if left > 0 {
        found.push(format!("and {left} more problems"));
    }
    found
}
