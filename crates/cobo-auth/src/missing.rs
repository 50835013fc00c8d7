use std::fmt;

use crate::error::Error;
use crate::operation::Operation;

/// The required fields that a builder was not given, all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingFields {
    names: Vec<String>,
}

impl MissingFields {
    /// The names as the document has them; a field of a request body has the body in front:
    /// `refresh_token_request.client_id`.
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

impl fmt::Display for MissingFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "missing required fields: {}", self.names.join(", "))
    }
}

impl std::error::Error for MissingFields {}

/// Collects what a builder lacks.
#[derive(Debug)]
pub struct Missing {
    of: &'static str,
    names: Vec<String>,
}

impl Missing {
    /// Of an operation's builder.
    pub fn new(operation: &'static Operation) -> Self {
        Self::model(operation.id())
    }

    /// Of a model's builder.
    pub fn model(of: &'static str) -> Self {
        Self {
            of,
            names: Vec::new(),
        }
    }

    /// A required field: handed on, or noted.
    pub fn take<T>(&mut self, name: &'static str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.names.push(name.to_owned());
        }
        value
    }

    /// A required query parameter of text: handed on, or noted, also if it is empty, since nothing
    /// is sent of an empty one.
    pub fn text(&mut self, name: &'static str, value: Option<String>) -> Option<String> {
        self.take(name, value.filter(|value| !value.is_empty()))
    }

    /// A part with required fields of its own: handed on, or all that it lacks noted.
    pub fn nested<T>(&mut self, name: &'static str, value: Result<T, MissingFields>) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(missing) => {
                let names = missing.names.iter().map(|field| format!("{name}.{field}"));
                self.names.extend(names);
                None
            }
        }
    }

    /// What was noted, as the error of a call.
    pub fn into_error(self) -> Error {
        let of = self.of;
        Error::from(self.into_fields()).with_operation(of)
    }

    /// What was noted, as the error of a model's builder.
    pub fn into_fields(self) -> MissingFields {
        MissingFields { names: self.names }
    }
}
