//! Operations as generated code describes them: path, parameters, body.

use crate::operation::Operation;

/// An operation with its parameters and its body.
#[derive(Debug)]
pub struct Endpoint {
    /// The properties that are needed to send a request.
    pub(crate) operation: Operation,
    /// The parameters, by index.
    pub(crate) inputs: &'static [Input],
    /// The name of the body's setter, if there is a body.
    pub(crate) body: Option<&'static str>,
    /// Whether the body is required.
    pub(crate) required: bool,
    /// Whether the response is JSON.
    pub(crate) json: bool,
}

impl Endpoint {
    /// An operation without a body and with a JSON response. It is not repeatable.
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

    /// Marks the operation as one that may be sent again after it may have been carried out.
    pub const fn repeatable(mut self) -> Self {
        self.operation = self.operation.repeatable(true);
        self
    }

    /// Marks the operation as one that is sent without the client's access token.
    pub const fn without_credential(mut self) -> Self {
        self.operation = self.operation.without_credential();
        self
    }

    /// Sets the OAuth scopes that the operation needs.
    pub const fn needs(mut self, scopes: &'static [&'static str]) -> Self {
        self.operation = self.operation.needs(scopes);
        self
    }

    /// Gives the operation a body. `name` is the name of its setter.
    pub const fn body(mut self, name: &'static str, required: bool) -> Self {
        self.body = Some(name);
        self.required = required;
        self
    }

    /// Marks the operation as one whose response is not JSON or has no body.
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

    /// A required parameter in the path.
    pub const fn path(name: &'static str) -> Self {
        Self::new(name, Place::Path, true)
    }

    /// An optional parameter in the query.
    pub const fn query(name: &'static str) -> Self {
        Self::new(name, Place::Query, false)
    }

    /// An optional header.
    pub const fn header(name: &'static str) -> Self {
        Self::new(name, Place::Header, false)
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
