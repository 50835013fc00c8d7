//! Requests of generated operations: the values given to a builder, and the HTTP request made of
//! them.
//!
//! A generated operation is only a list of setters; the shared behaviour is implemented here.

use std::fmt;

use cobo_model::macros::collect_secrets;
use cobo_model::{IntoBody, Secret};
use http::{HeaderValue, Method, header};
use reqwest::Url;
use serde::Serialize;
use serde_json::Value;

use crate::call::log_unbuilt;
use crate::client::Client;
use crate::credential::Credential;
use crate::endpoint::{Endpoint, Place};
use crate::error::Error;
use crate::form::Form;
use crate::missing::Missing;
use crate::operation::Operation;
use crate::options::{CallCredential, CallOptions};
use crate::target;

/// A request of an operation while its builder is being filled in.
#[derive(Clone)]
pub struct Draft<B = ()> {
    endpoint: &'static Endpoint,
    /// The values, by the indices of the endpoint's inputs.
    values: Vec<Option<Text>>,
    body: Option<B>,
    options: CallOptions,
}

/// A parameter's value.
#[derive(Clone)]
enum Text {
    One(String),
    List(Vec<String>),
    /// The value cannot be written as text.
    Odd,
}

impl<B> Draft<B> {
    /// A request with nothing set.
    pub fn new(endpoint: &'static Endpoint) -> Self {
        Self {
            endpoint,
            values: vec![None; endpoint.inputs.len()],
            body: None,
            options: CallOptions::default(),
        }
    }

    /// Sets a parameter, by its index.
    pub fn set<T: Serialize>(&mut self, index: usize, value: impl Into<T>) {
        if let Some(slot) = self.values.get_mut(index) {
            *slot = Some(text(serde_json::to_string(&value.into())));
        }
    }

    /// The value of the parameter at this index. `None` if it is not set or is a list.
    pub(crate) fn text(&self, index: usize) -> Option<&str> {
        match self.values.get(index)? {
            Some(Text::One(text)) => Some(text),
            _ => None,
        }
    }

    /// The id of the operation.
    pub(crate) fn operation(&self) -> &'static str {
        self.endpoint.operation.id()
    }

    /// Sets whether the call may be repeated.
    pub fn repeatable(&mut self, repeatable: bool) {
        self.options.repeatable = Some(repeatable);
    }

    /// Sends this credential's token instead of the client's.
    pub fn credential(&mut self, credential: impl Credential + 'static) {
        self.options.credential = CallCredential::given(credential);
    }

    /// Sends no token.
    pub fn without_credential(&mut self) {
        self.options.credential = CallCredential::None;
    }

    /// Sets the body.
    pub fn set_body(&mut self, body: B) {
        self.body = Some(body);
    }
}

impl<B: IntoBody> Draft<B> {
    /// Builds the request with a JSON body.
    ///
    /// # Errors
    ///
    /// Required fields are missing (the error names all of them), or a value cannot be sent.
    pub fn json(self, base_url: &str) -> Result<Outgoing, Error> {
        self.with_json(base_url).inspect_err(log_unbuilt)
    }

    fn with_json(self, base_url: &str) -> Result<Outgoing, Error> {
        let (mut plan, body) = self.checked()?;
        let write = || body.map(|body| serde_json::to_vec(&body)).transpose();
        let (written, secrets) = collect_secrets(write);
        plan.options.secrets.extend(secrets);
        let written = written.map_err(|_| {
            let text = "the body cannot be written as JSON".to_owned();
            Error::invalid_request(text).with_operation(plan.endpoint.operation.id())
        })?;
        plan.outgoing(base_url, written.map(|body| (JSON, body)))
    }

    /// Builds the request with a form as body. `write` adds the parts of the form.
    ///
    /// # Errors
    ///
    /// Required fields are missing (the error names all of them), or a value cannot be sent.
    pub fn form(
        self,
        base_url: &str,
        write: impl FnOnce(Form, &B::Model) -> Form,
    ) -> Result<Outgoing, Error> {
        self.with_form(base_url, write).inspect_err(log_unbuilt)
    }

    fn with_form(
        self,
        base_url: &str,
        write: impl FnOnce(Form, &B::Model) -> Form,
    ) -> Result<Outgoing, Error> {
        let (mut plan, body) = self.checked()?;
        let operation = &plan.endpoint.operation;
        let (form, secrets) =
            collect_secrets(|| body.map(|body| write(Form::new(operation), &body).finish()));
        plan.options.secrets.extend(secrets);
        let form = match form.transpose()? {
            Some((content_type, body)) => {
                let content_type = HeaderValue::try_from(content_type)
                    .map_err(|_| Error::invalid_request("the form has no boundary".to_owned()))?;
                Some((content_type, body))
            }
            None => None,
        };
        plan.outgoing(base_url, form)
    }

