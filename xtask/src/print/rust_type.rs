//! Maps the types of the model to Rust types, once for all printers.

use crate::api::{Field, ModelId, Presence, Type};

/// A Rust type whose paths are complete. Printers decide how much of a path they write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RustType {
    /// A type without arguments: `bool`, `std::string::String`.
    Plain(&'static str),
    /// A generated model.
    Model(ModelId),
    /// A type with arguments: `std::vec::Vec<…>`.
    Generic(&'static str, Vec<RustType>),
}

pub(crate) const STRING: &str = "std::string::String";
pub(crate) const JSON: &str = "serde_json::Value";
const BOX: &str = "std::boxed::Box";
const OPTION: &str = "std::option::Option";

/// The short names of the types of other crates that [`RustType`] writes.
pub(crate) const OUTSIDE: [&str; 12] = [
    "BTreeMap", "Box", "Date", "File", "Map", "Nullable", "Number", "Option", "Secret", "String",
    "Value", "Vec",
];

impl RustType {
    /// The Rust type of a type of the model. A path that is new here also needs an entry in
    /// `print/code/paths.rs`, and its short name in [`OUTSIDE`].
    pub(crate) fn of(ty: &Type) -> Self {
        match ty {
            Type::String => Self::Plain(STRING),
            Type::Bool => Self::Plain("bool"),
            Type::Integer => Self::Plain("i64"),
            Type::Number => Self::Plain("cobo_model::Number"),
            Type::Secret => Self::Plain("cobo_model::Secret"),
            Type::Date => Self::Plain("cobo_model::Date"),
            Type::File => Self::Plain("cobo_model::File"),
            Type::Json => Self::Plain(JSON),
            Type::Model(id) => Self::Model(*id),
            Type::List(item) => Self::Generic("std::vec::Vec", vec![Self::of(item)]),
            Type::Map(value) if **value == Type::Json => Self::Generic(
                "serde_json::Map",
                vec![Self::Plain(STRING), Self::Plain(JSON)],
            ),
            Type::Map(value) => Self::map(value),
            Type::OrNull(inner) => Self::of(inner).option(),
        }
    }

    /// A map with values of this type, for undeclared properties.
    pub(crate) fn map(value: &Type) -> Self {
        Self::Generic(
            "std::collections::BTreeMap",
            vec![Self::Plain(STRING), Self::of(value)],
        )
    }

    /// The type that the setter of a field converts to: the field's type without `Option`.
    pub(crate) fn value(field: &Field) -> Self {
        let ty = Self::of(&field.ty);
        if field.boxed { ty.boxed() } else { ty }
    }

    /// The type of a field.
    pub(crate) fn field(field: &Field) -> Self {
        let ty = Self::value(field);
        match field.presence {
            Presence::Required => ty,
            Presence::OrNull | Presence::Optional => ty.option(),
            Presence::Nullable => Self::Generic("cobo_model::Nullable", vec![ty]).option(),
        }
    }

    /// The model that the type is or contains.
    pub(crate) fn model(&self) -> Option<ModelId> {
        match self {
            Self::Plain(_) => None,
            Self::Model(id) => Some(*id),
            Self::Generic(_, arguments) => arguments.iter().find_map(Self::model),
        }
    }

    pub(crate) fn option(self) -> Self {
        Self::Generic(OPTION, vec![self])
    }

    pub(crate) fn boxed(self) -> Self {
        Self::Generic(BOX, vec![self])
    }

    /// The type as text. `path` writes the path of a type of another crate, `model` that of a
    /// generated model.
    pub(crate) fn text(
        &self,
        path: &dyn Fn(&'static str) -> String,
        model: &dyn Fn(ModelId) -> String,
    ) -> String {
        match self {
            Self::Plain(name) => path(name),
            Self::Model(id) => model(*id),
            Self::Generic(name, arguments) => {
                let arguments: Vec<String> = arguments
                    .iter()
                    .map(|argument| argument.text(path, model))
                    .collect();
                format!("{}<{}>", path(name), arguments.join(", "))
            }
        }
    }
}

/// The last segment of a path.
pub(crate) fn last(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}
