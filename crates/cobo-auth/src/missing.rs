use cobo_model::MissingFields;

use crate::error::Error;
use crate::operation::Operation;

/// Collects the required values that a builder was not given.
#[derive(Debug)]
pub(crate) struct Missing {
    of: &'static str,
    names: Vec<String>,
}

impl Missing {
    /// Starts with nothing missing, for an operation's builder.
    pub(crate) fn new(operation: &'static Operation) -> Self {
        Self {
            of: operation.id(),
            names: Vec::new(),
        }
    }

    /// Records a missing required value.
    pub(crate) fn note(&mut self, name: &'static str) {
        self.names.push(name.to_owned());
    }

    /// Whether nothing is missing.
    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Returns a nested value, or records all required fields that it lacks.
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

    /// The error of the call: all missing values.
    pub(crate) fn into_error(self) -> Error {
        Error::from(MissingFields::new(self.names)).with_operation(self.of)
    }
}