    /// Checks that nothing required is missing and returns the parts of the request.
    fn checked(self) -> Result<(Plan, Option<B::Model>), Error> {
        let Self {
            endpoint,
            values,
            body,
            options,
        } = self;
        let mut missing = Missing::new(&endpoint.operation);
        for (input, value) in endpoint.inputs.iter().zip(&values) {
            // An empty query parameter is not sent, so it counts as missing.
            let empty = input.place == Place::Query
                && matches!(value, Some(Text::One(text)) if text.is_empty());
            if input.required && (value.is_none() || empty) {
                missing.note(input.name);
            }
        }
        let name = endpoint.body.unwrap_or("body");
        let body = match body.or_else(|| B::empty().filter(|_| endpoint.required)) {
            Some(body) => missing.nested(name, body.build()),
            None => {
                if endpoint.required {
                    missing.note(name);
                }
                None
            }
        };
        if missing.is_empty() {
            let plan = Plan {
                endpoint,
                values,
                options,
            };
            Ok((plan, body))
        } else {
            Err(missing.into_error())
        }
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Converts serialised JSON to the text for a URL or a header. A string loses its quotes.
fn text(json: serde_json::Result<String>) -> Text {
    let Ok(json) = json else { return Text::Odd };
    match json.as_bytes().first() {
        Some(b'"') => serde_json::from_str(&json).map_or(Text::Odd, Text::One),
        Some(b'[') => {
            let items: Result<Vec<&serde_json::value::RawValue>, _> = serde_json::from_str(&json);
            let items =
                items.unwrap_or_default().into_iter().map(|item| {
                    match serde_json::from_str(item.get()) {
                        Ok(Value::String(text)) => text,
                        _ => item.get().to_owned(),
                    }
                });
            Text::List(items.collect())
        }
        _ => Text::One(json),
    }
}

/// A request with all its required parts.
struct Plan {
    endpoint: &'static Endpoint,
    values: Vec<Option<Text>>,
    options: CallOptions,
}

impl Plan {
    fn outgoing(
        mut self,
        base_url: &str,
        body: Option<(HeaderValue, Vec<u8>)>,
    ) -> Result<Outgoing, Error> {
        let operation = &self.endpoint.operation;
        for (input, value) in self.endpoint.inputs.iter().zip(&self.values) {
            let texts = match value {
                Some(Text::One(text)) if input.secret => std::slice::from_ref(text),
                Some(Text::List(items)) if input.secret => items,
                _ => continue,
            };
            let secrets = texts.iter().map(|text| Secret::new(text.clone()));
            self.options.secrets.extend(secrets);
        }
        let options = std::mem::take(&mut self.options);
        self.request(base_url, body)
            .map(|request| Outgoing {
                operation,
                request,
                options,
            })
            .map_err(|error| error.with_operation(operation.id()))
    }

    fn request(
        self,
        base_url: &str,
        body: Option<(HeaderValue, Vec<u8>)>,
    ) -> Result<reqwest::Request, Error> {
        let Self {
            endpoint, values, ..
        } = self;
        let mut path = endpoint.operation.path().to_owned();
        let (mut query, mut headers) = (Vec::new(), Vec::new());
        for (input, value) in endpoint.inputs.iter().zip(values) {
            let Some(value) = value else { continue };
            let wrong = |why| Error::target(input.name, why);
            let value = match value {
                Text::One(text) => text,
                Text::List(items) => target::comma_list(input.name, items).map_err(wrong)?,
                Text::Odd => {
                    let text = format!("the value of `{}` cannot be written as text", input.name);
                    return Err(Error::invalid_request(text));
                }
            };
            match input.place {
                Place::Path => {
                    let segment = target::path_segment(&value).map_err(wrong)?;
                    path = path.replace(&format!("{{{}}}", input.name), &segment);
                }
                Place::Query => query.push((input.name, value)),
                Place::Header => headers.push((input.name, value, input.secret)),
            }
        }
        let odd = |what: &str| Error::invalid_request(format!("{what} cannot be sent"));
        let mut url = Url::parse(&format!("{base_url}{path}")).map_err(|_| odd("the URL"))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let method = Method::from_bytes(endpoint.operation.method().as_bytes());
        let mut request = reqwest::Request::new(method.map_err(|_| odd("the method"))?, url);
        if endpoint.json {
            request.headers_mut().insert(header::ACCEPT, JSON);
        }
        for (name, value, secret) in headers {
            let mut value = HeaderValue::try_from(value).map_err(|_| {
                Error::invalid_request(format!(
                    "the header `{name}` has a character that no header can have"
                ))
            })?;
            value.set_sensitive(secret);
            let name = http::HeaderName::try_from(name).map_err(|_| odd("a header's name"))?;
            request.headers_mut().insert(name, value);
        }
        if let Some((content_type, body)) = body {
            request
                .headers_mut()
                .insert(header::CONTENT_TYPE, content_type);
            *request.body_mut() = Some(body.into());
        }
        Ok(request)
    }
}

/// A request that is ready to be signed and sent.
pub struct Outgoing {
    /// The operation of the request.
    pub operation: &'static Operation,
    /// The HTTP request.
    pub request: reqwest::Request,
    options: CallOptions,
}

/// Without the request, which may hold secrets.
impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("operation", &self.operation.id())
            .finish_non_exhaustive()
    }
}

impl Outgoing {
    /// Returns the client with the options of this call.
    pub fn client(&self, client: &Client) -> Client {
        client.with_options(self.options.clone())
    }
}

/// Shows the values that were set, by name, without secrets.
impl<B: fmt::Debug> fmt::Debug for Draft<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Draft");
        out.field("operation", &self.endpoint.operation.id());
        for (input, value) in self.endpoint.inputs.iter().zip(&self.values) {
            match value {
                Some(_) if input.secret => out.field(input.name, &"REDACTED"),
                Some(Text::One(text)) => out.field(input.name, text),
                Some(Text::List(items)) => out.field(input.name, items),
                Some(Text::Odd) | None => continue,
            };
        }
        if let Some(body) = &self.body {
            out.field("body", body);
        }
        out.finish()
    }
}
