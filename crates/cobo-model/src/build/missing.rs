use std::fmt;

/// All required fields that a builder was not given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingFields {
    names: Vec<String>,
}

impl MissingFields {
    /// An error that names these fields.
    pub fn new(names: Vec<String>) -> Self {
        Self { names }
    }

    /// The same fields, below the field `name`.
    #[must_use]
    pub fn within(self, name: &str) -> Self {
        let names = self.names.into_iter();
        Self::new(names.map(|field| format!("{name}.{field}")).collect())
    }

    /// The names, as [`names`](Self::names) returns them.
    pub fn into_names(self) -> Vec<String> {
        self.names
    }

    /// The names in the document. The name of a field of a request body is prefixed with the
    /// body's: `refresh_token_request.client_id`.
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
