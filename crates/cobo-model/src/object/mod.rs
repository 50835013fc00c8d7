//! Models: structs whose fields are the properties of a JSON object.

use serde::de::MapAccess;
use serde::ser::SerializeMap;

use crate::value::FieldValue;

mod field;
mod field_set;
mod read;
mod write;

pub use field::Field;
pub(crate) use field_set::FieldSet;
pub use read::{FieldReader, deserialize};
pub use write::{FieldWriter, serialize};

/// A struct whose fields are the properties of a JSON object. Implemented by
/// [`model!`](crate::model!).
pub trait Model: FieldValue {
    /// The name of the struct.
    const NAME: &'static str;
    /// The fields, in the order of the document. Their positions are the indices that
    /// [`read`](Model::read) takes.
    const FIELDS: &'static [Field];
    /// Whether properties without a field are kept.
    const KEEPS_OTHERS: bool = false;

    /// Reads the value of the field at `index`.
    ///
    /// # Errors
    ///
    /// The value has another type or is out of bounds.
    fn read<'de, A: MapAccess<'de>>(
        &mut self,
        index: usize,
        from: &mut FieldReader<'_, A>,
    ) -> Result<(), A::Error>;

    /// Reads the value of a property that has no field.
    ///
    /// # Errors
    ///
    /// The value has another type than the map that keeps such properties.
    fn read_other<'de, A: MapAccess<'de>>(
        &mut self,
        _name: String,
        from: &mut FieldReader<'_, A>,
    ) -> Result<(), A::Error> {
        from.skip()
    }

    /// Writes all fields.
    fn write<M: SerializeMap>(&self, into: &mut FieldWriter<M>);
}

/// Implements [`Model`], `Serialize` and `Deserialize` for a struct.
///
/// Takes the struct's name and its fields, each with its index. A field can be followed by
///
/// - `= "name"`: its name in JSON, if that differs;
/// - `?`: it is optional;
/// - `or_null()`: it is required, and written as `null` if it has no value;
/// - `not_empty()` or `at_least(1)`: values out of these bounds are errors.
///
/// A last `; name` names a `BTreeMap` field that keeps the properties without a field.
///
/// ```
/// # use std::collections::BTreeMap;
/// #[derive(Clone, Debug)]
/// struct Transfer {
///     id: String,
///     kind: Option<String>,
///     amount: i64,
///     others: BTreeMap<String, serde_json::Value>,
/// }
/// cobo_model::model! {
///     Transfer { 0 id not_empty(), 1 kind = "type"?, 2 amount at_least(1); others }
/// }
///
/// let transfer: Transfer = cobo_model::decode(br#"{"id": "t", "amount": 5, "fee": "1"}"#)?;
/// assert_eq!(transfer.others["fee"], "1");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[macro_export]
macro_rules! model {
    ($name:ident {
        $($index:literal $field:ident $(= $wire:literal)? $(? $(@$optional:tt)?)?
            $($mark:ident($($bound:literal)?))*),* $(,)?
        $(; $others:ident $(,)?)?
    }) => {
        impl $crate::FieldValue for $name {
            fn placeholder() -> Self {
                Self {
                    $($field: $crate::FieldValue::placeholder(),)*
                    $($others: ::std::collections::BTreeMap::new(),)?
                }
            }
        }

        impl $crate::Model for $name {
            const NAME: &'static str = ::std::stringify!($name);
            const FIELDS: &'static [$crate::Field] = &[
                $($crate::Field::new(::std::stringify!($field))
                    $(.named($wire))? $(.optional() $($optional)?)? $(.$mark($($bound)?))*),*
            ];
            $(const KEEPS_OTHERS: bool = { ::std::stringify!($others); true };)?

            fn read<'de, A: $crate::macros::serde::de::MapAccess<'de>>(
                &mut self,
                index: usize,
                from: &mut $crate::macros::FieldReader<'_, A>,
            ) -> ::std::result::Result<(), A::Error> {
                match index {
                    $($index => from.read(&mut self.$field),)*
                    _ => from.skip(),
                }
            }

            $(fn read_other<'de, A: $crate::macros::serde::de::MapAccess<'de>>(
                &mut self,
                name: ::std::string::String,
                from: &mut $crate::macros::FieldReader<'_, A>,
            ) -> ::std::result::Result<(), A::Error> {
                from.insert(name, &mut self.$others)
            })?

            fn write<M: $crate::macros::serde::ser::SerializeMap>(
                &self,
                _into: &mut $crate::macros::FieldWriter<M>,
            ) {
                $(_into.write($index, &self.$field);)*
                $(_into.write_others(&self.$others);)?
            }
        }

        impl $crate::macros::serde::Serialize for $name {
            fn serialize<S: $crate::macros::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                $crate::macros::serialize(self, serializer)
            }
        }

        impl<'de> $crate::macros::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::macros::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                $crate::macros::deserialize(deserializer)
            }
        }
    };
}
