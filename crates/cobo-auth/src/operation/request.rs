use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use cobo_model::IntoBody;
use cobo_model::macros::collect_secrets;
use http::{HeaderValue, Method, header};
use serde::Serialize;

use super::Operation;
use super::endpoint::{Endpoint, JSON, check_raw_path, documented_body};
use super::form::Form;
use super::pages::{CursorPage, Pages};
use super::values::ParameterValue;
use crate::call::Call;
use crate::call::options::{CallCredential, CallOptions};
use crate::client::Client;
use crate::client::credential::Credential;
use crate::error::Error;
use crate::sign::target::canonical_url;

/// A request while it is being filled in: of a documented operation, or to an endpoint that no
/// document describes.
///
/// [`Client::request`](Client::request) creates a request to an undocumented endpoint. Generated
/// clients wrap a request of each operation in a builder with typed setters. Both go through the
/// same steps: setters cannot fail, and [`send`](Self::send) reports an invalid request before
/// anything is sent.
#[derive(Clone)]
#[must_use = "nothing is sent before `send`"]
pub struct Request<B: IntoBody = ()> {
    pub(super) client: Client,
    pub(super) target: Target,
    body: Option<B>,
    encoding: Encoding<B>,
    options: CallOptions,
}

/// The endpoint of a request, with the values that were set.
#[derive(Clone)]
pub(super) enum Target {
    Documented {
        operation: &'static Operation,
        /// By the indices of the operation's parameters.
        values: Vec<Option<ParameterValue>>,
    },
    Raw {
        method: Method,
        path: String,
        query: Vec<(String, String)>,
    },
}

impl Target {
    pub(super) fn operation(&self) -> Option<&'static Operation> {
        match self {
            Self::Documented { operation, .. } => Some(operation),
            Self::Raw { .. } => None,
        }
    }
}

/// How the body is written.
enum Encoding<B: IntoBody> {
    Json,
    Form(WriteForm<B>),
}

/// Adds the parts of a form.
type WriteForm<B> = fn(Form, &<B as IntoBody>::Model) -> Form;

/// A body as it is sent, with its content type.
type Encoded = (HeaderValue, Bytes);

impl Client {
    /// Starts a request to an endpoint that no document describes: the method, and the path below
    /// the base URL.
    ///
    /// The request is checked in [`send`](Request::send), not here.
    pub fn request(&self, method: Method, path: &str) -> Request {
        Request {
            client: self.clone(),
            target: Target::Raw {
                method,
                path: path.to_owned(),
                query: Vec::new(),
            },
            body: None,
            encoding: Encoding::Json,
            options: CallOptions::default(),
        }
    }
}

impl Request {
    /// Adds a query parameter. An empty value is not sent. A parameter that is added several times
    /// is sent once, with its values as one comma-separated list.
    pub fn query(mut self, name: &str, value: impl fmt::Display) -> Self {
        if let Target::Raw { query, .. } = &mut self.target {
            query.push((name.to_owned(), value.to_string()));
        }
        self
    }

    /// Sets the body, as JSON: a value, or a reference to one.
    pub fn json<T: Serialize>(self, body: T) -> Request<T> {
        Request {
            client: self.client,
            target: self.target,
            body: Some(body),
            encoding: Encoding::Json,
            options: self.options,
        }
    }
}

impl<B: IntoBody> Request<B> {
    /// Sends this credential's access token instead of the client's, also below `/oauth/`.
    pub fn credential(mut self, credential: impl Credential + 'static) -> Self {
        self.options.credential = CallCredential::given(credential);
        self
    }

    /// Sends no access token, whatever credential the client has.
    pub fn without_credential(mut self) -> Self {
        self.options.credential = CallCredential::None;
        self
    }

    /// Sets whether the request may be sent again after it may have been carried out. By default
    /// the document decides; without one, only `GET` and `HEAD` may.
    pub fn repeatable(mut self, repeatable: bool) -> Self {
        self.options.repeatable = Some(repeatable);
        self
    }

