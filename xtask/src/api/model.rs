//! Turns component schemas into models.

use std::collections::BTreeSet;

use serde_json::Value;

use super::kind::{self, Kind};
use super::names::{BUILDER, Scope, VARIANT};
use super::types::{Ids, has_properties};
use super::{
    Bounds, Enum, EnumValue, Field, Model, ModelKind, Object, Presence, Rest, Side, Type, Union,
    Variant,
};
use crate::document::{Document, at, entries, flag, items, text};
use crate::marks::{BOUNDS, NULLABLE};
use crate::rust_name;
use crate::schema::meant;

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
        match Kind::of(schema) {
            Kind::StringEnum(values) => ModelKind::StringEnum(open(
                values
                    .into_iter()
                    .map(|value| (value.value, value.name, value.description)),
            )),
            Kind::IntegerEnum(values) => ModelKind::IntegerEnum(open(
                values
                    .into_iter()
                    .map(|value| (value.value, value.name, value.description)),
            )),
            Kind::Union(union) => ModelKind::Union(self.union(union)),
            Kind::Object | Kind::Other if has_properties(schema) => {
                ModelKind::Object(self.object(name, schema))
            }
            Kind::Object | Kind::Other => ModelKind::Wrapper(self.ids.of(schema)),
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

    fn union(&self, union: kind::Union) -> Union {
        let mut names = Scope::new(VARIANT);
        let variants: Vec<Variant> = union
            .variants
            .into_iter()
            .filter_map(|variant| {
                let schema = self.schema(&variant.model);
                Some(Variant {
                    rust: names.take(&rust_name::model(&variant.name)),
                    model: *self.ids.0.get(&variant.model)?,
                    tags: variant.tags,
                    keeps: variant.keeps,
                    object: schema.is_some_and(|schema| Kind::of(schema) == Kind::Object),
                    required: variant.required,
                    known: entries(schema.and_then(|schema| schema.get("properties")))
                        .map(|(name, _)| name.clone())
                        .collect(),
                })
            })
            .collect();
        Union {
            discriminator: union.discriminator,
            variants,
            unknown: unknown(&mut names),
        }
    }

    /// The schema of a component. If the component is a reference to another one, the schema of that one.
    fn schema(&self, name: &str) -> Option<&Value> {
        let schema = self
            .document
            .root
            .pointer(&at("/components/schemas", name))?;
        meant(self.document, schema)
    }
}

/// Reads a property. Its setters are named later, when all fields are known.
fn field(wire: &str, rust: String, ty: Type, schema: &Value, required: bool) -> Field {
    let nullable = flag(schema, NULLABLE) || flag(schema, "nullable");
    let bounds = Bounds::of(schema);
    let presence = match (required, nullable) {
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
            _ => None,
        },
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
        if matches!(field.presence, Presence::OrNull | Presence::Nullable) {
            let wanted = format!("{}_null", field.rust.trim_end_matches('_'));
            field.null_setter = Some(names.take_or(&wanted, "_"));
        }
    }
}

impl Bounds {
    /// The bounds to enforce on a property: those that `drop_constraints` saved, otherwise the
    /// property's own.
    pub fn of(schema: &Value) -> Option<Self> {
        if !flag(schema, "x-cobo-checked") {
            return None;
        }
        let bounds = schema.get(BOUNDS).unwrap_or(schema);
        let bound = |key| bounds.get(key).and_then(Value::as_i64);
        match schema.get("type").and_then(Value::as_str) {
            Some("string") if bound("minLength") == Some(1) => Some(Self::NotEmpty),
            Some("integer") => bound("minimum").map(Self::AtLeast),
            _ => None,
        }
    }
}

/// Builds an open enum with a variant for each value.
fn open<T>(values: impl Iterator<Item = (T, String, Option<String>)>) -> Enum<T> {
    let mut names = Scope::new(VARIANT);
    let values = values.map(|(value, name, description)| EnumValue {
        value,
        rust: names.take(&rust_name::model(&name)),
        description,
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
