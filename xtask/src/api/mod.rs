//! The model of the generated code: models, operations and tags, with their Rust names and types.
//!
//! [`Api::of`] builds it once from the normalised document. Every printer, and the comparison of
//! two documents, reads only this model, so each decision is made in one place.
//!
//! Texts (`description`, `summary`) are the document's original Markdown. Each printer escapes them
//! for its own output.

use serde_json::Value;

mod constraints;
mod graph;
mod model;
mod names;
mod operation;
mod pages;
mod samples;
mod types;
pub mod unsupported;

pub use graph::Home;
pub use names::Scope;
pub use types::{Nested, Type};
pub(crate) use types::{is_date, is_exact};

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

/// The operations that share a first tag. `name: None` holds the operations without a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    pub name: Option<String>,
    pub description: Option<String>,
    /// The module of its operations and models, `wallets_mpc_wallets`.
    pub module: String,
    pub operations: Vec<usize>,
}

/// The index of a model in [`Api::models`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelId(pub usize);

/// A component schema as a Rust type.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The name of the component schema.
    pub name: String,
    /// The name of the Rust type.
    pub rust: String,
    /// The JSON pointer of the schema in the document.
    pub pointer: String,
    pub description: Option<String>,
    pub example: Option<Value>,
    pub deprecated: bool,
    pub kind: ModelKind,
    /// Whether a request body is this model or contains it. Such models get a builder.
    pub in_requests: bool,
    /// Where the cursors and items are, if some operation returns its list in pages of this model.
    pub page: Option<Page>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ModelKind {
    Object(Object),
    StringEnum(Enum<String>),
    IntegerEnum(Enum<i64>),
    Union(Union),
    /// A named type around one value: text, a number, a list, a map, any JSON, or another model.
    Wrapper(Type),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    pub fields: Vec<Field>,
    /// The field that holds undeclared properties, if the document gives their type.
    pub rest: Option<Rest>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The name of the property.
    pub wire: String,
    /// The name of the field.
    pub rust: String,
    /// The name of the builder's setter.
    pub setter: String,
    /// The name of the builder's setter that sets `null`, if the property may be `null`.
    pub null_setter: Option<String>,
    pub ty: Type,
    pub presence: Presence,
    /// Whether the value leads back to its own model by value and is therefore in a `Box`.
    pub boxed: bool,
    /// Set if only responses or only requests have the property; the other side does not require
    /// it.
    pub side: Option<Side>,
    /// If Cobo accepts a value of this property once: the operation that finds a request by it.
    pub lookup: Option<String>,
    /// Whether the document marks the property itself as a secret.
    pub secret: bool,
    /// The value that every value of the model has, if the field is the tag of a union's variant.
    /// Builders set it, and have no setter for it.
    pub constant: Option<String>,
    /// The bounds that are enforced when a response is decoded.
    pub bounds: Option<Bounds>,
    pub description: Option<String>,
    pub example: Option<Value>,
    pub deprecated: bool,
}

/// Whether a property is required, and whether it may be `null`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    Required,
    /// Required; the value may be `null`.
    OrNull,
    Optional,
    /// Optional; `null` is distinct from an absent property.
    Nullable,
}

impl Presence {
    /// Whether every value of the model has the property.
    pub fn is_required(self) -> bool {
        matches!(self, Self::Required | Self::OrNull)
    }

    /// Whether the value may be `null`.
    pub fn is_nullable(self) -> bool {
        matches!(self, Self::OrNull | Self::Nullable)
    }
}

/// The side (requests or responses) that a property is limited to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// `writeOnly`.
    Requests,
    /// `readOnly`.
    Responses,
}

/// The field that holds all properties that have no separate field.
#[derive(Debug, Clone, PartialEq)]
pub struct Rest {
    pub rust: String,
    /// The type of each value.
    pub ty: Type,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bounds {
    /// `minLength: 1` of a string.
    NotEmpty,
    /// `minimum` of an integer.
    AtLeast(i64),
}

/// An open enum: unlisted values are kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Enum<T> {
    pub values: Vec<EnumValue<T>>,
    /// The name of the variant for unlisted values.
    pub unknown: String,
}

/// How work that Cobo does asynchronously has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Success,
    Failure,
}

