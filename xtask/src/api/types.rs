//! Rust types, and the mapping from schemas to them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Api, ModelId, ModelKind};
use crate::document::{entries, flag};
use crate::schema::{is_wide, named};

/// The mark of an integer whose digits are kept, however many there are.
const EXACT: &str = "x-cobo-number";

/// A Rust type, without the modifiers of its field (optional, nullable, boxed).
///
/// `Add a type` in `CONTRIBUTING.md` lists what a new variant needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    String,
    Bool,
    /// `i64`.
    Integer,
    /// Any JSON number, with all of its digits.
    Number,
    Secret,
    /// A date of the calendar, `YYYY-MM-DD`.
    Date,
    /// A file in a multipart form.
    File,
    /// Any JSON.
    Json,
    Model(ModelId),
    List(Box<Type>),
    /// A map from property names to values.
    Map(Box<Type>),
    /// An item of a list or a value of a map that may be `null`.
    OrNull(Box<Type>),
}

/// The models of a field whose setter takes builders as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nested {
    Model(ModelId),
    List(ModelId),
}

/// The models, keyed by the names of their component schemas.
#[derive(Debug, Default)]
pub(super) struct Ids(pub(super) BTreeMap<String, ModelId>);

impl Ids {
    /// The type of a schema of a property, a parameter, or a list.
    pub(super) fn of(&self, schema: &Value) -> Type {
        if flag(schema, "x-cobo-secret") {
            return Type::Secret;
        }
        if let Some(id) = named(schema).and_then(|name| self.0.get(&name).copied()) {
            return Type::Model(id);
        }
        match schema.get("type").and_then(Value::as_str) {
            Some("string") if is_date(schema) => Type::Date,
            Some("string") => Type::String,
            Some("boolean") => Type::Bool,
            Some("integer") if is_exact(schema) || is_wide(schema) => Type::Number,
            Some("integer") => Type::Integer,
            Some("number") => Type::Number,
            Some("array") => Type::List(Box::new(self.inner(schema.get("items")))),
            Some("object") => Type::Map(Box::new(self.value(schema))),
            _ if schema
                .get("additionalProperties")
                .is_some_and(Value::is_object) =>
            {
                Type::Map(Box::new(self.value(schema)))
            }
            _ => Type::Json,
        }
    }

    /// The type of a property of a form; a binary property is a file.
    pub(super) fn of_part(&self, schema: &Value) -> Type {
        if schema.get("format").and_then(Value::as_str) == Some("binary") {
            Type::File
        } else if let Some(items) = schema.get("items")
            && self.of_part(items) == Type::File
        {
            Type::List(Box::new(Type::File))
        } else {
            self.of(schema)
        }
    }

    /// The type of the values that `additionalProperties` allows.
    fn value(&self, schema: &Value) -> Type {
        self.inner(schema.get("additionalProperties"))
    }

    /// The type of the items of a list or map. A nullable item is kept as `null`.
    fn inner(&self, schema: Option<&Value>) -> Type {
        let Some(schema) = schema.filter(|schema| schema.is_object()) else {
            return Type::Json;
        };
        let ty = self.of(schema);
        if flag(schema, "nullable") && ty != Type::Json {
            Type::OrNull(Box::new(ty))
        } else {
            ty
        }
    }

    /// The type of undeclared properties, if the document gives it.
    pub(super) fn rest(&self, schema: &Value) -> Option<Type> {
        let rest = schema.get("additionalProperties")?;
        rest.is_object().then(|| self.value(schema))
    }
}

/// Whether the document marks an integer that may be larger than an `i64`.
pub(crate) fn is_exact(schema: &Value) -> bool {
    schema.get(EXACT).and_then(Value::as_str) == Some("exact")
}

/// Whether the schema is text with the format `date`.
pub(crate) fn is_date(schema: &Value) -> bool {
    let is = |key: &str, what: &str| schema.get(key).and_then(Value::as_str) == Some(what);
    is("type", "string") && is("format", "date")
}

/// Whether values of the schema are objects with properties.
pub(super) fn has_properties(schema: &Value) -> bool {
    entries(schema.get("properties")).next().is_some()
}

impl Type {
    /// The model that the type contains, directly or in lists and maps.
    pub fn model(&self) -> Option<ModelId> {
        match self {
            Self::Model(id) => Some(*id),
            Self::List(inner) | Self::Map(inner) | Self::OrNull(inner) => inner.model(),
            _ => None,
        }
    }

    /// Whether the type contains a secret; models are not searched.
    pub fn has_secret(&self) -> bool {
        match self {
            Self::Secret => true,
            Self::List(inner) | Self::Map(inner) | Self::OrNull(inner) => inner.has_secret(),
            _ => false,
        }
    }
}

impl Api {
    /// The models of a field whose setter takes builders as well: objects, unions, and lists of
    /// them.
    pub fn nested(&self, ty: &Type) -> Option<Nested> {
        let is_built = |id: ModelId| {
            matches!(
                self.model(id).kind,
                ModelKind::Object(_) | ModelKind::Union(_)
            )
        };
        match ty {
            Type::Model(id) if is_built(*id) => Some(Nested::Model(*id)),
            Type::List(item) => match **item {
                Type::Model(id) if is_built(id) => Some(Nested::List(id)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether values of the type can be parsed from text and written as text.
    pub fn is_text(&self, ty: &Type) -> bool {
        match ty {
            Type::String | Type::Bool | Type::Integer | Type::Number | Type::Date => true,
            Type::Model(id) => match &self.model(*id).kind {
                ModelKind::StringEnum(_) | ModelKind::IntegerEnum(_) => true,
                ModelKind::Wrapper(inner) => self.is_text(inner),
                ModelKind::Object(_) | ModelKind::Union(_) => false,
            },
            Type::Secret
            | Type::File
            | Type::Json
            | Type::List(_)
            | Type::Map(_)
            | Type::OrNull(_) => false,
        }
    }
}
