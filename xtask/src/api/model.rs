//! Turns component schemas into models.

use std::collections::BTreeSet;

use serde_json::Value;

use super::names::{BUILDER, Scope, VARIANT};
use super::types::{Ids, has_properties};
use super::{
    Bounds, Enum, EnumValue, Field, Model, ModelKind, Object, Outcome, Presence, Rest, Side, Type,
    Union, Variant,
};
use crate::document::{Document, at, entries, flag, items, text};
use crate::kind::{self, Kind};
use crate::marks::{FINAL_STATES, IDEMPOTENCY_KEY};
use crate::rust_name;
use crate::schema::component;

/// The context that models are read in.
pub(super) struct Reader<'a> {
    pub(super) document: &'a Document,
    pub(super) ids: &'a Ids,
    /// The components that are sent as forms.
    pub(super) forms: &'a BTreeSet<String>,
}

impl Reader<'_> {
    pub(super) fn model(&self, name: &str, rust: &str, schema: &Value) -> Model {
        Model {
            name: name.to_owned(),
            rust: rust.to_owned(),
            pointer: at("/components/schemas", name),
            description: text(schema, "description"),
            example: example(schema),
            deprecated: flag(schema, "deprecated"),
            kind: self.kind(name, schema),
            in_requests: false,
            page: None,
        }
    }

    fn kind(&self, name: &str, schema: &Value) -> ModelKind {
        match self.document.kinds.get(name) {
            Some(Kind::StringEnum(values)) => {
                let mut open = open(values);
                for value in &mut open.values {
                    value.outcome = outcome(schema, &value.value);
                }
                ModelKind::StringEnum(open)
            }
            Some(Kind::IntegerEnum(values)) => ModelKind::IntegerEnum(open(values)),
            Some(Kind::Union(union)) => ModelKind::Union(self.union(union)),
            None if has_properties(schema) => ModelKind::Object(self.object(name, schema)),
            None => ModelKind::Wrapper(self.ids.of(schema)),
        }
    }

    fn object(&self, name: &str, schema: &Value) -> Object {
        let required: BTreeSet<&str> = items(schema.get("required"))
            .filter_map(Value::as_str)
            .collect();
        let mut names = Scope::default();
        let mut fields: Vec<Field> = entries(schema.get("properties"))
            .map(|(wire, property)| {
                let ty = if self.forms.contains(name) {
                    self.ids.of_part(property)
                } else {
                    self.ids.of(property)
                };
                let rust = names.take(&rust_name::field(wire));
                field(wire, rust, ty, property, required.contains(wire.as_str()))
            })
            .collect();
        let rest = self.ids.rest(schema).map(|ty| Rest {
            rust: names.take_or("extra", "_"),
            ty,
        });
        setters(&mut fields, rest.as_ref());
        Object { fields, rest }
    }

    fn union(&self, union: &kind::Union) -> Union {
        let mut names = Scope::new(VARIANT);
        let variants: Vec<Variant> = union
            .variants
            .iter()
            .filter_map(|variant| {
                let resolved = component(self.document, &variant.model);
                let schema = resolved.as_ref().map(|(_, schema)| *schema);
                let is_object = |(name, schema): &(String, &Value)| {
                    !self.document.kinds.contains_key(name) && is_object(schema)
                };
                Some(Variant {
                    rust: names.take(&rust_name::model(&variant.name)),
                    model: *self.ids.0.get(&variant.model)?,
                    tags: variant.tags.clone(),
                    keeps: variant.keeps.clone(),
                    object: resolved.as_ref().is_some_and(is_object),
                    required: variant.required.clone(),
                    known: entries(schema.and_then(|schema| schema.get("properties")))
                        .map(|(name, _)| name.clone())
                        .collect(),
                })
            })
            .collect();
        Union {
            discriminator: union.discriminator.clone(),
            variants,
            unknown: unknown(&mut names),
        }
    }
}

