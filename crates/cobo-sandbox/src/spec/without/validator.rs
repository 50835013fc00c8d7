//! Replaces the validator without the feature `specification`. No document can be read then, so this is never called.

use serde_json::Value;

pub(super) enum Schemas {}

impl Schemas {
    pub(super) fn problems(&self, _schema: &Value, _value: &Value) -> Vec<String> {
        match *self {}
    }
}
