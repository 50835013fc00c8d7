//! What is generated: models, operations and tags, with their names and types in Rust.
//!
//! The model is made once from the normalised document ([`Api::of`]). Every printer, and the
//! comparison of two documents, reads it and nothing else: nothing is decided twice.
//!
//! Texts (`description`, `summary`) are the document's own, as Markdown. Each printer makes them
//! safe for where it writes them.

use serde_json::Value;

mod graph;
pub mod limits;
mod model;
mod names;
mod operation;
mod pages;
mod text;
mod types;

pub(crate) use names::CLIENT;
pub use names::Scope;

/// Everything that is generated from one document, in the document's order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Api {
    pub title: String,
    pub description: Option<String>,
    pub version: String,
    pub servers: Vec<Server>,
    pub tags: Vec<Tag>,
    pub operations: Vec<Operation>,
    pub models: Vec<Model>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    pub url: String,
    pub description: Option<String>,
}

/// The operations that have the same first tag; those without a tag are the ones of `name: None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    pub name: Option<String>,
    pub description: Option<String>,
    /// The module of its operations and models, `wallets_mpc_wallets`.
    pub module: String,
    pub operations: Vec<usize>,
}

/// The place of a model in [`Api::models`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelId(pub usize);

/// A component schema as a Rust type.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The name of the component schema.
    pub name: String,
    /// The name of the Rust type.
    pub rust: String,
    /// Where the schema is in the document.
    pub pointer: String,
    pub description: Option<String>,
    pub example: Option<Value>,
    pub deprecated: bool,
    pub kind: ModelKind,
    /// Whether the body of a request consists of it or has it in it: then it has a builder.
    pub in_requests: bool,
    /// Where cursors and items are, if an operation's list comes in pages of it.
    pub page: Option<Page>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ModelKind {
    Object(Object),
    StringEnum(Enum<String>),
    IntegerEnum(Enum<i64>),
    Union(Union),
    /// A type with a name of its own: text, a number, a list, a map, any JSON, another model.
    Wrapper(Type),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    pub fields: Vec<Field>,
    /// What holds the properties that have no field of their own, if the document says of what
    /// type they are.
    pub rest: Option<Rest>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The name of the property.
    pub wire: String,
    /// The name of the field.
    pub rust: String,
    /// The setter of the builder.
    pub setter: String,
    /// The setter of the builder that sets `null`, where the property may be `null`.
    pub null_setter: Option<String>,
    pub ty: Type,
    pub presence: Presence,
    /// Whether the value leads back to its own model by value, and so stands in a `Box`.
    pub boxed: bool,
    /// Whether only responses have it, or only requests: the other side does not require it.
    pub side: Option<Side>,
    /// Whether the document marks the property itself as a secret.
    pub secret: bool,
    /// What a response must not violate.
    pub bounds: Option<Bounds>,
    pub description: Option<String>,
    pub example: Option<Value>,
    pub deprecated: bool,
}

/// Whether a property has to be there, and whether it may be `null`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    Required,
    /// Required, and `null` where there is no value.
    OrNull,
    Optional,
    /// Optional, and `null` is a value of its own.
    Nullable,
}

/// The messages that a property is for, if not both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// `writeOnly`.
    Requests,
    /// `readOnly`.
    Responses,
}

/// The field of the properties that have no field of their own.
#[derive(Debug, Clone, PartialEq)]
pub struct Rest {
    pub rust: String,
    /// The type of one of them.
    pub ty: Type,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bounds {
    /// `minLength: 1` of a string.
    NotEmpty,
    /// `minimum` of an integer.
    AtLeast(i64),
}

/// A type in Rust, without what the place says of it (optional, nullable, boxed).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    String,
    Bool,
    /// `i64`.
    Integer,
    /// Any JSON number, with all of its digits.
    Number,
    Secret,
    /// A file of a form.
    File,
    /// Any JSON.
    Json,
    Model(ModelId),
    List(Box<Type>),
    /// By the names of properties.
    Map(Box<Type>),
    /// An item of a list or a value of a map that may be `null`.
    OrNull(Box<Type>),
}

