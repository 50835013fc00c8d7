//! Maps schemas to Rust types.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{ModelId, Type};
use crate::document::{entries, flag};
use crate::schema::{is_wide, named};

/// The mark of an integer whose digits are kept, however many there are.
const EXACT: &str = "x-cobo-number";

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