#[derive(Debug, Clone, PartialEq)]
pub struct EnumValue<T> {
    pub value: T,
    /// The name of the variant.
    pub rust: String,
    /// How the work has ended, if the value is a final state.
    pub outcome: Option<Outcome>,
    pub description: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Union {
    /// The property whose value selects the variant. Without it, the required properties select it.
    pub discriminator: Option<String>,
    pub variants: Vec<Variant>,
    /// The name of the variant for values that match no other variant.
    pub unknown: String,
}

impl Union {
    /// Whether a value of this variant's model converts into the union: no other variant has this model.
    pub fn converts(&self, variant: &Variant) -> bool {
        let same = |other: &&Variant| other.model == variant.model;
        self.variants.iter().filter(same).count() == 1
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    pub rust: String,
    pub model: ModelId,
    /// The discriminator values that select this variant.
    pub tags: Vec<String>,
    /// Other discriminator values that a value of this variant may have, and no other variant. They
    /// do not select the variant, and are written unchanged.
    pub keeps: Vec<String>,
    /// Whether the variant's values are objects with properties.
    pub object: bool,
    /// The properties that a value must have to be of this variant.
    pub required: Vec<String>,
    /// The properties that a value of this variant may have.
    pub known: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// The operation id in the document, `get_token`.
    pub id: String,
    /// The HTTP method in upper case, `GET`.
    pub method: String,
    /// The path template below the server's URL, `/oauth/token`.
    pub path: String,
    /// The JSON pointer of the operation in the document.
    pub pointer: String,
    /// The index of its tag in [`Api::tags`].
    pub tag: usize,
    /// The name of the client's method, `get_token`.
    pub rust: String,
    /// The name of the request type, `GetToken`.
    pub request: String,
    /// The name of the entry in the table of operations, `GET_TOKEN`.
    pub entry: String,
    pub summary: Option<String>,
    pub description: Option<String>,
    pub deprecated: bool,
    /// Whether the request may be retried when it is unknown whether the server received it.
    pub repeatable: bool,
    /// The property of the body that Cobo recognises a repeated request by, and the id of the
    /// operation that finds a request by it.
    pub idempotency_key: Option<(String, String)>,
    /// Whether the client's credential is sent with the request.
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
    /// The parameters that take the cursors, if the operation returns a list in pages.
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
    /// The name of the setter.
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
    /// The name of the setter.
    pub rust: String,
    pub model: ModelId,
    pub required: bool,
    pub form: bool,
    pub media_type: String,
    pub description: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Success {
    /// The status in the document: `2XX`, `201`.
    pub status: String,
    pub description: Option<String>,
    /// The model of the body; `None` if the response has no body.
    pub model: Option<ModelId>,
    /// Whether the body may be `null`.
    pub nullable: bool,
}

/// The parameters that take the cursors of a paged list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pages {
    /// The index of the parameter in the operation's parameters.
    pub after: usize,
    pub before: Option<usize>,
}

/// Where a page has its cursors and its items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The index of the field that contains the cursor object. `None`: the page itself has the
    /// cursors.
    pub holder: Option<usize>,
    /// The index of the cursor in the fields of the cursor object (or of the page).
    pub after: usize,
    pub before: Option<usize>,
    /// The index of the list of items, if it is unambiguous.
    pub items: Option<usize>,
}

impl Api {
    /// The model with this id. It always exists, because only [`Api::of`] creates ids.
    pub fn model(&self, id: ModelId) -> &Model {
        &self.models[id.0]
    }

    /// Where the pages of an operation's list have their cursors and items.
    pub fn page_of(&self, operation: &Operation) -> Option<&Page> {
        self.model(operation.success.model?).page.as_ref()
    }

    /// The models, sorted by Rust name.
    pub fn sorted(&self) -> Vec<ModelId> {
        let mut ids: Vec<ModelId> = (0..self.models.len()).map(ModelId).collect();
        ids.sort_by(|one, other| self.model(*one).rust.cmp(&self.model(*other).rust));
        ids
    }
}

impl Model {
    /// The fields, if the model is an object with properties.
    pub fn object(&self) -> Option<&Object> {
        match &self.kind {
            ModelKind::Object(object) => Some(object),
            _ => None,
        }
    }
}
