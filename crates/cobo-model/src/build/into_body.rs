use serde::Serialize;

use super::{IntoField, MissingFields};

/// A value that can be sent as a request body: a model, or the builder of one.
pub trait IntoBody: Sized {
    /// The type that is serialised.
    type Model: Serialize;

    /// Returns an empty builder, if any. It is never sent: it names the missing fields of a body
    /// that was not set.
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

/// A value as far as it is built, and its missing fields. A request body that is a union is held in
/// this form until the request is sent.
#[derive(Debug, Clone)]
pub struct PartialModel<T> {
    pub(crate) model: T,
    pub(crate) missing: MissingFields,
}

impl<T> PartialModel<T> {
    /// Creates a value from a model or from a builder.
    pub fn of(value: impl IntoField<T>) -> Self {
        value.into_field()
    }

    /// A value without missing fields.
    pub(crate) fn complete(model: T) -> Self {
        Self {
            model,
            missing: MissingFields::default(),
        }
    }

    /// Converts the value to one that contains it, such as a union that contains its variant. The same
    /// fields are missing.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> PartialModel<U> {
        PartialModel {
            model: convert(self.model),
            missing: self.missing,
        }
    }

    pub(crate) fn build(self) -> Result<T, MissingFields> {
        if self.missing.is_empty() {
            Ok(self.model)
        } else {
            Err(self.missing)
        }
    }
}

impl<T: Serialize> IntoBody for PartialModel<T> {
    type Model = T;

    fn empty() -> Option<Self> {
        None
    }

    fn build(self) -> Result<T, MissingFields> {
        Self::build(self)
    }
}
