use serde::Serialize;

use super::MissingFields;

/// A value that can be sent as a request body: a model, or the builder of one.
pub trait IntoBody: Sized {
    /// The type that is serialised.
    type Model: Serialize;

    /// The default for a request without a body, if there is one: an empty builder, whose missing
    /// fields can be named.
    fn empty() -> Option<Self>;

    /// Returns the value to serialise.
    ///
    /// # Errors
    ///
    /// Required fields are not set; the error names all of them.
    fn build(self) -> Result<Self::Model, MissingFields>;
}

impl<T: Serialize> IntoBody for T {
    type Model = T;

    fn empty() -> Option<Self> {
        None
    }

    fn build(self) -> Result<T, MissingFields> {
        Ok(self)
    }
}
