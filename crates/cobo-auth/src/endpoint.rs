//! What generated code says of an operation: its path, its parameters, its body.

use crate::operation::Operation;

/// An operation and what it takes.
#[derive(Debug)]
pub struct Endpoint {
    /// What the wire needs to know.
    pub(crate) operation: Operation,
    /// The parameters, by index.
    pub(crate) inputs: &'static [Input],
    /// The name of the body's setter, if there is a body.
    pub(crate) body: Option<&'static str>,
    /// Whether the body has to be there.
    pub(crate) required: bool,
    /// Whether the response is JSON.
    pub(crate) json: bool,
}

impl Endpoint {
    /// An operation without a body, answered with JSON, not repeatable.
    pub const fn new(
        id: &'static str,
        method: &'static str,
        path: &'static str,
        inputs: &'static [Input],
    ) -> Self {
        Self {
            operation: Operation::new(id, method, path),
            inputs,
            body: None,
            required: false,
            json: true,
        }
    }

    /// It may be sent again after it may have been carried out.
    pub const fn repeatable(mut self) -> Self {
        self.operation = self.operation.repeatable(true);
        self
    }

    /// It is called without the access token of the client's credential.
    pub const fn without_credential(mut self) -> Self {
        self.operation = self.operation.without_credential();
        self
    }

    /// It needs these OAuth scopes.
    pub const fn needs(mut self, scopes: &'static [&'static str]) -> Self {
        self.operation = self.operation.needs(scopes);
        self
    }

    /// It has a body.
    pub const fn body(mut self, name: &'static str, required: bool) -> Self {
        self.body = Some(name);
        self.required = required;
        self
    }

    /// It is answered with something else than JSON, or with nothing.
    pub const fn not_json(mut self) -> Self {
        self.json = false;
        self
    }
}

/// A parameter.
#[derive(Debug)]
pub struct Input {
    pub(crate) name: &'static str,
    pub(crate) place: Place,
    pub(crate) required: bool,
    pub(crate) secret: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Path,
    Query,
    Header,
}

impl Input {
    const fn new(name: &'static str, place: Place, required: bool) -> Self {
        Self {
            name,
            place,
            required,
            secret: false,
        }
    }

    /// Of the path.
    pub const fn path(name: &'static str) -> Self {
        Self::new(name, Place::Path, true)
    }

    /// Of the query.
    pub const fn query(name: &'static str) -> Self {
        Self::new(name, Place::Query, false)
    }

    /// A header.
    pub const fn header(name: &'static str) -> Self {
        Self::new(name, Place::Header, false)
    }

    /// It has to be there.
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// It is not to be shown.
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }
}
