//! What a property can hold.

use std::collections::BTreeMap;

use serde::de::{DeserializeOwned, Deserializer};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::object::Bounds;

mod file;
mod nullable;
mod number;
mod raw;
mod secret;

pub use file::File;
pub use nullable::Nullable;
pub use number::{Number, NumberError};
pub use raw::Raw;
pub(crate) use raw::tagged;
pub use secret::Secret;

/// A value in a model. Models start out blank, and are filled property by property.
pub trait Part: DeserializeOwned + Serialize {
    /// What stands for a value until there is one. Nobody sees it: a model without a required
    /// property is an error.
    fn blank() -> Self;

    /// Whether this stands for no value at all.
    fn is_absent(&self) -> bool {
        false
    }

    /// Whether the value is within bounds; anything is that cannot be outside.
    fn is_within(&self, _bounds: Bounds) -> bool {
        true
    }

    /// Reads a value.
    ///
    /// # Errors
    ///
    /// A value of another type.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }

    /// Reads a value that may be absent, and is not.
    ///
    /// # Errors
    ///
    /// A value of another type.
    fn read_optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Option::deserialize(deserializer)
    }
}

macro_rules! blank {
    ($($ty:ty = $blank:expr),* $(,)?) => {
        $(impl Part for $ty {
            fn blank() -> Self {
                $blank
            }
        })*
    };
}

blank! {
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

impl Part for i64 {
    fn blank() -> Self {
        0
    }

    fn is_within(&self, bounds: Bounds) -> bool {
        match bounds {
            Bounds::AtLeast(least) => *self >= least,
            Bounds::NotEmpty => true,
        }
    }
}

impl Part for String {
    fn blank() -> Self {
        Self::new()
    }

    fn is_within(&self, bounds: Bounds) -> bool {
        bounds != Bounds::NotEmpty || !self.is_empty()
    }
}

impl Part for Secret {
    fn blank() -> Self {
        Self::new(String::new())
    }

    fn is_within(&self, bounds: Bounds) -> bool {
        bounds != Bounds::NotEmpty || !self.is_empty()
    }
}

impl<T: Part> Part for Option<T> {
    fn blank() -> Self {
        None
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }

    fn is_within(&self, bounds: Bounds) -> bool {
        self.as_ref().is_none_or(|value| value.is_within(bounds))
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read_optional(deserializer)
    }
}

impl<T: Part> Part for Nullable<T> {
    fn blank() -> Self {
        Self::Null
    }

    fn is_within(&self, bounds: Bounds) -> bool {
        self.value().is_none_or(|value| value.is_within(bounds))
    }

    // Null is a value.
    fn read_optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Self::deserialize(deserializer).map(Some)
    }
}

impl<T: Part> Part for Box<T> {
    fn blank() -> Self {
        Self::new(T::blank())
    }
}

impl<T: Part> Part for Vec<T> {
    fn blank() -> Self {
        Self::new()
    }
}

impl<T: Part> Part for BTreeMap<String, T> {
    fn blank() -> Self {
        Self::new()
    }
}

/// Lets a wrapper of one value stand in a model.
#[doc(hidden)]
#[macro_export]
macro_rules! __wrapper {
    ($name:ident) => {
        impl $crate::codegen::Part for $name {
            fn blank() -> Self {
                Self($crate::codegen::Part::blank())
            }
        }
    };
}
