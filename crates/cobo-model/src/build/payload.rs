use serde::Serialize;

use super::MissingFields;

/// What a body is made of: a model, or a builder of one.
pub trait Payload: Sized {
    /// What is sent.
    type Model: Serialize;

    /// What there is where nothing was set.
    fn nothing() -> Option<Self>;

    /// What is sent.
    ///
    /// # Errors
    ///
    /// Required properties that are not set, all of them.
    fn build(self) -> Result<Self::Model, MissingFields>;
}

impl<T: Serialize> Payload for T {
    type Model = T;

    fn nothing() -> Option<Self> {
        None
    }

    fn build(self) -> Result<T, MissingFields> {
        Ok(self)
    }
}
