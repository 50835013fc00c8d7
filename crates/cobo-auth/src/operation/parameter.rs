/// A parameter of an operation: its name in the document and its location.
#[derive(Debug)]
pub struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) location: Location,
    pub(crate) required: bool,
    pub(crate) secret: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Location {
    Path,
    Query,
    Header,
}

impl Parameter {
    const fn new(name: &'static str, location: Location, required: bool) -> Self {
        Self {
            name,
            location,
            required,
            secret: false,
        }
    }

    /// Creates a required parameter in the path.
    pub const fn path(name: &'static str) -> Self {
        Self::new(name, Location::Path, true)
    }

    /// Creates an optional parameter in the query.
    pub const fn query(name: &'static str) -> Self {
        Self::new(name, Location::Query, false)
    }

    /// Creates an optional header.
    pub const fn header(name: &'static str) -> Self {
        Self::new(name, Location::Header, false)
    }

    /// Makes the parameter required.
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Marks the value as a secret, which `Debug` and errors do not show.
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }
}
