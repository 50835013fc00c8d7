//! The types that a field of a model can have.

use std::collections::BTreeMap;

use serde::de::{DeserializeOwned, Deserializer};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

mod bounds;
mod date;
#[cfg(feature = "rust_decimal")]
mod decimal;
mod file;
mod nullable;
mod number;
mod secret;

pub use bounds::Bounds;
pub use date::{Date, DateError};
#[cfg(feature = "rust_decimal")]
pub use decimal::{AmountError, exact_decimal};
pub use file::File;
pub use nullable::Nullable;
pub use number::{Number, NumberError};
pub use secret::{Secret, collect_secrets};

/// A type that a field of a model can have.
///
/// A model starts with placeholders in all fields, which decoding and builders replace field by
/// field.
pub trait FieldValue: DeserializeOwned + Serialize {
    /// Returns the placeholder that is used until the field has its value; never visible to
    /// callers, since a model whose required fields are not all set is an error.
    fn placeholder() -> Self;

    /// Returns whether an optional field with this value is left out of the JSON.
    fn is_absent(&self) -> bool {
        false
    }

    /// Returns whether the value is within the bounds. Types that the bounds do not apply to always
    /// are.
    fn within_bounds(&self, _bounds: Bounds) -> bool {
        true
    }

    /// Reads a value.
    ///
    /// # Errors
    ///
    /// The JSON value has another type.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }

    /// Reads the value of an optional field that is present. `null` is the same as absent, except
    /// for [`Nullable`].
    ///
    /// # Errors
    ///
    /// The JSON value has another type.
    fn read_optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Option::deserialize(deserializer)
    }
}

macro_rules! placeholders {
    ($($ty:ty = $placeholder:expr),* $(,)?) => {
        $(impl FieldValue for $ty {
            fn placeholder() -> Self {
                $placeholder
            }
        })*
    };
}

placeholders! {
    () = (),
    bool = false,
    i8 = 0, i16 = 0, i32 = 0, i128 = 0,
    u8 = 0, u16 = 0, u32 = 0, u64 = 0, u128 = 0,
    f32 = 0.0, f64 = 0.0,
    Value = Value::Null,
    Map<String, Value> = Map::new(),
    Number = 0.into(),
    File = File::new("", Vec::new()),
}

impl FieldValue for i64 {
    fn placeholder() -> Self {
        0
    }

    fn within_bounds(&self, bounds: Bounds) -> bool {
        match bounds {
            Bounds::AtLeast(least) => *self >= least,
            Bounds::NotEmpty => true,
        }
    }
}

impl FieldValue for String {
    fn placeholder() -> Self {
        Self::new()
    }

    fn within_bounds(&self, bounds: Bounds) -> bool {
        bounds != Bounds::NotEmpty || !self.is_empty()
    }
}

impl FieldValue for Secret {
    fn placeholder() -> Self {
        Self::new(String::new())
    }

    fn within_bounds(&self, bounds: Bounds) -> bool {
        bounds != Bounds::NotEmpty || !self.is_empty()
    }
}

impl<T: FieldValue> FieldValue for Option<T> {
    fn placeholder() -> Self {
        None
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }

    fn within_bounds(&self, bounds: Bounds) -> bool {
        self.as_ref()
            .is_none_or(|value| value.within_bounds(bounds))
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read_optional(deserializer)
    }
}

impl<T: FieldValue> FieldValue for Nullable<T> {
    fn placeholder() -> Self {
        Self::Null
    }

    fn within_bounds(&self, bounds: Bounds) -> bool {
        self.value().is_none_or(|value| value.within_bounds(bounds))
    }

    // Here `null` is a value, and different from an absent field.
    fn read_optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Self::deserialize(deserializer).map(Some)
    }
}

impl<T: FieldValue> FieldValue for Box<T> {
    fn placeholder() -> Self {
        Self::new(T::placeholder())
    }
}

impl<T: FieldValue> FieldValue for Vec<T> {
    fn placeholder() -> Self {
        Self::new()
    }
}

impl<T: FieldValue> FieldValue for BTreeMap<String, T> {
    fn placeholder() -> Self {
        Self::new()
    }
}

/// Makes a newtype struct with one unnamed field usable as a field of a model. The struct derives
/// or implements `Serialize` and `Deserialize` itself.
#[macro_export]
macro_rules! wrapper {
    ($name:ident) => {
        impl $crate::FieldValue for $name {
            fn placeholder() -> Self {
                Self($crate::FieldValue::placeholder())
            }
        }
    };
}
