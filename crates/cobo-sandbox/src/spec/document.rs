//! A parsed document, with the validators of its schemas.

use serde_json::Value;

use super::validator::Schemas;

pub(super) struct Document {
    pub(super) root: Value,
    schemas: Schemas,
}

impl Document {
    #[cfg(feature = "specification")]
    pub(super) fn new(root: Value) -> Result<Self, String> {
        let schemas = Schemas::new(&root)?;
        Ok(Self { root, schemas })
    }

    /// Validates a value. Returns its problems with their JSON pointers; empty if the schema allows the value.
    pub(super) fn problems(&self, schema: &Value, value: &Value) -> Vec<String> {
        self.schemas.problems(schema, value)
    }
}