    /// The request in logs and errors: the operation's id, or method and path. An invalid path is
    /// left out, since it may contain anything.
    pub(super) fn label(&self) -> Cow<'static, str> {
        match &self.target {
            Target::Documented { operation, .. } => Cow::Borrowed(operation.id()),
            Target::Raw { method, path, .. } if check_raw_path(path).is_ok() => {
                Cow::Owned(format!("{method} {path}"))
            }
            Target::Raw { method, .. } => Cow::Owned(method.to_string()),
        }
    }

    pub(super) fn call(self, label: Cow<'static, str>) -> Result<Call, Error> {
        let Self {
            client,
            target,
            body,
            encoding,
            options,
        } = self;
        let CallOptions {
            repeatable,
            credential,
        } = options;
        let (body, missing) = match &target {
            Target::Documented { operation, .. } => documented_body(operation, body),
            Target::Raw { .. } => (body.map(IntoBody::build).transpose()?, Vec::new()),
        };
        let endpoint = match target {
            Target::Documented { operation, values } => Endpoint::of(operation, values, missing)?,
            Target::Raw {
                method,
                path,
                query,
            } => Endpoint::raw(method, path, query)?,
        };
        let (encoded, secrets) = collect_secrets(|| body.map(|body| encoding.encode(&body)));
        let encoded = encoded.transpose()?;
        let request_id = match endpoint.operation {
            Some(operation) => {
                let body = encoded.as_ref().map(|(_, body)| body.as_ref());
                operation.sent_id(body)?
            }
            None => None,
        };
        let mut call = Call {
            label,
            operation: endpoint.operation,
            repeatable: repeatable.unwrap_or(endpoint.repeatable),
            request_id,
            credential: credential.of_call(client.credential(), endpoint.credential),
            secrets: endpoint.secrets,
            url: canonical_url(client.base(), &endpoint.path, endpoint.query)
                .map_err(|why| Error::target("query", why))?,
            method: endpoint.method,
            headers: endpoint.headers,
            body: None,
        };
        call.secrets.extend(secrets);
        if let Some((content_type, body)) = encoded {
            let declared = call.operation.and_then(|operation| operation.body);
            let content_type = match declared {
                Some(body) if content_type == JSON => HeaderValue::try_from(body.media_type)
                    .map_err(|_| Error::invalid_request("invalid media type".to_owned()))?,
                _ => content_type,
            };
            call.headers.insert(header::CONTENT_TYPE, content_type);
            call.body = Some(body);
        }
        call.check_method()?;
        call.add_fixed_headers();
        Ok(call)
    }
}

/// What generated clients use. Not for other code: it changes with the generator.
#[doc(hidden)]
impl<B: IntoBody> Request<B> {
    /// Creates a request of an operation, with nothing set.
    pub fn of(client: &Client, operation: &'static Operation) -> Self {
        Self {
            client: client.clone(),
            target: Target::Documented {
                operation,
                values: vec![None; operation.parameters.len()],
            },
            body: None,
            encoding: Encoding::Json,
            options: CallOptions::default(),
        }
    }

    /// Sends the body as a form. `write` adds its parts.
    pub fn encode(mut self, write: WriteForm<B>) -> Self {
        self.encoding = Encoding::Form(write);
        self
    }

    /// Sets a parameter of the operation, by its index.
    pub fn set<T: Serialize>(&mut self, index: usize, value: impl Into<T>) {
        if let Target::Documented { values, .. } = &mut self.target
            && let Some(slot) = values.get_mut(index)
        {
            *slot = Some(ParameterValue::of(&value.into()));
        }
    }

    /// Sets the body.
    pub fn set_body(&mut self, body: B) {
        self.body = Some(body);
    }
}

#[doc(hidden)]
impl Request {
    /// Returns the pages of a list. `after` and `before` are the indices of the parameters that
    /// take a cursor.
    pub fn pages<P: CursorPage>(self, after: usize, before: Option<usize>) -> Pages<P> {
        Pages::new(self, after, before)
    }

    /// The text of the parameter at this index. `None` if it is not set, empty, or a list.
    pub(crate) fn text(&self, index: usize) -> Option<&str> {
        let Target::Documented { values, .. } = &self.target else {
            return None;
        };
        match values.get(index)? {
            Some(ParameterValue::Text(text)) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// The id of the operation.
    pub(crate) fn operation(&self) -> &'static str {
        Operation::id_or_raw(self.target.operation())
    }
}

impl<B: IntoBody> Encoding<B> {
    fn encode(&self, body: &B::Model) -> Result<Encoded, Error> {
        match self {
            Self::Json => {
                let json = serde_json::to_vec(body).map_err(|_| {
                    Error::invalid_request("the body cannot be written as JSON".to_owned())
                })?;
                Ok((JSON, json.into()))
            }
            Self::Form(write) => {
                let (content_type, body) = write(Form::default(), body).finish()?;
                let content_type = HeaderValue::try_from(content_type)
                    .map_err(|_| Error::invalid_request("invalid form boundary".to_owned()))?;
                Ok((content_type, body.into()))
            }
        }
    }
}

impl<B: IntoBody> Clone for Encoding<B> {
    fn clone(&self) -> Self {
        match self {
            Self::Json => Self::Json,
            Self::Form(write) => Self::Form(*write),
        }
    }
}

/// Shows the values that were set in a documented request, by name, without secrets. Query and body
/// of a request without a document are omitted, since they may contain a secret.
impl<B: IntoBody + fmt::Debug> fmt::Debug for Request<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Request");
        let Target::Documented { operation, values } = &self.target else {
            return out.field("request", &self.label()).finish_non_exhaustive();
        };
        out.field("operation", &operation.id());
        for (parameter, value) in operation.parameters.iter().zip(values) {
            match value {
                Some(_) if parameter.secret => out.field(parameter.name, &"REDACTED"),
                Some(ParameterValue::Text(text)) => out.field(parameter.name, text),
                Some(ParameterValue::List(items)) => out.field(parameter.name, items),
                Some(ParameterValue::Unencodable) | None => continue,
            };
        }
        if let Some(body) = &self.body {
            out.field("body", body);
        }
        out.finish()
    }
}
