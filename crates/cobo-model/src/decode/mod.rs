//! Decoding of JSON texts: every missing field is named with its path, and the rules are stricter
//! than serde's own.

use std::rc::Rc;

use serde::de::DeserializeOwned;

mod deserializer;
mod error;
mod integer;
mod named;
mod path;
mod raw;
mod tracker;

use deserializer::Tracked;
pub use error::DecodeError;
pub(crate) use path::Step;
pub use raw::RawJson;
pub(crate) use raw::{RAW_JSON, with_tag};
pub(crate) use tracker::Tracker;

/// The name that a model passes to `deserialize_newtype_struct`. [`Tracked`] recognises models by this
/// name. Other deserializers ignore it and call `visit_newtype_struct`, in which the model reads a map.
pub(crate) const MODEL: &str = "$cobo_model::Model";

/// The error text if a JSON value is not a [`Number`](crate::Number). The tracker recognises the error
/// by this text.
pub(crate) const NUMBER_EXPECTED: &str = "invalid type, expected a number";

/// Decodes a JSON text.
///
/// Compared with `serde_json::from_slice`:
///
/// - If required fields of [models](crate::Model) are missing, decoding continues, and the error names
///   all of them with their paths.
/// - A struct must be an object. serde also accepts an array, with the items as the fields in their
///   order.
/// - Integers may be written `5.0` or `1e3`. An integer that does not fit its type is an error.
///
/// # Errors
///
/// The text is not valid JSON, required fields are missing, or a value has another type.
pub fn decode<T: DeserializeOwned>(json: &[u8]) -> Result<T, DecodeError> {
    decode_with(json, &Rc::new(Tracker::default()))
}

/// Decodes a JSON text with a new tracker.
pub(crate) fn decode_with<T: DeserializeOwned>(
    json: &[u8],
    tracker: &Rc<Tracker>,
) -> Result<T, DecodeError> {
    match read(json, tracker) {
        Some(value) if !tracker.has_missing() => Ok(value),
        value => Err(tracker.error(value.is_none())),
    }
}

/// Reads a JSON text that is a part of the tracked document. Returns `None` after an error,
/// which the tracker records. Missing fields are recorded too, and are not an error here.
pub(crate) fn read<T: DeserializeOwned>(json: &[u8], tracker: &Rc<Tracker>) -> Option<T> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let result = T::deserialize(Tracked::new(&mut deserializer, tracker))
        .and_then(|value| deserializer.end().map(|()| value));
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            tracker.stopped(&error);
            None
        }
    }
}
