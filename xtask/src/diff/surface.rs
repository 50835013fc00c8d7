//! What callers of a generated crate see, by name: the form in which two documents are compared,
//! and which is stored beside the generated code for the next run.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::{
    self, Api, Bounds, Enum, Location, ModelId, ModelKind, Object, Outcome, Side, Type, Union,
};
use crate::print::rust_type::{OUTSIDE, RustType, last};

/// The public surface of a generated crate. Types are written as in Rust.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Surface {
    /// The version of the document.
    pub version: String,
    /// The operations by their ids.
    pub operations: BTreeMap<String, Operation>,
    /// The models by the names of their Rust types.
    pub models: BTreeMap<String, Model>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    pub method: String,
    pub path: String,
    pub tag: Option<String>,
    /// The client's method and the request type.
    pub rust: String,
    pub request: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub deprecated: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub repeatable: bool,
    /// The property of the body that Cobo accepts once, and the operation that finds a request by it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub idempotency_key: Option<(String, String)>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub without_credential: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub scopes: Vec<String>,
    /// By location and name, `query.limit`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub parameters: BTreeMap<String, Parameter>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub body: Option<Body>,
    /// The type of the response; `None` without a body.
    #[serde(default, skip_serializing_if = "is_default")]
    pub success: Option<String>,
    /// `pages`, or `pages and items`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub pages: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    pub rust: String,
    pub ty: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub required: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub deprecated: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    pub rust: String,
    pub ty: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub required: bool,
    pub media_type: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    #[serde(default, skip_serializing_if = "is_default")]
    pub deprecated: bool,
    pub shape: Shape,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    Object {
        /// By the names of the properties.
        fields: BTreeMap<String, Field>,
        /// The name and type of the field for undeclared properties.
        #[serde(default, skip_serializing_if = "is_default")]
        rest: Option<(String, String)>,
    },
    Enum {
        /// The type of the values.
        of: String,
        /// The names of the variants by value.
        values: BTreeMap<String, String>,
        /// The states that are marked as final: `success` or `failure` by value.
        #[serde(default, skip_serializing_if = "is_default")]
        final_states: BTreeMap<String, String>,
        unknown: String,
    },
    Union {
        discriminator: Option<String>,
        variants: BTreeMap<String, Variant>,
        unknown: String,
    },
    Wrapper {
        ty: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    pub rust: String,
    pub setter: String,
    /// The type without `Option`.
    pub ty: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub required: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub nullable: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub deprecated: bool,
    /// The only side that has the property.
    #[serde(default, skip_serializing_if = "is_default")]
    pub side: Option<String>,
    /// The check that a response has to pass.
    #[serde(default, skip_serializing_if = "is_default")]
    pub check: Option<String>,
    /// The value that the builder sets.
    #[serde(default, skip_serializing_if = "is_default")]
    pub constant: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    pub ty: String,
    /// The tags, or, without a discriminator, the required properties.
    pub selected_by: BTreeSet<String>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The key that tells a stored surface from a document.
const FORMAT: &str = "surface";

impl Surface {
    pub fn of(api: &Api) -> Self {
        let names = Names { api };
        let operations = api.operations.iter();
        let operations =
            operations.map(|operation| (operation.id.clone(), names.operation(operation)));
        let models = api.models.iter();
        Self {
            version: api.version.clone(),
            operations: operations.collect(),
            models: models
                .map(|model| (model.rust.clone(), names.model(model)))
                .collect(),
        }
    }

    /// Reads a stored surface. `None` if the text is something else, such as a document.
    pub fn read(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        value.get(FORMAT)?;
        serde_json::from_value(value).ok()
    }

    /// The surface as JSON, with a line for each operation and each model, so that a change affects
    /// only that line.
    pub fn write(&self) -> String {
        let version = Value::from(self.version.as_str());
        format!(
            "{{\n\"{FORMAT}\":1,\n\"version\":{version},\n\"operations\":{{\n{}\n}},\n\
             \"models\":{{\n{}\n}}\n}}\n",
            lines(&self.operations),
            lines(&self.models)
        )
    }
}

fn lines<T: Serialize>(map: &BTreeMap<String, T>) -> String {
    let lines = map.iter().map(|(name, value)| {
        // Serialisation cannot fail, since the value contains only strings, flags and maps of them.
        let value = serde_json::to_string(value).unwrap_or_default();
        format!("{}:{value}", Value::from(name.as_str()))
    });
    lines.collect::<Vec<_>>().join(",\n")
}

struct Names<'a> {
    api: &'a Api,
}

/// A model as a type writes it. Types of other crates have their short names, so a model of such a
/// name has a path.
pub(super) fn model_path(name: &str) -> String {
    match OUTSIDE.contains(&name) {
        true => format!("models::{name}"),
        false => name.to_owned(),
    }
}

