//! The document, as a test and the sandbox use it.

use std::collections::HashMap;
#[cfg(feature = "specification")]
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::document::Document;
#[cfg(feature = "specification")]
use super::json::{entries, resolve};
use super::operation::{Documented, SampleRequest};
use super::sample::{Fields, Sample};

/// The keys of a path item that are HTTP methods.
const METHODS: [&str; 7] = ["get", "put", "post", "delete", "head", "options", "patch"];

/// An OpenAPI 3.0 document: a sandbox answers from it, and a test can make values from it.
///
/// Cheap to clone.
///
/// ```
/// use cobo_sandbox::{Fields, Specification};
/// use serde_json::json;
///
/// let specification = Specification::from_text(r##"
/// openapi: 3.0.3
/// info: { title: Tiny, version: "1" }
/// paths:
///   /wallets/{wallet_id}:
///     get:
///       operationId: get_wallet
///       parameters:
///         - { name: wallet_id, in: path, required: true, schema: { type: string } }
///       responses:
///         "200":
///           description: OK
///           content:
///             application/json:
///               schema: { $ref: "#/components/schemas/Wallet" }
/// components:
///   schemas:
///     Wallet:
///       type: object
///       required: [name]
///       properties:
///         name: { type: string, example: cold }
///         vaults: { type: integer, minimum: 1 }
/// "##)?;
/// assert_eq!(specification.operation_ids().collect::<Vec<_>>(), ["get_wallet"]);
///
/// let reference = json!({ "$ref": "#/components/schemas/Wallet" });
/// let wallet = specification.sample(&reference, Fields::All, 0).value;
/// assert_eq!(wallet, json!({ "name": "cold", "vaults": 1 }));
/// assert!(specification.problems(&reference, &wallet).is_empty());
/// assert_eq!(
///     specification.problems(&reference, &json!({ "name": "cold", "vaults": "1" })),
///     [r#"/vaults: value is not of type "integer""#],
/// );
/// # Ok::<(), cobo_sandbox::SpecificationError>(())
/// ```
#[derive(Clone)]
pub struct Specification {
    inner: Arc<Inner>,
}

struct Inner {
    document: Arc<Document>,
    operations: Vec<Documented>,
    by_id: HashMap<String, usize>,
}

/// Why a document cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpecificationError {
    /// The file cannot be read.
    #[error("{path} cannot be read: {source}")]
    File {
        /// The path, as it was given.
        path: String,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The text is neither YAML nor JSON.
    #[error("the document is not YAML: {0}")]
    Syntax(String),
    /// The document is not OpenAPI 3.0, or lacks something that is needed to answer from it.
    #[error("the document cannot be answered from: {0}")]
    Document(String),
}

#[cfg(feature = "specification")]
impl Specification {
    /// Reads a YAML or JSON file.
    ///
    /// # Errors
    ///
    /// As [`from_text`](Self::from_text), and when the file cannot be read.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, SpecificationError> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|source| SpecificationError::File {
            path: path.display().to_string(),
            source,
        })?;
        Self::from_text(&text)
    }

    /// Parses a YAML or JSON document.
    ///
    /// # Errors
    ///
    /// When the text is neither YAML nor JSON, the document is not OpenAPI 3.0, two of its operations cannot be
    /// distinguished, or a reference of an operation has no target.
    pub fn from_text(text: &str) -> Result<Self, SpecificationError> {
        let options = serde_saphyr::options! {
            // YAML 1.2: `on`, `no` and the like are text.
            strict_booleans: true,
            // Cobo's full document has about 100,000 nodes and grows.
            budget: serde_saphyr::budget! { max_nodes: 4_000_000, max_events: 16_000_000 },
            with_snippet: false,
        };
        let root = serde_saphyr::from_str_with_options(text, options)
            .map_err(|error| SpecificationError::Syntax(error.without_snippet().to_string()))?;
        Self::from_value(root)
    }

    /// Takes a document that is already parsed.
    ///
    /// # Errors
    ///
    /// As [`from_text`](Self::from_text).
    pub fn from_value(root: Value) -> Result<Self, SpecificationError> {
        let document = |reason: String| SpecificationError::Document(reason);
        let version = root.get("openapi").map(|version| match version {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        match version {
            Some(version) if version == "3.0" || version.starts_with("3.0.") => {}
            Some(version) => return Err(document(format!("it is OpenAPI {version}, not 3.0"))),
            None => return Err(document("it has no key `openapi`".to_owned())),
        }
        let parsed = Arc::new(Document::new(root).map_err(document)?);
        let root = &parsed.root;
        let mut operations = Vec::new();
        let mut by_id = HashMap::new();
        for (path, item) in entries(root.get("paths")) {
            let item = resolve(root, item).unwrap_or(item);
            for method in METHODS {
                let Some(operation) = item.get(method) else {
                    continue;
                };
                let documented = Documented::read(&parsed, path, method, item, operation)
                    .map_err(|reason| document(format!("{method} {path}: {reason}")))?;
                let id = documented.id.clone();
                if by_id.insert(id.clone(), operations.len()).is_some() {
                    return Err(document(format!("{id} is the id of two operations")));
                }
                operations.push(documented);
            }
        }
        Ok(Self {
            inner: Arc::new(Inner {
                document: parsed,
                operations,
                by_id,
            }),
        })
    }
}

#[cfg(feature = "waas2")]
impl Specification {
    /// Returns the document of Cobo's WaaS 2.0, without its texts. It is parsed once in a process.
    ///
    /// ```
    /// use cobo_sandbox::Specification;
    ///
    /// let waas2 = Specification::waas2();
    /// assert!(waas2.operation_ids().any(|id| id == "create_transfer_transaction"));
    /// ```
    pub fn waas2() -> Self {
        static PARSED: std::sync::LazyLock<Specification> = std::sync::LazyLock::new(|| {
            let text = include_str!("../generated/waas2.json");
            #[allow(
                clippy::expect_used,
                reason = "the document is a part of this crate, and each test of `Sandbox::waas2` parses it"
            )]
            serde_json::from_str(text)
                .map_err(|error| SpecificationError::Syntax(error.to_string()))
                .and_then(Specification::from_value)
                .expect("the document inside this crate is valid")
        });
        PARSED.clone()
    }
}

