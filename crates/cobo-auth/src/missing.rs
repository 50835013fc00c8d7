use std::fmt;

use crate::error::Error;
use crate::operation::Operation;

/// The required fields that a builder was not given, all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingFields {
    names: Vec<String>,
}

impl MissingFields {
    pub(crate) fn new(names: Vec<String>) -> Self {
        Self { names }
    }

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
pub(crate) struct Missing {
    of: &'static str,
    names: Vec<String>,
}

impl Missing {
    /// Of an operation's builder.
    pub(crate) fn new(operation: &'static Operation) -> Self {
        Self {
            of: operation.id(),
            names: Vec::new(),
        }
    }

    /// Notes a required value that is not there.
    pub(crate) fn note(&mut self, name: &'static str) {
        self.names.push(name.to_owned());
    }

    /// Whether nothing is missing.
    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// A part with required fields of its own: handed on, or all that it lacks noted.
    pub(crate) fn nested<T>(
        &mut self,
        name: &'static str,
        value: Result<T, MissingFields>,
    ) -> Option<T> {
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
    pub(crate) fn into_error(self) -> Error {
        Error::from(MissingFields::new(self.names)).with_operation(self.of)
    }
}
