//! Operations: how a request is checked, and which answer it gets.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value, json};

use super::body::{Body, Form};
use super::document::Document;
use super::json::{entries, resolve};
use super::parameter::{self, Location, Parameter, add};
use super::path::Template;
use super::place::Place;
use super::query::{self, Query};
use super::sample::Fields;
use crate::signature::{RequestParts, split};

pub(crate) struct Documented {
    pub(crate) id: String,
    /// The method, in upper case.
    pub(crate) method: String,
    pub(crate) path: Template,
    /// Whether the document says that an app calls the operation without an organization's access token.
    pub(crate) is_without_credential: bool,
    pub(crate) success: Success,
    parameters: Vec<Parameter>,
    body: Option<Body>,
    document: Arc<Document>,
    answer: OnceLock<Option<Value>>,
    items: OnceLock<Vec<Value>>,
}

pub(crate) struct Success {
    pub(crate) status: StatusCode,
    /// The schema of the success; `None` if it has no body.
    pub(crate) schema: Option<Value>,
}

/// How many items are made for a list. Equal items count once.
const ITEMS: usize = 24;

impl Documented {
    pub(super) fn read(
        document: &Arc<Document>,
        path: &str,
        method: &str,
        item: &Value,
        operation: &Value,
    ) -> Result<Self, String> {
        let root = &document.root;
        let method = method.to_ascii_uppercase();
        let id = operation.get("operationId").and_then(Value::as_str);
        Ok(Self {
            id: id.map_or_else(|| format!("{method} {path}"), str::to_owned),
            path: Template::new(path),
            is_without_credential: operation.get("x-cobo-credential") == Some(&json!("none")),
            success: Success::read(root, operation)?,
            parameters: parameter::of(root, item, operation)?,
            body: match operation.get("requestBody") {
                Some(body) => Body::read(root, body)?,
                None => None,
            },
            method,
            document: Arc::clone(document),
            answer: OnceLock::new(),
            items: OnceLock::new(),
        })
    }

    /// Makes the arguments of a call.
    pub(super) fn request(&self, fields: Fields<'_>, turn: usize) -> SampleRequest {
        let mut request = SampleRequest {
            turns: 1,
            ..SampleRequest::default()
        };
        for parameter in &self.parameters {
            if let Some(sample) = parameter.sample(&self.document, fields, turn) {
                let into = match parameter.location {
                    Location::Path => &mut request.path,
                    Location::Query => &mut request.query,
                    Location::Header => &mut request.headers,
                };
                add(into, &mut request.turns, &parameter.name, sample);
            }
        }
        if let Some(body) = &self.body
            && (body.required || fields != Fields::Required)
        {
            let sample = self.document.sample(&body.schema, fields, turn);
            request.turns = request.turns.max(sample.turns);
            request.body = Some(sample.value);
        }
        request
    }

    /// Reads the filters and the paging parameters of a query.
    pub(crate) fn read_query(&self, query: &str) -> Query {
        Query::of(&self.parameters, query)
    }

    /// The problems of a request, by the document. `path` is relative to the base URL.
    pub(crate) fn problems(
        &self,
        path: &str,
        request: &RequestParts<'_>,
        form: Option<&Form>,
    ) -> Vec<String> {
        let mut problems = Vec::new();
        let in_path: HashMap<&str, Option<String>> = self
            .path
            .matches(path)
            .unwrap_or_default()
            .into_iter()
            .collect();
        let in_query = query::read(&self.parameters, split(request.target).1, &mut problems);
        for parameter in &self.parameters {
            let name = parameter.name.as_str();
            let (place, text) = match parameter.location {
                Location::Path => ("path", in_path.get(name).cloned().flatten()),
                Location::Query => ("query", in_query.get(name).cloned()),
                Location::Header => ("header", header(request.headers, name)),
            };
            match text {
                Some(text) => {
                    let found = parameter.problems(&self.document, &text);
                    let named = |problem| format!("the {place} parameter {name}, {problem}");
                    problems.extend(found.into_iter().map(named));
                }
                None if parameter.required => {
                    problems.push(format!("the {place} parameter {name} is missing"));
                }
                None => {}
            }
        }
        match &self.body {
            Some(body) => {
                let (headers, body_sent) = (request.headers, request.body);
                problems.extend(body.problems(&self.document, headers, body_sent, form));
            }
            None if !request.body.is_empty() => {
                problems.push("the operation takes no body".to_owned());
            }
            None => {}
        }
        problems
    }

    /// The body of the success, with all fields, made once and kept.
    pub(crate) fn answer(&self) -> Option<Value> {
        let make = || {
            let schema = self.success.schema.as_ref()?;
            Some(self.document.sample(schema, Fields::All, 0).value)
        };
        self.answer.get_or_init(make).clone()
    }

    /// Different items of a list, with all fields, made once and kept. They cover the variants of unions and the values
    /// of enums in turn, so that filters match some of them.
    pub(crate) fn items(&self, place: &Place) -> &[Value] {
        let make = || {
            let mut items = Vec::new();
            let Some(schema) = &self.success.schema else {
                return items;
            };
            for turn in 0..ITEMS {
                let answer = self.document.sample(schema, Fields::All, turn).value;
                let list = place.items(&answer);
                if let Some(item) = list.and_then(|list| list.first())
                    && !items.contains(item)
                {
                    items.push(item.clone());
                }
            }
            items
        };
        self.items.get_or_init(make)
    }
}

impl Success {
    fn read(root: &Value, operation: &Value) -> Result<Self, String> {
        let responses = || entries(operation.get("responses"));
        let success = responses().find(|(status, _)| status.starts_with('2'));
        let Some((status, response)) =
            success.or_else(|| responses().find(|(status, _)| *status == "default"))
        else {
            return Ok(Self {
                status: StatusCode::OK,
                schema: None,
            });
        };
        let response = resolve(root, response).ok_or("a response's reference leads nowhere")?;
        let media = entries(response.get("content")).next();
        Ok(Self {
            // Answer `2XX` and `default` with the most common status.
            status: status.parse().unwrap_or(StatusCode::OK),
            schema: media.and_then(|(_, media)| media.get("schema")).cloned(),
        })
    }
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// The arguments of a call, by their names in the document.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct SampleRequest {
    /// The values of the path parameters.
    pub path: Map<String, Value>,
    /// The values of the query parameters.
    pub query: Map<String, Value>,
    /// The values of the header parameters.
    pub headers: Map<String, Value>,
    /// The body; for a form, an object of its parts.
    pub body: Option<Value>,
    /// The number of turns needed to make every variant of every union.
    pub turns: usize,
}