/// Whether the values of a schema that is neither an enum nor a union are objects: it has properties,
/// or its other properties have no type.
fn is_object(schema: &Value) -> bool {
    has_properties(schema)
        || (schema.get("type").and_then(Value::as_str) == Some("object")
            && schema
                .get("additionalProperties")
                .is_none_or(Value::is_boolean))
}

/// Reads a property. Its setters are named later, when all fields are known.
fn field(wire: &str, rust: String, ty: Type, schema: &Value, required: bool) -> Field {
    let nullable = flag(schema, "nullable");
    let bounds = Bounds::of(schema);
    let lookup = text(schema, IDEMPOTENCY_KEY);
    // A request always has its key, even if the document does not require it.
    let keyed = lookup.is_some();
    let presence = match (required || keyed, nullable && !keyed) {
        (true, false) => Presence::Required,
        (true, true) => Presence::OrNull,
        (false, true) if bounds.is_none() => Presence::Nullable,
        (false, _) => Presence::Optional,
    };
    Field {
        wire: wire.to_owned(),
        rust,
        setter: String::new(),
        null_setter: None,
        ty,
        presence,
        boxed: false,
        constant: None,
        side: match (flag(schema, "readOnly"), flag(schema, "writeOnly")) {
            (true, false) => Some(Side::Responses),
            (false, true) => Some(Side::Requests),
            _ if keyed && !required => Some(Side::Requests),
            _ => None,
        },
        lookup,
        secret: flag(schema, "x-cobo-secret"),
        bounds,
        description: text(schema, "description"),
        example: example(schema),
        deprecated: flag(schema, "deprecated"),
    }
}

/// Names the setters of a builder. Value setters go first, so that they keep the fields' names.
fn setters(fields: &mut [Field], rest: Option<&Rest>) {
    let mut names = Scope::new(BUILDER);
    for field in fields.iter_mut() {
        field.setter = names.take(&field.rust);
    }
    if let Some(rest) = rest {
        names.take(&rest.rust);
    }
    for field in fields {
        if field.presence.is_nullable() {
            let wanted = format!("{}_null", field.rust.trim_end_matches('_'));
            field.null_setter = Some(names.take_or(&wanted, "_"));
        }
    }
}

impl Bounds {
    /// The bounds to enforce on a property.
    pub fn of(schema: &Value) -> Option<Self> {
        if !flag(schema, "x-cobo-checked") {
            return None;
        }
        let bound = |key| schema.get(key).and_then(Value::as_i64);
        match schema.get("type").and_then(Value::as_str) {
            Some("string") if bound("minLength") == Some(1) => Some(Self::NotEmpty),
            Some("integer") => bound("minimum").map(Self::AtLeast),
            _ => None,
        }
    }
}

/// How the work has ended in this state, if the document marks the state as final.
fn outcome(schema: &Value, state: &str) -> Option<Outcome> {
    let states = schema.get(FINAL_STATES)?;
    let has = |key| items(states.get(key)).any(|value| value == state);
    match (has("success"), has("failure")) {
        (true, _) => Some(Outcome::Success),
        (false, true) => Some(Outcome::Failure),
        (false, false) => None,
    }
}

/// Builds an open enum with a variant for each value.
fn open<T: Clone>(values: &[kind::EnumValue<T>]) -> Enum<T> {
    let mut names = Scope::new(VARIANT);
    let values = values.iter().map(|value| EnumValue {
        value: value.value.clone(),
        rust: names.take(&rust_name::model(&value.name)),
        outcome: None,
        description: value.description.clone(),
    });
    let values = values.collect();
    Enum {
        values,
        unknown: unknown(&mut names),
    }
}

/// `Unknown`, or a free variation of it if the document has such a value.
fn unknown(names: &mut Scope) -> String {
    names.take_or("Unknown", "Value")
}

/// The example of a parameter or schema: its own, else the first of several, else its schema's.
pub(super) fn example(value: &Value) -> Option<Value> {
    let first = || entries(value.get("examples")).find_map(|(_, example)| example.get("value"));
    value
        .get("example")
        .or_else(first)
        .or_else(|| value.get("schema").and_then(|schema| schema.get("example")))
        .cloned()
}
