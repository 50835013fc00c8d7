//! Maps schemas to the Rust types that the pages show.

use serde_json::Value;

use crate::document::{entries, flag, items, reference, schema_name};
use crate::rust_name;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RustType {
    Text,
    Secret,
    /// `i64` or `u64`.
    Integer(&'static str),
    Number,
    Bool,
    List(Box<RustType>),
    Map(Box<RustType>),
    /// A component schema, by its name in the document.
    Model(String),
    /// A type that the generator names after the location of its schema.
    Inline {
        name: String,
        is_enum: bool,
    },
    /// An object without known properties.
    Object,
    /// Any JSON.
    Json,
}

impl RustType {
    /// The type of a schema. An inline schema is named after `place`: its model and property, or
    /// its operation and parameter.
    pub(super) fn of(schema: &Value, place: &str) -> Self {
        if flag(schema, "x-cobo-secret") {
            return Self::Secret;
        }
        if let Some(name) = reference(schema).and_then(schema_name) {
            return Self::Model(name);
        }
        // A union or `allOf` of one part is the same as that part.
        for key in ["allOf", "oneOf", "anyOf"] {
            let mut parts = items(schema.get(key));
            if let (Some(part), None) = (parts.next(), parts.next()) {
                return Self::of(part, place);
            }
        }
        let is_enum = items(schema.get("enum")).any(Value::is_string);
        let inline = || Self::Inline {
            name: rust_name::model(place),
            is_enum,
        };
        match schema.get("type").and_then(Value::as_str) {
            Some("string") if is_enum => inline(),
            Some("string") => Self::Text,
            Some("integer") => match schema.get("format").and_then(Value::as_str) {
                Some("uint64") => Self::Integer("u64"),
                _ => Self::Integer("i64"),
            },
            Some("number") => Self::Number,
            Some("boolean") => Self::Bool,
            Some("array") => {
                let item = schema.get("items").unwrap_or(&Value::Null);
                Self::List(Box::new(Self::of(item, &format!("{place}-item"))))
            }
            _ if is_enum || is_composed(schema) => inline(),
            kind => match schema.get("additionalProperties") {
                Some(value) if value.as_object().is_some_and(|value| !value.is_empty()) => {
                    Self::Map(Box::new(Self::of(value, &format!("{place}-value"))))
                }
                _ if kind == Some("object") => Self::Object,
                _ => Self::Json,
            },
        }
    }

    /// The notation in tables: `Vec<Token>`.
    pub(super) fn short(&self) -> String {
        self.write(&|name| name.to_owned(), false)
    }

    /// The notation in examples with `models` in scope: `Vec<models::Token>`.
    pub(super) fn full(&self) -> String {
        self.write(&|name| format!("models::{name}"), true)
    }

    fn write(&self, model: &dyn Fn(&str) -> String, full: bool) -> String {
        let of = |path: &str, name: &str| {
            if full {
                format!("{path}::{name}")
            } else {
                name.to_owned()
            }
        };
        match self {
            Self::Text => "String".to_owned(),
            Self::Secret => of("cobo_auth", "Secret"),
            Self::Integer(name) => (*name).to_owned(),
            Self::Number => of("cobo_auth", "Number"),
            Self::Bool => "bool".to_owned(),
            Self::List(item) => format!("Vec<{}>", item.write(model, full)),
            Self::Map(value) => {
                let map = of("std::collections", "BTreeMap");
                format!("{map}<String, {}>", value.write(model, full))
            }
            Self::Model(name) => model(&rust_name::model(name)),
            Self::Inline { name, .. } => model(name),
            Self::Object => "serde_json::Map<String, serde_json::Value>".to_owned(),
            Self::Json => "serde_json::Value".to_owned(),
        }
    }

    /// The component schema that the type contains, if any.
    pub(super) fn model(&self) -> Option<&str> {
        match self {
            Self::Model(name) => Some(name),
            Self::List(inner) | Self::Map(inner) => inner.model(),
            _ => None,
        }
    }
}

fn is_composed(schema: &Value) -> bool {
    entries(schema.get("properties")).next().is_some()
        || ["allOf", "oneOf", "anyOf"]
            .iter()
            .any(|key| schema.get(key).is_some())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_are_written_as_the_generator_writes_them() {
        let token = json!({"$ref": "#/components/schemas/token"});
        for (schema, short, full) in [
            (json!({"type": "string"}), "String", "String"),
            (
                json!({"type": "string", "x-cobo-secret": true}),
                "Secret",
                "cobo_auth::Secret",
            ),
            (json!({"type": "integer"}), "i64", "i64"),
            (json!({"type": "integer", "format": "uint64"}), "u64", "u64"),
            (
                json!({"type": "array", "items": token}),
                "Vec<Token>",
                "Vec<models::Token>",
            ),
            (
                json!({"type": "object", "additionalProperties": {"type": "boolean"}}),
                "BTreeMap<String, bool>",
                "std::collections::BTreeMap<String, bool>",
            ),
            (
                json!({"type": "string", "enum": ["a"]}),
                "WalletKind",
                "models::WalletKind",
            ),
            (
                json!({"allOf": [token], "nullable": true}),
                "Token",
                "models::Token",
            ),
            (json!({"oneOf": [token]}), "Token", "models::Token"),
            (json!({}), "serde_json::Value", "serde_json::Value"),
        ] {
            let found = RustType::of(&schema, "Wallet-kind");
            assert_eq!(
                (found.short(), found.full()),
                (short.to_owned(), full.to_owned())
            );
        }
    }
}
