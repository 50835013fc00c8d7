//! What a document describes, as the reference pages read it, and the marks that transforms leave.
//!
//! Rust is written from [`Api`](crate::api::Api), which reads the same marks.
//!
//! The catalog is built after the last transform. By then each schema of a request or response is a
//! named component. References are resolved where they are read.

use serde_json::Value;

use crate::document::{Document, Place, entries, flag, items, reference, schema_name, text};
use crate::schema::named;

mod kind;

pub use kind::{ENUM, IntVariant, KIND, Kind, UNION, Union, UnionVariant, Variant};

/// All that later stages need from a document, in the document's order.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    pub title: String,
    pub description: Option<String>,
    pub version: String,
    pub servers: Vec<Server>,
    pub tags: Vec<Tag>,
    pub operations: Vec<Operation>,
    pub models: Vec<Model>,
}

#[derive(Debug, Clone)]
pub struct Server {
    pub url: String,
    pub description: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Tag {
    pub name: String,
    pub description: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Operation {
    /// The operation id in the document, `get_token`.
    pub id: String,
    /// The HTTP method in upper case, `GET`.
    pub method: String,
    /// The path template below the server's URL, `/oauth/token`.
    pub path: String,
    pub tag: Option<String>,
    pub summary: Option<String>,
    pub description: Option<String>,
    pub deprecated: bool,
    /// The value of `x-cobo-repeatable`. The default is true for GET and HEAD, and false otherwise.
    pub repeatable: bool,
    /// Whether the client's credential is sent; false for `x-cobo-credential: none`.
    pub credential: bool,
    /// Whether one security requirement is a bearer token (`http`/`bearer`, `oauth2` or
    /// `openIdConnect`). Only the reference pages show it; it affects no code.
    pub bearer: bool,
    /// The OAuth scopes that the security requirements name, each once.
    pub scopes: Vec<String>,
    /// The names of the security schemes, for each alternative requirement.
    pub security: Vec<Vec<String>>,
    pub parameters: Vec<Parameter>,
    pub body: Option<Body>,
    pub success: Success,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    Path,
    Query,
    Header,
}

#[derive(Debug, Clone)]
pub struct Parameter {
    /// The name in the document.
    pub name: String,
    pub location: Location,
    pub required: bool,
    pub deprecated: bool,
    pub description: Option<String>,
    pub example: Option<Value>,
    /// The parameter's schema, with its references unresolved.
    pub schema: Value,
}

#[derive(Debug, Clone)]
pub struct Body {
    pub required: bool,
    pub description: Option<String>,
    /// The name of the component schema, `RefreshTokenRequest`.
    pub model: String,
    /// `application/json`, or `multipart/form-data`.
    pub media_type: String,
}

#[derive(Debug, Clone)]
pub struct Success {
    /// The status in the document: `2XX`, `201`.
    pub status: String,
    pub description: Option<String>,
    /// The name of the body's component schema; `None` if there is no body.
    pub model: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Model {
    /// The name of the component schema.
    pub name: String,
    pub description: Option<String>,
    pub deprecated: bool,
    /// The properties of an object schema; empty for other schemas.
    pub fields: Vec<Field>,
    pub kind: Kind,
    /// The schema, with its references unresolved.
    pub schema: Value,
}

#[derive(Debug, Clone)]
pub struct Field {
    /// The name in the document.
    pub name: String,
    pub required: bool,
    pub deprecated: bool,
    /// `x-cobo-secret`.
    pub secret: bool,
    /// Whether the property may be `null`, which is not the same as being absent.
    pub nullable: bool,
    /// Whether the property is a file of a multipart body.
    pub binary: bool,
    /// The bounds to enforce when decoding, if the property has `x-cobo-checked`.
    pub checked: Option<Bounds>,
    pub description: Option<String>,
    pub example: Option<Value>,
    /// The property's schema, with its references unresolved.
    pub schema: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bounds {
    /// `minLength: 1` on a string.
    NotEmpty,
    /// `minimum` on an integer.
    AtLeast(i64),
}

impl Catalog {
    /// Reads a document that has passed all transforms. Missing or invalid parts, which an earlier
    /// stage should have refused or repaired, are skipped.
    pub fn of(document: &Document) -> Self {
        let root = &document.root;
        let info = root.get("info").unwrap_or(&Value::Null);
        let models: Vec<Model> = document
            .components("schemas")
            .map(|(name, schema)| model(name, schema))
            .collect();
        Self {
            title: text(info, "title").unwrap_or_default(),
            description: text(info, "description"),
            version: text(info, "version").unwrap_or_default(),
            servers: items(root.get("servers")).filter_map(server).collect(),
            tags: items(root.get("tags")).filter_map(tag).collect(),
            operations: document
                .operations()
                .filter_map(|place| operation(document, place))
                .collect(),
            models,
        }
    }
}

fn server(value: &Value) -> Option<Server> {
    Some(Server {
        url: text(value, "url")?,
        description: text(value, "description"),
    })
}

fn tag(value: &Value) -> Option<Tag> {
    Some(Tag {
        name: text(value, "name")?,
        description: text(value, "description"),
    })
}

fn operation(document: &Document, place: Place<'_>) -> Option<Operation> {
    let value = place.operation;
    let security = security(document, value);
    Some(Operation {
        id: text(value, "operationId")?,
        method: place.method.to_ascii_uppercase(),
        path: place.path.to_owned(),
        tag: items(value.get("tags"))
            .find_map(Value::as_str)
            .map(str::to_owned),
        summary: text(value, "summary"),
        description: text(value, "description"),
        deprecated: flag(value, "deprecated"),
        repeatable: value
            .get("x-cobo-repeatable")
            .and_then(Value::as_bool)
            .unwrap_or(matches!(place.method, "get" | "head")),
        credential: value.get("x-cobo-credential").is_none(),
        scopes: scopes(document, value),
        bearer: security
            .iter()
            .flatten()
            .any(|scheme| is_bearer(document, scheme)),
        security,
        parameters: items(value.get("parameters"))
            .filter_map(|value| parameter(document.resolve(value)?))
            .collect(),
        body: value
            .get("requestBody")
            .and_then(|value| body(document.resolve(value)?)),
        success: success(document, value),
    })
}

fn requirements<'a>(
    document: &'a Document,
    operation: &'a Value,
) -> impl Iterator<Item = &'a Value> {
    let requirements = operation.get("security");
    items(requirements.or_else(|| document.root.get("security")))
}

fn scopes(document: &Document, operation: &Value) -> Vec<String> {
    let mut scopes: Vec<String> = Vec::new();
    let schemes =
        requirements(document, operation).flat_map(|requirement| entries(Some(requirement)));
    for (_, named) in schemes.filter(|(scheme, _)| is_bearer(document, scheme)) {
        for scope in items(Some(named)).filter_map(Value::as_str) {
            if !scopes.iter().any(|known| known == scope) {
                scopes.push(scope.to_owned());
            }
        }
    }
    scopes
}

fn security(document: &Document, operation: &Value) -> Vec<Vec<String>> {
    requirements(document, operation)
        .map(|requirement| {
            entries(Some(requirement))
                .map(|(name, _)| name.clone())
                .collect()
        })
        .collect()
}

fn is_bearer(document: &Document, scheme: &str) -> bool {
    let scheme = document
        .components("securitySchemes")
        .find(|(name, _)| *name == scheme);
    let Some(scheme) = scheme.and_then(|(_, value)| document.resolve(value)) else {
        return false;
    };
    match scheme.get("type").and_then(Value::as_str) {
        Some("oauth2" | "openIdConnect") => true,
        Some("http") => scheme
            .get("scheme")
            .and_then(Value::as_str)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer")),
        _ => false,
    }
}

fn parameter(value: &Value) -> Option<Parameter> {
    let location = match value.get("in")?.as_str()? {
        "path" => Location::Path,
        "query" => Location::Query,
        "header" => Location::Header,
        _ => return None,
    };
    Some(Parameter {
        name: text(value, "name")?,
        location,
        required: flag(value, "required"),
        deprecated: flag(value, "deprecated"),
        description: text(value, "description"),
        example: example(value),
        schema: value.get("schema").cloned().unwrap_or_default(),
    })
}

fn body(value: &Value) -> Option<Body> {
    let (media_type, media) = entries(value.get("content")).next()?;
    Some(Body {
        required: flag(value, "required"),
        description: text(value, "description"),
        model: schema_name(reference(media.get("schema")?)?)?,
        media_type: media_type.clone(),
    })
}

fn success(document: &Document, operation: &Value) -> Success {
    let found = entries(operation.get("responses")).find(|(status, _)| status.starts_with('2'));
    let (status, response) = match found {
        Some((status, response)) => (status.clone(), document.resolve(response)),
        None => ("2XX".to_owned(), None),
    };
    let media = response.and_then(|value| entries(value.get("content")).next());
    Success {
        status,
        description: response.and_then(|value| text(value, "description")),
        model: media.and_then(|(_, media)| named(media.get("schema")?)),
    }
}

fn model(name: &str, schema: &Value) -> Model {
    let required: Vec<&str> = items(schema.get("required"))
        .filter_map(Value::as_str)
        .collect();
    Model {
        name: name.to_owned(),
        description: text(schema, "description"),
        deprecated: flag(schema, "deprecated"),
        fields: entries(schema.get("properties"))
            .map(|(name, property)| field(name, property, required.contains(&name.as_str())))
            .collect(),
        kind: Kind::of(schema),
        schema: schema.clone(),
    }
}

fn field(name: &str, schema: &Value, required: bool) -> Field {
    Field {
        name: name.to_owned(),
        required,
        deprecated: flag(schema, "deprecated"),
        secret: flag(schema, "x-cobo-secret"),
        nullable: flag(schema, NULLABLE) || flag(schema, "nullable"),
        binary: schema.get("format").and_then(Value::as_str) == Some("binary"),
        checked: Bounds::of(schema),
        description: text(schema, "description"),
        example: example(schema),
        schema: schema.clone(),
    }
}

/// The example of a parameter or schema: its own, else the first of several, else its schema's.
fn example(value: &Value) -> Option<Value> {
    let first = || entries(value.get("examples")).find_map(|(_, example)| example.get("value"));
    value
        .get("example")
        .or_else(first)
        .or_else(|| value.get("schema").and_then(|schema| schema.get("example")))
        .cloned()
}

impl Bounds {
    /// The bounds to enforce on a property: those that `drop-constraints` saved, or the property's own if it
    /// was not relaxed.
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

/// The key under which `drop-constraints` saves the bounds of a property with `x-cobo-checked`.
pub const BOUNDS: &str = "x-cobo-bounds";

/// Marks a place where the document allows `null`.
pub const NULLABLE: &str = "x-cobo-nullable";
