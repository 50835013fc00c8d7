//! Reads the kind of a model that is not a plain object: an enum or a union. The transforms mark
//! both, since typify's own enums are closed and its unions may lack names.

use serde_json::Value;

use crate::document::{entries, items, text};
use crate::marks::{ENUM, KIND, UNION};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Object,
    StringEnum(Vec<Variant>),
    IntegerEnum(Vec<IntVariant>),
    Union(Union),
    /// Text, numbers, lists, raw JSON.
    Other,
}

/// A value of an enum of strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variant {
    /// The value that is sent.
    pub(super) value: String,
    /// The name of the Rust variant, unique in its enum.
    pub(super) name: String,
    pub(super) description: Option<String>,
}

/// A value of an enum of integers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IntVariant {
    pub(super) value: i64,
    /// The name of the Rust variant, unique in its enum.
    pub(super) name: String,
    pub(super) description: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Union {
    /// The property whose value selects the variant. Without it, the required properties select it.
    pub(super) discriminator: Option<String>,
    pub(super) variants: Vec<UnionVariant>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UnionVariant {
    /// The name of the Rust variant, unique in its union.
    pub(super) name: String,
    /// The discriminator values that select this variant.
    pub(super) tags: Vec<String>,
    /// Other discriminator values that are written unchanged.
    pub(super) keeps: Vec<String>,
    /// The name of the component schema.
    pub(super) model: String,
    /// The properties that a value must have to be of this variant.
    pub(super) required: Vec<String>,
}

impl Kind {
    /// Reads the marks of a component.
    pub(super) fn of(schema: &Value) -> Self {
        match schema.get(KIND).and_then(Value::as_str) {
            Some("string-enum") => {
                Self::StringEnum(items(schema.get(ENUM)).filter_map(variant).collect())
            }
            Some("integer-enum") => {
                Self::IntegerEnum(items(schema.get(ENUM)).filter_map(int_variant).collect())
            }
            Some("union") => Self::Union(union(schema.get(UNION).unwrap_or(&Value::Null))),
            _ if entries(schema.get("properties")).next().is_some() => Self::Object,
            _ if schema.get("type").and_then(Value::as_str) == Some("object")
                && schema
                    .get("additionalProperties")
                    .is_none_or(Value::is_boolean) =>
            {
                Self::Object
            }
            _ => Self::Other,
        }
    }
}

fn variant(value: &Value) -> Option<Variant> {
    Some(Variant {
        value: text(value, "value")?,
        name: text(value, "name")?,
        description: text(value, "description"),
    })
}

fn int_variant(value: &Value) -> Option<IntVariant> {
    Some(IntVariant {
        value: value.get("value")?.as_i64()?,
        name: text(value, "name")?,
        description: text(value, "description"),
    })
}

fn union(value: &Value) -> Union {
    Union {
        discriminator: text(value, "discriminator"),
        variants: items(value.get("variants"))
            .filter_map(|variant| {
                Some(UnionVariant {
                    name: text(variant, "name")?,
                    tags: texts(variant, "tags"),
                    keeps: texts(variant, "keeps"),
                    model: text(variant, "model")?,
                    required: texts(variant, "required"),
                })
            })
            .collect(),
    }
}

fn texts(value: &Value, key: &str) -> Vec<String> {
    items(value.get(key))
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}
