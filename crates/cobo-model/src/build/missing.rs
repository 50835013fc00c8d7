use std::fmt;

/// The required fields that a builder was not given, all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingFields {
    names: Vec<String>,
}

impl MissingFields {
    /// These fields are missing.
    pub fn new(names: Vec<String>) -> Self {
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
