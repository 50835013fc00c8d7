//! What has changed in the store.

use serde_json::{Map, Value};

use crate::waas2::kind::Kind;

/// A new value of an object.
pub(crate) struct Change {
    pub(crate) org_id: String,
    pub(crate) kind: &'static Kind,
    pub(crate) place: Map<String, Value>,
    /// Whether it is the object's first value.
    pub(crate) created: bool,
    pub(crate) at_ms: u64,
    pub(crate) value: Value,
}

/// A transaction that waits for a callback.
pub(crate) struct Ask {
    pub(crate) org_id: String,
    pub(crate) url: String,
    pub(crate) transaction: Value,
}
