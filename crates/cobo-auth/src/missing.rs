use cobo_model::MissingFields;

use crate::error::Error;
use crate::operation::Operation;

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
                let names = missing
                    .names()
                    .iter()
                    .map(|field| format!("{name}.{field}"));
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
