//! Request bodies.

use bytes::Bytes;
#[cfg(feature = "specification")]
use futures_util::stream;
use http::{HeaderMap, header};
use serde_json::{Map, Value};

use super::document::Document;
use super::json::{entries, flag, items, resolve};
use super::parameter;
use super::sample::is_binary;

const JSON: &str = "application/json";
const FORM: &str = "multipart/form-data";

/// The request body that an operation declares.
pub(super) struct Body {
    pub(super) required: bool,
    pub(super) media_type: String,
    pub(super) schema: Value,
}

impl Body {
    pub(super) fn read(root: &Value, value: &Value) -> Result<Option<Self>, String> {
        let value = resolve(root, value).ok_or("the body's reference leads nowhere")?;
        let media = || entries(value.get("content"));
        let preferred = media().find(|(name, _)| essence(name) == JSON);
        let Some((media_type, media)) = preferred.or_else(|| media().next()) else {
            return Ok(None);
        };
        Ok(Some(Self {
            required: flag(value, "required"),
            media_type: essence(media_type),
            schema: media.get("schema").cloned().unwrap_or_default(),
        }))
    }

    /// The problems of a request body.
    pub(super) fn problems(
        &self,
        document: &Document,
        headers: &HeaderMap,
        body: &[u8],
        form: Option<&Form>,
    ) -> Vec<String> {
        if body.is_empty() {
            return if self.required {
                vec!["the body is missing".to_owned()]
            } else {
                Vec::new()
            };
        }
        let content_type = headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        if content_type.map(essence).as_deref() != Some(&self.media_type) {
            return vec![format!("the content type must be {}", self.media_type)];
        }
        let value = match self.media_type.as_str() {
            FORM => match form {
                Some(Form::Parts(parts)) => self.of_parts(document, parts),
                Some(Form::Broken(reason)) => return vec![format!("the form: {reason}")],
                None => return vec!["the form was not read".to_owned()],
            },
            JSON => match serde_json::from_slice(body) {
                Ok(value) => value,
                // The parser's own message would repeat parts of the body.
                Err(error) => {
                    let (line, column) = (error.line(), error.column());
                    return vec![format!(
                        "the body is not JSON (line {line}, column {column})"
                    )];
                }
            },
            _ => return Vec::new(),
        };
        let problems = document.problems(&self.schema, &value);
        let place = |problem: String| format!("the body, {problem}");
        problems.into_iter().map(place).collect()
    }

    /// Converts the parts of a form to the object that the schema describes.
    fn of_parts(&self, document: &Document, parts: &[(String, String)]) -> Value {
        let root = &document.root;
        let mut object = Map::new();
        for (name, text) in parts {
            let schema = property(root, &self.schema, name);
            let value = match schema {
                Some(schema) if !is_binary(schema) => parameter::read(root, schema, text, ','),
                _ => Value::String(text.clone()),
            };
            object.insert(name.clone(), value);
        }
        Value::Object(object)
    }
}

fn property<'a>(root: &'a Value, schema: &'a Value, name: &str) -> Option<&'a Value> {
    let schema = resolve(root, schema)?;
    let own = schema
        .get("properties")
        .and_then(|properties| properties.get(name));
    own.and_then(|property| resolve(root, property))
        .or_else(|| items(schema.get("allOf")).find_map(|part| property(root, part, name)))
}

/// A media type without its parameters, in lower case.
fn essence(media_type: &str) -> String {
    let essence = media_type.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// A parsed `multipart/form-data` body.
pub(crate) enum Form {
    /// The parts' names and contents, in order. The bytes of a file are decoded as UTF-8; invalid bytes are replaced.
    Parts(Vec<(String, String)>),
    /// Why the body cannot be parsed.
    Broken(&'static str),
}

impl Form {
    /// Parses a body; `None` if its declared content type is not `multipart/form-data`.
    pub(crate) async fn read(headers: &HeaderMap, body: &Bytes) -> Option<Self> {
        let content_type = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        if essence(content_type) != FORM {
            return None;
        }
        Some(Self::parse(content_type, body).await)
    }

    #[cfg(not(feature = "specification"))]
    async fn parse(_content_type: &str, _body: &Bytes) -> Self {
        Self::Broken("this sandbox was built without forms")
    }

    #[cfg(feature = "specification")]
    async fn parse(content_type: &str, body: &Bytes) -> Self {
        let Ok(boundary) = multer::parse_boundary(content_type) else {
            return Self::Broken("the content type has no boundary");
        };
        let body = stream::iter([Ok::<_, std::convert::Infallible>(body.clone())]);
        let mut form = multer::Multipart::new(body, boundary);
        let mut parts = Vec::new();
        loop {
            match form.next_field().await {
                Ok(None) => return Self::Parts(parts),
                Ok(Some(field)) => {
                    let Some(name) = field.name().map(str::to_owned) else {
                        return Self::Broken("a part has no name");
                    };
                    if parts.iter().any(|(known, _)| *known == name) {
                        return Self::Broken("a part is repeated");
                    }
                    let Ok(content) = field.bytes().await else {
                        return Self::Broken("a part breaks off");
                    };
                    parts.push((name, String::from_utf8_lossy(&content).into_owned()));
                }
                Err(_) => return Self::Broken("it is not multipart"),
            }
        }
    }
}