/// An open enum: values that it does not list are kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Enum<T> {
    pub values: Vec<EnumValue<T>>,
    /// The variant of all other values.
    pub unknown: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct EnumValue<T> {
    pub value: T,
    /// The variant.
    pub rust: String,
    pub description: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Union {
    /// The property that tells the variants apart; without one, what they require does.
    pub discriminator: Option<String>,
    pub variants: Vec<Variant>,
    /// The variant of all other values.
    pub unknown: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    pub rust: String,
    pub model: ModelId,
    /// The values of the discriminator that mean this variant.
    pub tags: Vec<String>,
    /// Whether its values are objects with properties.
    pub object: bool,
    /// The properties without which a value is not of this variant.
    pub required: Vec<String>,
    /// The properties that its values may have.
    pub known: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// As the document has it, `get_token`.
    pub id: String,
    /// In upper case, `GET`.
    pub method: String,
    /// Below the server's URL, `/oauth/token`.
    pub path: String,
    /// Where it is in the document.
    pub pointer: String,
    /// The place of its tag in [`Api::tags`].
    pub tag: usize,
    /// The method of the client, `get_token`.
    pub rust: String,
    /// The type of the request, `GetToken`.
    pub request: String,
    /// The entry in the table of operations, `GET_TOKEN`.
    pub entry: String,
    pub summary: Option<String>,
    pub description: Option<String>,
    pub deprecated: bool,
    /// Whether it may be sent again when it is not known whether it arrived.
    pub repeatable: bool,
    /// Whether the client's credential goes with it.
    pub credential: bool,
    /// Whether one of its security requirements is a bearer token.
    pub bearer: bool,
    /// The OAuth scopes that the security requirements name, each once.
    pub scopes: Vec<String>,
    /// The security schemes of each alternative, by name.
    pub security: Vec<Vec<String>>,
    pub parameters: Vec<Parameter>,
    pub body: Option<Body>,
    pub success: Success,
    /// Which parameters take the cursors of a list that comes in pages.
    pub pages: Option<Pages>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    Path,
    Query,
    Header,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    pub wire: String,
    /// The setter.
    pub rust: String,
    pub location: Location,
    pub required: bool,
    pub ty: Type,
    pub description: Option<String>,
    pub example: Option<Value>,
    pub deprecated: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Body {
    /// The setter.
    pub rust: String,
    pub model: ModelId,
    pub required: bool,
    pub form: bool,
    pub media_type: String,
    pub description: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Success {
    /// As the document has it: `2XX`, `201`.
    pub status: String,
    pub description: Option<String>,
    /// The model of the body; `None` where there is no body.
    pub model: Option<ModelId>,
    /// Whether the body may be `null` instead.
    pub nullable: bool,
}

/// Where an operation takes the cursors of a list in pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pages {
    /// The place of the parameter among the operation's.
    pub after: usize,
    pub before: Option<usize>,
}

/// Where a page has its cursors and its items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The place of the field with the object of the cursors; without it the page has them itself.
    pub holder: Option<usize>,
    /// The places of the cursors among the fields of that object.
    pub after: usize,
    pub before: Option<usize>,
    /// The place of the one list of items, if it is known which it is.
    pub items: Option<usize>,
}

impl Api {
    /// The model with this id. Ids are only made by [`Api::of`], for models that are there.
    pub fn model(&self, id: ModelId) -> &Model {
        &self.models[id.0]
    }

    /// Whether values of the type can be read from text and written as text.
    pub fn is_text(&self, ty: &Type) -> bool {
        match ty {
            Type::String | Type::Bool | Type::Integer | Type::Number => true,
            Type::Model(id) => match &self.model(*id).kind {
                ModelKind::StringEnum(_) | ModelKind::IntegerEnum(_) => true,
                ModelKind::Wrapper(inner) => self.is_text(inner),
                ModelKind::Object(_) | ModelKind::Union(_) => false,
            },
            _ => false,
        }
    }

    /// The models in the order of their Rust names.
    pub fn sorted(&self) -> Vec<ModelId> {
        let mut ids: Vec<ModelId> = (0..self.models.len()).map(ModelId).collect();
        ids.sort_by(|one, other| self.model(*one).rust.cmp(&self.model(*other).rust));
        ids
    }
}

impl Model {
    /// The fields of an object with properties.
    pub fn object(&self) -> Option<&Object> {
        match &self.kind {
            ModelKind::Object(object) => Some(object),
            _ => None,
        }
    }
}

impl Type {
    /// The model in it, through lists and maps.
    pub fn model(&self) -> Option<ModelId> {
        match self {
            Self::Model(id) => Some(*id),
            Self::List(inner) | Self::Map(inner) | Self::OrNull(inner) => inner.model(),
            _ => None,
        }
    }

    /// Whether there is a secret in it, models aside.
    pub fn has_secret(&self) -> bool {
        match self {
            Self::Secret => true,
            Self::List(inner) | Self::Map(inner) | Self::OrNull(inner) => inner.has_secret(),
            _ => false,
        }
    }
}
