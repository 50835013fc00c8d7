//! Writes models as JSON objects.

use std::collections::BTreeMap;

use serde::ser::{SerializeMap, Serializer};

use super::{Field, Model};
use crate::value::FieldValue;

/// Writes a model as an object.
///
/// # Errors
///
/// A value cannot be written.
pub fn serialize<M: Model, S: Serializer>(model: &M, serializer: S) -> Result<S::Ok, S::Error> {
    let mut writer = FieldWriter {
        map: serializer.serialize_map(None)?,
        fields: M::FIELDS,
        error: None,
    };
    model.write(&mut writer);
    match writer.error {
        None => writer.map.end(),
        Some(error) => Err(error),
    }
}

/// Writes the fields of one model. It keeps the first error, so that generated code is a list of
/// calls without error handling, which compiles faster.
pub struct FieldWriter<M: SerializeMap> {
    map: M,
    fields: &'static [Field],
    error: Option<M::Error>,
}

impl<M: SerializeMap> FieldWriter<M> {
    /// Writes the field at `index`, unless it is optional and has no value.
    pub fn write<T: FieldValue>(&mut self, index: usize, value: &T) {
        let field = &self.fields[index];
        if self.error.is_none() && !(field.optional && value.is_absent()) {
            self.error = self.map.serialize_entry(field.name, value).err();
        }
    }

    /// Writes the properties that have no field.
    pub fn write_others<T: FieldValue>(&mut self, values: &BTreeMap<String, T>) {
        for (name, value) in values {
            if self.error.is_none() {
                self.error = self.map.serialize_entry(name, value).err();
            }
        }
    }
}
