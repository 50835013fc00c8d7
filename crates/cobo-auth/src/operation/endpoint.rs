//! The endpoint of a request: method, path, query and headers, made of the values that were set.

use std::borrow::Cow;

use cobo_model::{IntoBody, MissingFields, Secret};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use super::values::ParameterValue;
use super::{Location, Operation};
use crate::call::options::is_oauth;
use crate::client::RESERVED_HEADERS;
use crate::error::Error;
use crate::sign::target::{check_path, path_segment};

pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The endpoint of a call: everything but the body and the client's part.
pub(super) struct Endpoint {
    pub(super) operation: Option<&'static Operation>,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Vec<(Cow<'static, str>, String)>,
    pub(super) headers: HeaderMap,
    pub(super) secrets: Vec<Secret>,
    pub(super) repeatable: bool,
    /// Whether the client's access token is sent.
    pub(super) credential: bool,
}

impl Endpoint {
    pub(super) fn raw(
        method: Method,
        path: String,
        query: Vec<(String, String)>,
    ) -> Result<Self, Error> {
        check_raw_path(&path)?;
        let query = query.into_iter();
        Ok(Self {
            operation: None,
            repeatable: matches!(method, Method::GET | Method::HEAD),
            credential: !is_oauth(&path),
            method,
            path,
            query: query.map(|(name, value)| (name.into(), value)).collect(),
            headers: HeaderMap::from_iter([(header::ACCEPT, JSON)]),
            secrets: Vec::new(),
        })
    }

    /// `missing` are the missing fields of the body.
    pub(super) fn of(
        operation: &'static Operation,
        values: Vec<Option<ParameterValue>>,
        missing: Vec<String>,
    ) -> Result<Self, Error> {
        let mut names = missing_parameters(operation, &values);
        names.extend(missing);
        if !names.is_empty() {
            return Err(MissingFields::new(names).into());
        }
        let mut endpoint = Self {
            operation: Some(operation),
            method: operation.method().clone(),
            path: operation.path().to_owned(),
            query: Vec::new(),
            headers: HeaderMap::new(),
            secrets: Vec::new(),
            repeatable: operation.is_repeatable(),
            credential: operation.takes_credential(),
        };
        if operation.json {
            endpoint.headers.insert(header::ACCEPT, JSON);
        }
        for (parameter, value) in operation.parameters.iter().zip(values) {
            let Some(value) = value else { continue };
            let name = parameter.name;
            if parameter.secret {
                let texts = value.texts().iter().cloned();
                endpoint.secrets.extend(texts.map(Secret::new));
            }
            let refused = |why| Error::target(name, why);
            let Some(value) = value.joined(name).map_err(refused)? else {
                let text = format!("the value of `{name}` cannot be written as text");
                return Err(Error::invalid_request(text));
            };
            match parameter.location {
                Location::Path => {
                    let segment = path_segment(&value).map_err(refused)?;
                    endpoint.path = endpoint.path.replace(&format!("{{{name}}}"), &segment);
                }
                Location::Query => endpoint.query.push((Cow::Borrowed(name), value)),
                Location::Header => {
                    let (name, value) = header(name, value, parameter.secret)?;
                    if !RESERVED_HEADERS.contains(&name) {
                        endpoint.headers.insert(name, value);
                    }
                }
            }
        }
        Ok(endpoint)
    }
}

pub(super) fn check_raw_path(path: &str) -> Result<(), Error> {
    if !path.starts_with('/') || path.contains(['?', '#']) {
        return Err(Error::invalid_request(
            "a path starts with `/` and has no query; add parameters with `query`".to_owned(),
        ));
    }
    check_path(path).map_err(|why| Error::target("path", why))
}

/// The names of the required parameters that have no value. An empty query parameter is not sent,
/// so it counts as missing.
fn missing_parameters(operation: &Operation, values: &[Option<ParameterValue>]) -> Vec<String> {
    let parameters = operation.parameters.iter().zip(values);
    parameters
        .filter(|(parameter, value)| {
            let is_empty =
                |value: &ParameterValue| parameter.location == Location::Query && value.is_empty();
            parameter.required && value.as_ref().is_none_or(is_empty)
        })
        .map(|(parameter, _)| parameter.name.to_owned())
        .collect()
}

/// The body of an operation, and the names of what is missing of it. Of a required body that was not
/// set, all required fields are missing, or the body itself if it has none.
pub(super) fn documented_body<B: IntoBody>(
    operation: &Operation,
    body: Option<B>,
) -> (Option<B::Model>, Vec<String>) {
    let Some(described) = operation.body else {
        return (None, Vec::new());
    };
    let names = |missing: MissingFields| missing.below(described.name).into_names();
    match body.map(IntoBody::build) {
        Some(Ok(model)) => (Some(model), Vec::new()),
        Some(Err(missing)) => (None, names(missing)),
        None if described.required => match B::empty().map(IntoBody::build) {
            Some(Err(missing)) => (None, names(missing)),
            _ => (None, vec![described.name.to_owned()]),
        },
        None => (None, Vec::new()),
    }
}

fn header(name: &str, value: String, secret: bool) -> Result<(HeaderName, HeaderValue), Error> {
    let mut value = HeaderValue::try_from(value).map_err(|_| {
        let text =
            format!("the value of the header `{name}` has a character that no header can have");
        Error::invalid_request(text)
    })?;
    value.set_sensitive(secret);
    let name = HeaderName::try_from(name)
        .map_err(|_| Error::invalid_request(format!("invalid header name `{name}`")))?;
    Ok((name, value))
}
