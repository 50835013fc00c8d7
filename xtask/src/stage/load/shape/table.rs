//! The shapes of OpenAPI's objects, limited to the keys that the generator reads.

pub(super) enum Shape {
    Text,
    /// Text for people. A key without a value counts as absent.
    Prose,
    /// Text that is often left unquoted: `1.0`.
    Version,
    Flag,
    Texts,
    /// The values of an enum: a non-empty list.
    Values,
    SchemaType,
    Of(&'static Object),
    /// An object of this shape, or a boolean.
    FlagOr(&'static Object),
    List(&'static Object),
    Map(&'static Object),
    TextMap,
    /// A map from statuses to responses.
    Responses,
    /// A map from security schemes to their scopes.
    Security,
}

pub(super) struct Object {
    /// The name with its article, for messages.
    pub(super) name: &'static str,
    pub(super) required: &'static [&'static str],
    pub(super) fields: &'static [(&'static str, Shape)],
    /// Whether a reference is allowed instead.
    pub(super) referable: bool,
}

pub(super) static DOCUMENT: Object = Object {
    name: "an OpenAPI document",
    required: &["info", "paths"],
    fields: &[
        ("info", Shape::Of(&INFO)),
        ("servers", Shape::List(&SERVER)),
        ("tags", Shape::List(&TAG)),
        ("paths", Shape::Map(&PATH)),
        ("components", Shape::Of(&COMPONENTS)),
        ("security", Shape::Security),
    ],
    referable: false,
};

static INFO: Object = Object {
    name: "an info object",
    required: &["title", "version"],
    fields: &[
        ("title", Shape::Text),
        ("version", Shape::Version),
        ("description", Shape::Prose),
    ],
    referable: false,
};

static SERVER: Object = Object {
    name: "a server",
    required: &["url"],
    fields: &[("url", Shape::Text), ("description", Shape::Prose)],
    referable: false,
};

static TAG: Object = Object {
    name: "a tag",
    required: &["name"],
    fields: &[("name", Shape::Text), ("description", Shape::Prose)],
    referable: false,
};

static COMPONENTS: Object = Object {
    name: "a components object",
    required: &[],
    fields: &[
        ("schemas", Shape::Map(&SCHEMA)),
        ("parameters", Shape::Map(&PARAMETER)),
        ("requestBodies", Shape::Map(&BODY)),
        ("responses", Shape::Map(&RESPONSE)),
        ("headers", Shape::Map(&HEADER)),
        ("examples", Shape::Map(&EXAMPLE)),
        ("securitySchemes", Shape::Map(&SECURITY_SCHEME)),
    ],
    referable: false,
};

static PATH: Object = Object {
    name: "a path item",
    required: &[],
    fields: &[
        ("parameters", Shape::List(&PARAMETER)),
        ("get", Shape::Of(&OPERATION)),
        ("put", Shape::Of(&OPERATION)),
        ("post", Shape::Of(&OPERATION)),
        ("delete", Shape::Of(&OPERATION)),
        ("options", Shape::Of(&OPERATION)),
        ("head", Shape::Of(&OPERATION)),
        ("patch", Shape::Of(&OPERATION)),
        ("trace", Shape::Of(&OPERATION)),
    ],
    referable: true,
};

static OPERATION: Object = Object {
    name: "an operation",
    required: &["operationId", "responses"],
    fields: &[
        ("operationId", Shape::Text),
        ("tags", Shape::Texts),
        ("summary", Shape::Prose),
        ("description", Shape::Prose),
        ("deprecated", Shape::Flag),
        ("x-cobo-credential", Shape::Text),
        ("x-cobo-repeatable", Shape::Flag),
        ("parameters", Shape::List(&PARAMETER)),
        ("requestBody", Shape::Of(&BODY)),
        ("responses", Shape::Responses),
        ("security", Shape::Security),
    ],
    referable: false,
};

static PARAMETER: Object = Object {
    name: "a parameter",
    required: &["name", "in"],
    fields: &[
        ("name", Shape::Text),
        ("in", Shape::Text),
        ("required", Shape::Flag),
        ("deprecated", Shape::Flag),
        ("description", Shape::Prose),
        ("style", Shape::Text),
        ("explode", Shape::Flag),
        ("schema", Shape::Of(&SCHEMA)),
        ("content", Shape::Map(&MEDIA)),
        ("examples", Shape::Map(&EXAMPLE)),
        ("x-cobo-secret", Shape::Flag),
    ],
    referable: true,
};

static HEADER: Object = Object {
    name: "a header",
    required: &[],
    fields: &[
        ("required", Shape::Flag),
        ("description", Shape::Prose),
        ("schema", Shape::Of(&SCHEMA)),
        ("content", Shape::Map(&MEDIA)),
    ],
    referable: true,
};

static BODY: Object = Object {
    name: "a request body",
    required: &["content"],
    fields: &[
        ("description", Shape::Prose),
        ("required", Shape::Flag),
        ("content", Shape::Map(&MEDIA)),
    ],
    referable: true,
};

pub(super) static RESPONSE: Object = Object {
    name: "a response",
    required: &[],
    fields: &[
        ("description", Shape::Prose),
        ("headers", Shape::Map(&HEADER)),
        ("content", Shape::Map(&MEDIA)),
    ],
    referable: true,
};

static MEDIA: Object = Object {
    name: "a media type",
    required: &[],
    fields: &[
        ("schema", Shape::Of(&SCHEMA)),
        ("examples", Shape::Map(&EXAMPLE)),
    ],
    referable: false,
};

static EXAMPLE: Object = Object {
    name: "an example",
    required: &[],
    fields: &[],
    referable: true,
};

static SECURITY_SCHEME: Object = Object {
    name: "a security scheme",
    required: &["type"],
    fields: &[
        ("type", Shape::Text),
        ("description", Shape::Prose),
        ("name", Shape::Text),
        ("in", Shape::Text),
        ("scheme", Shape::Text),
    ],
    referable: true,
};

/// A schema. Bounds (`minimum` and the like) may have any type, since types do not follow them.
pub(super) static SCHEMA: Object = Object {
    name: "a schema",
    required: &[],
    fields: &[
        ("type", Shape::SchemaType),
        ("format", Shape::Text),
        ("title", Shape::Prose),
        ("description", Shape::Prose),
        ("nullable", Shape::Flag),
        ("deprecated", Shape::Flag),
        ("readOnly", Shape::Flag),
        ("writeOnly", Shape::Flag),
        ("enum", Shape::Values),
        ("required", Shape::Texts),
        ("properties", Shape::Map(&SCHEMA)),
        ("additionalProperties", Shape::FlagOr(&SCHEMA)),
        ("items", Shape::Of(&SCHEMA)),
        ("allOf", Shape::List(&SCHEMA)),
        ("oneOf", Shape::List(&SCHEMA)),
        ("anyOf", Shape::List(&SCHEMA)),
        ("not", Shape::Of(&SCHEMA)),
        ("discriminator", Shape::Of(&DISCRIMINATOR)),
        ("x-cobo-final-states", Shape::Of(&FINAL_STATES)),
        ("x-cobo-idempotency-key", Shape::Text),
        ("x-cobo-secret", Shape::Flag),
        ("x-cobo-checked", Shape::Flag),
    ],
    referable: true,
};

static FINAL_STATES: Object = Object {
    name: "the final states of an enum",
    required: &["success", "failure"],
    fields: &[("success", Shape::Texts), ("failure", Shape::Texts)],
    referable: false,
};

static DISCRIMINATOR: Object = Object {
    name: "a discriminator",
    required: &["propertyName"],
    fields: &[("propertyName", Shape::Text), ("mapping", Shape::TextMap)],
    referable: false,
};
