//! Unions: values of one of several models. Generated code has the enum itself, with its
//! documentation; how a value finds its variant stands here once.

use serde::ser::Error as _;
use serde::{Serialize, Serializer};

use crate::value::{Raw, tagged};

/// How a value of a union without a discriminator looks.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Whether it is an object.
    pub object: bool,
    /// The properties that it must have.
    pub required: &'static [&'static str],
    /// The properties that its model has.
    pub known: &'static [&'static str],
}

/// The variants that a value may be of, by their places: those with most required properties
/// first, then those that know most of the value's properties, then in the document's order.
pub fn candidates(raw: &Raw, shapes: &[Shape]) -> Vec<usize> {
    let names = raw.names();
    let has = |name: &&str| {
        names
            .as_ref()
            .is_some_and(|names| names.iter().any(|other| other == name))
    };
    let mut found: Vec<(usize, usize, usize)> = shapes
        .iter()
        .enumerate()
        .filter(|(_, shape)| !shape.object || names.is_some())
        .filter(|(_, shape)| shape.required.iter().all(has))
        .map(|(index, shape)| {
            let known = shape.known.iter().filter(|name| has(name)).count();
            (shape.required.len(), known, index)
        })
        .collect();
    found.sort_by_key(|(required, known, index)| {
        (usize::MAX - required, usize::MAX - known, *index)
    });
    // Where the first does not decode, one that knows less would drop what it does not know.
    let least = found.first().map_or(0, |(_, known, _)| *known);
    found.retain(|(_, known, _)| *known >= least);
    found.into_iter().map(|(_, _, index)| index).collect()
}

/// Writes a variant of a union with its tag, whatever the model says of itself.
///
/// # Errors
///
/// A model that cannot be written.
pub fn serialize_tagged<T: Serialize, S: Serializer>(
    model: &T,
    name: &str,
    tags: &[&str],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    tagged(serde_json::to_string(model), name, tags)
        .map_err(S::Error::custom)?
        .serialize(serializer)
}

/// Gives a union its behaviour: variants by the tags that the property `$tag` has. Those that no
/// tag tells from the others are written as they are, and never read.
#[doc(hidden)]
#[macro_export]
macro_rules! __tagged_union {
    (
        $name:ident, $unknown:ident, $tag:literal
        {
            $($variant:ident($model:ty) = $($value:literal)|+),* $(,)?
            $(; $($untold:ident($other:ty)),* $(,)?)?
        }
    ) => {
        $crate::__union_debug!($name, $unknown { $($variant,)* $($($untold),*)? });

        impl $crate::codegen::serde::Serialize for $name {
            fn serialize<S: $crate::codegen::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(model) => $crate::codegen::serialize_tagged(
                        model, $tag, &[$($value),+], serializer,
                    ),)*
                    $($(Self::$untold(model) => {
                        $crate::codegen::serde::Serialize::serialize(model, serializer)
                    })*)?
                    Self::$unknown(value) => {
                        $crate::codegen::serde::Serialize::serialize(value, serializer)
                    }
                }
            }
        }

        impl<'de> $crate::codegen::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::codegen::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                let raw: $crate::codegen::Raw =
                    $crate::codegen::serde::Deserialize::deserialize(deserializer)?;
                match raw.tag($tag).as_deref() {
                    $($(::std::option::Option::Some($value))|+ => {
                        raw.decode().map(Self::$variant)
                    })*
                    _ => raw.decode().map(Self::$unknown),
                }
            }
        }
    };
}

/// Gives a union without a discriminator its behaviour: variants by the properties they require.
#[doc(hidden)]
#[macro_export]
macro_rules! __shaped_union {
    (
        $name:ident, $unknown:ident
        { $($variant:ident($model:ty) = ($object:literal, $required:expr, $known:expr)),* $(,)? }
    ) => {
        $crate::__union_debug!($name, $unknown { $($variant),* });

        impl $crate::codegen::serde::Serialize for $name {
            fn serialize<S: $crate::codegen::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(model) => {
                        $crate::codegen::serde::Serialize::serialize(model, serializer)
                    })*
                    Self::$unknown(value) => {
                        $crate::codegen::serde::Serialize::serialize(value, serializer)
                    }
                }
            }
        }

        impl<'de> $crate::codegen::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::codegen::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                type Decode<E> = fn(&$crate::codegen::Raw) -> ::std::result::Result<$name, E>;
                let raw: $crate::codegen::Raw =
                    $crate::codegen::serde::Deserialize::deserialize(deserializer)?;
                const SHAPES: &[$crate::codegen::Shape] = &[$($crate::codegen::Shape {
                    object: $object,
                    required: &$required,
                    known: &$known,
                }),*];
                let decoders: &[Decode<D::Error>] =
                    &[$(|raw| raw.decode().map($name::$variant)),*];
                for index in $crate::codegen::candidates(&raw, SHAPES) {
                    if let ::std::result::Result::Ok(value) = decoders[index](&raw) {
                        return ::std::result::Result::Ok(value);
                    }
                }
                raw.decode().map(Self::$unknown)
            }
        }
    };
}

/// How a union begins, and its `Debug`: what is not known may hold a secret, so it is not shown.
#[doc(hidden)]
#[macro_export]
macro_rules! __union_debug {
    ($name:ident, $unknown:ident { $($variant:ident),* $(,)? }) => {
        impl $crate::codegen::Part for $name {
            fn blank() -> Self {
                Self::$unknown(::std::default::Default::default())
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match self {
                    $(Self::$variant(model) => {
                        f.debug_tuple(::std::stringify!($variant)).field(model).finish()
                    })*
                    Self::$unknown(_) => {
                        f.write_str(::std::concat!(::std::stringify!($unknown), "(..)"))
                    }
                }
            }
        }
    };
}

/// Makes a union of each of its models.
#[doc(hidden)]
#[macro_export]
macro_rules! __union_from {
    ($name:ident { $($variant:ident($model:ty)),* $(,)? }) => {
        $(impl ::std::convert::From<$model> for $name {
            fn from(model: $model) -> Self {
                Self::$variant(::std::boxed::Box::new(model))
            }
        })*
    };
}