impl Specification {
    /// Returns the ids of all operations; an operation without an id has `METHOD /path`.
    pub fn operation_ids(&self) -> impl Iterator<Item = &str> {
        self.inner
            .operations
            .iter()
            .map(|operation| operation.id.as_str())
    }

    /// Returns the parsed document.
    pub fn document(&self) -> &Value {
        &self.inner.document.root
    }

    /// Makes a value from a schema, which may refer into the document.
    ///
    /// `turn` selects the variants of unions and the values of enums: the turns from 0 up to [`Sample::turns`],
    /// exclusive, make every variant of every union. Equal arguments always make equal values.
    pub fn sample(&self, schema: &Value, fields: Fields<'_>, turn: usize) -> Sample {
        self.inner.document.sample(schema, fields, turn)
    }

    /// Makes a value from a schema, with the variants that the discriminators in `like` select.
    pub(crate) fn sample_like(&self, schema: &Value, fields: Fields<'_>, like: &Value) -> Value {
        self.inner.document.sample_like(schema, fields, like)
    }

    /// Validates a value. Returns its problems with their JSON pointers; empty if the schema allows the value. The
    /// problems never repeat a part of the value.
    pub fn problems(&self, schema: &Value, value: &Value) -> Vec<String> {
        self.inner.document.problems(schema, value)
    }

    /// Makes the parameters and the body of a call from their schemas.
    ///
    /// `None` if there is no operation with this id.
    pub fn request(
        &self,
        operation_id: &str,
        fields: Fields<'_>,
        turn: usize,
    ) -> Option<SampleRequest> {
        let operation = self.by_id(operation_id)?;
        Some(operation.request(fields, turn))
    }

    /// Returns the success of an operation: its status, and a body made from its schema (`None` if
    /// the success has no body). `None` if there is no operation with this id.
    pub fn success(
        &self,
        operation_id: &str,
        fields: Fields<'_>,
        turn: usize,
    ) -> Option<(u16, Option<Sample>)> {
        let success = &self.by_id(operation_id)?.success;
        let sample = success
            .schema
            .as_ref()
            .map(|schema| self.sample(schema, fields, turn));
        Some((success.status.as_u16(), sample))
    }

    pub(crate) fn operations(&self) -> impl Iterator<Item = &Documented> {
        self.inner.operations.iter()
    }

    pub(crate) fn by_id(&self, operation_id: &str) -> Option<&Documented> {
        let index = *self.inner.by_id.get(operation_id)?;
        self.inner.operations.get(index)
    }

    /// The operations whose path matches; if several paths match, those of the most literal one.
    pub(crate) fn at(&self, path: &str) -> Vec<&Documented> {
        let fitting: Vec<&Documented> = self
            .inner
            .operations
            .iter()
            .filter(|operation| operation.path.matches(path).is_some())
            .collect();
        let literal = fitting
            .iter()
            .map(|operation| operation.path.literal())
            .max();
        fitting
            .into_iter()
            .filter(|operation| Some(operation.path.literal()) == literal)
            .collect()
    }
}

impl std::fmt::Debug for Specification {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Specification")
            .field("operations", &self.inner.operations.len())
            .finish_non_exhaustive()
    }
}