impl Names<'_> {
    fn text(&self, ty: &RustType) -> String {
        ty.text(&|path| last(path).to_owned(), &|id| {
            model_path(&self.api.model(id).rust)
        })
    }

    fn ty(&self, ty: &Type) -> String {
        self.text(&RustType::of(ty))
    }

    fn name(&self, id: ModelId) -> String {
        self.text(&RustType::Model(id))
    }

    fn operation(&self, operation: &api::Operation) -> Operation {
        let page = self.api.page_of(operation);
        let parameters = operation.parameters.iter().map(|parameter| {
            let place = match parameter.location {
                Location::Path => "path",
                Location::Query => "query",
                Location::Header => "header",
            };
            let seen = Parameter {
                rust: parameter.rust.clone(),
                ty: self.ty(&parameter.ty),
                required: parameter.required,
                deprecated: parameter.deprecated,
            };
            (format!("{place}.{}", parameter.wire), seen)
        });
        Operation {
            method: operation.method.clone(),
            path: operation.path.clone(),
            tag: self.api.tags[operation.tag].name.clone(),
            rust: operation.rust.clone(),
            request: operation.request.clone(),
            deprecated: operation.deprecated,
            repeatable: operation.repeatable,
            idempotency_key: operation.idempotency_key.clone(),
            without_credential: !operation.credential,
            scopes: operation.scopes.clone(),
            parameters: parameters.collect(),
            body: operation.body.as_ref().map(|body| Body {
                rust: body.rust.clone(),
                ty: self.name(body.model),
                required: body.required,
                media_type: body.media_type.clone(),
            }),
            success: operation.success.model.map(|id| {
                let model = RustType::Model(id);
                self.text(&match operation.success.nullable {
                    true => model.option(),
                    false => model,
                })
            }),
            pages: operation
                .pages
                .map(|_| match page.is_some_and(|page| page.items.is_some()) {
                    true => "pages and items".to_owned(),
                    false => "pages".to_owned(),
                }),
        }
    }

    fn model(&self, model: &api::Model) -> Model {
        Model {
            deprecated: model.deprecated,
            shape: match &model.kind {
                ModelKind::Object(object) => self.object(object),
                ModelKind::StringEnum(open) => values("String", open, String::clone),
                ModelKind::IntegerEnum(open) => values("i64", open, i64::to_string),
                ModelKind::Union(union) => self.union(union),
                ModelKind::Wrapper(ty) => Shape::Wrapper { ty: self.ty(ty) },
            },
        }
    }

    fn object(&self, object: &Object) -> Shape {
        let fields = object.fields.iter().map(|field| {
            let seen = Field {
                rust: field.rust.clone(),
                setter: field.setter.clone(),
                ty: self.text(&RustType::value(field)),
                required: field.presence.is_required(),
                nullable: field.presence.is_nullable(),
                deprecated: field.deprecated,
                side: field.side.map(|side| match side {
                    Side::Requests => "requests".to_owned(),
                    Side::Responses => "responses".to_owned(),
                }),
                check: field.bounds.map(|bounds| match bounds {
                    Bounds::NotEmpty => "not empty".to_owned(),
                    Bounds::AtLeast(least) => format!("at least {least}"),
                }),
                constant: field.constant.clone(),
            };
            (field.wire.clone(), seen)
        });
        Shape::Object {
            fields: fields.collect(),
            rest: object.rest.as_ref().map(|rest| {
                let ty = self.text(&RustType::map(&rest.ty));
                (rest.rust.clone(), ty)
            }),
        }
    }

    fn union(&self, union: &Union) -> Shape {
        let variants = union.variants.iter().map(|variant| {
            let by = match union.discriminator {
                Some(_) => &variant.tags,
                None => &variant.required,
            };
            let seen = Variant {
                ty: self.name(variant.model),
                selected_by: by.iter().cloned().collect(),
            };
            (variant.rust.clone(), seen)
        });
        Shape::Union {
            discriminator: union.discriminator.clone(),
            variants: variants.collect(),
            unknown: union.unknown.clone(),
        }
    }
}

fn values<T>(of: &str, open: &Enum<T>, text: impl Fn(&T) -> String) -> Shape {
    let values = open.values.iter();
    let final_states = values.clone().filter_map(|value| {
        let outcome = match value.outcome? {
            Outcome::Success => "success",
            Outcome::Failure => "failure",
        };
        Some((text(&value.value), outcome.to_owned()))
    });
    let values = values.map(|value| (text(&value.value), value.rust.clone()));
    Shape::Enum {
        of: of.to_owned(),
        final_states: final_states.collect(),
        values: values.collect(),
        unknown: open.unknown.clone(),
    }
}
