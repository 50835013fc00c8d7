//! Makes objects: a value from the schema, with the request's fields laid over it.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::kind::{Kind, Made};
use crate::spec::{Fields, Specification};

/// What the values of an object are made from.
pub(crate) struct Ingredients<'a> {
    pub(crate) specification: &'a Specification,
    pub(crate) org_id: &'a str,
    pub(crate) now_ms: u64,
    /// The fields of the body, and the path parameters.
    pub(crate) request: &'a Value,
}

impl Ingredients<'_> {
    /// The same for another request.
    pub(crate) fn of<'b>(&'b self, request: &'b Value) -> Ingredients<'b> {
        Ingredients { request, ..*self }
    }

    /// Makes an object. `number` is unique in the sandbox.
    pub(crate) fn object(&self, kind: &Kind, extra: &[(&str, Made)], number: u64) -> Value {
        let schema = schema_of(kind);
        let mut value = self.over_sample(&schema, self.request, kind.also);
        for (property, made) in kind.defaults {
            if self.request.get(*property).is_none()
                && let Some(made) = self.made(*made, number)
            {
                value[*property] = made;
            }
        }
        for (property, made) in kind.set.iter().chain(extra) {
            if let Some(made) = self.made(*made, number) {
                value[*property] = made;
            }
        }
        if let Some((state, _)) = kind.course.and_then(|course| course.states.first()) {
            value["status"] = json!(state);
        }
        if let Some(course) = kind.course {
            course.set_parts(&mut value);
        }
        value
    }

    /// A value of a schema with the fields of `given` that the schema describes. A list has one item.
    pub(crate) fn over_sample(&self, schema: &Value, given: &Value, also: &[&str]) -> Value {
        let all = self.specification.sample_like(schema, Fields::All, given);
        let mut value = self
            .specification
            .sample_like(schema, Fields::Required, given);
        for name in also {
            value[*name] = all[*name].clone();
        }
        overlay(&mut value, &all, given);
        value
    }

    pub(crate) fn made(&self, made: Made, number: u64) -> Option<Value> {
        let first = |pointers: &[&str]| {
            let mut found = pointers.iter().filter_map(|it| self.request.pointer(it));
            found.find(|value| !value.is_null()).cloned()
        };
        Some(match made {
            Made::Uuid => json!(format!("00000000-0000-4000-8000-{number:012x}")),
            Made::Address => {
                let digest = Sha256::digest(number.to_be_bytes());
                let digits: String = hex::encode(digest).chars().take(40).collect();
                json!(format!("0x{digits}"))
            }
            Made::Organization => json!(self.org_id),
            Made::Milliseconds => json!(self.now_ms),
            Made::Seconds => json!(self.now_ms / 1_000),
            Made::SecondsAfter(pointer, otherwise) => {
                let given = self.request.pointer(pointer).and_then(Value::as_u64);
                json!((self.now_ms / 1_000).saturating_add(given.unwrap_or(otherwise)))
            }
            Made::Request(pointers) => first(pointers)?,
            Made::ChainOf(pointers) => {
                let token = first(pointers)?;
                json!(token.as_str()?.split('_').next())
            }
            Made::Text(text) => json!(text),
            Made::EmptyList => json!([]),
            Made::IdOf(pointer) => {
                let digest = Sha256::digest(first(&[pointer])?.as_str()?);
                let digits: String = hex::encode(digest).chars().take(16).collect();
                json!(format!("P{digits}"))
            }
        })
    }
}

/// The reference to a kind's schema.
pub(crate) fn schema_of(kind: &Kind) -> Value {
    json!({ "$ref": format!("#/components/schemas/{}", kind.schema) })
}

/// Sets the fields of `given` that `described`, a value with all fields, has too.
pub(crate) fn overlay(value: &mut Value, described: &Value, given: &Value) {
    let (Some(described), Some(given)) = (described.as_object(), given.as_object()) else {
        return;
    };
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    for (name, field) in given {
        match described.get(name) {
            Some(inner @ Value::Object(_)) if field.is_object() => {
                let target = &mut value[name.as_str()];
                overlay(target, inner, field);
            }
            Some(_) => value[name.as_str()] = field.clone(),
            None => {}
        }
    }
}
