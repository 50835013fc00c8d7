use std::fmt;

/// All required fields that a builder was not given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MissingFields {
    names: Vec<String>,
}

impl MissingFields {
    /// Creates an error that names these fields.
    pub fn new(names: Vec<String>) -> Self {
        Self { names }
    }

    /// Returns the same fields, below the field `name`: `client_id` is `name.client_id`.
    #[must_use]
    pub fn below(self, name: &str) -> Self {
        let names = self.names.into_iter().map(|field| {
            let dot = if field.starts_with('[') { "" } else { "." };
            format!("{name}{dot}{field}")
        });
        Self::new(names.collect())
    }

    /// Adds the fields of another error.
    pub(crate) fn extend(&mut self, other: Self) {
        self.names.extend(other.names);
    }

    /// Whether no field is missing.
    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Returns the names, as [`names`](Self::names) returns them.
    pub fn into_names(self) -> Vec<String> {
        self.names
    }

    /// Returns the paths of the fields, with the names in the document: `source.wallet_id`,
    /// `outputs[1].amount`. The path of a field in a request body begins with the name of the
    /// body's setter: `refresh_token_request.client_id`.
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
