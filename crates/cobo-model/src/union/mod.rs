//! Unions: values of one of several models, and how the variant of a JSON value is chosen.

use serde::ser::Error as _;
use serde::{Serialize, Serializer};

use crate::decode::{RawJson, with_tag};

/// The properties of one variant's JSON values, for unions without a discriminator.
#[derive(Debug, Clone, Copy)]
pub struct VariantShape {
    /// Whether the values are objects.
    pub object: bool,
    /// The properties that a value must have.
    pub required: &'static [&'static str],
    /// The properties that the variant's model has fields for.
    pub known: &'static [&'static str],
}

/// Returns the indices of the variants that the value can be of, best match first: the variant
/// with the most required properties, then the one that has fields for the most of the value's
/// properties, then the first in the document.
pub fn matching_variants(raw: &RawJson, shapes: &[VariantShape]) -> Vec<usize> {
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
    // If the best match does not decode, a variant with fewer matching fields would lose data.
    let least = found.first().map_or(0, |(_, known, _)| *known);
    found.retain(|(_, known, _)| *known >= least);
    found.into_iter().map(|(_, _, index)| index).collect()
}

/// Writes a variant of a union. Its discriminator is set to the first of `tags` unless it already
/// is one of them.
///
/// # Errors
///
/// The model cannot be written.
pub fn serialize_tagged<T: Serialize, S: Serializer>(
    model: &T,
    name: &str,
    tags: &[&str],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    with_tag(serde_json::to_string(model), name, tags)
        .map_err(S::Error::custom)?
        .serialize(serializer)
}

/// Implements a union with a discriminator.
///
/// Takes the enum's name, the variant for values with an unknown tag, the name of the
/// discriminator, and the variants with the tags of each. Tags after `keeps` are values that the
/// variant may have, but that do not select it: they are written unchanged. Variants after a `;`
/// have no tag: they are written unchanged and never read.
///
/// ```
/// # #[derive(Clone, Debug)] struct Cat { kind: String }
/// # cobo_model::model! { Cat { 0 kind } }
/// #[derive(Clone)]
/// enum Pet {
///     Cat(Box<Cat>),
///     Unknown(serde_json::Value),
/// }
/// cobo_model::tagged_union! { Pet, Unknown, "kind" { Cat(Cat) = "cat" | "kitten" } }
///
/// let pet: Pet = cobo_model::decode(br#"{"kind": "kitten"}"#)?;
/// assert!(matches!(pet, Pet::Cat(cat) if cat.kind == "kitten"));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[macro_export]
macro_rules! tagged_union {
    (
        $name:ident, $unknown:ident, $tag:literal
        {
            $(
                $variant:ident($model:ty) = $($value:literal)|+ $(keeps $($kept:literal)|+)?
            ),* $(,)?
            $(; $($untagged:ident($other:ty)),* $(,)?)?
        }
    ) => {
        $crate::__union_debug!($name, $unknown { $($variant,)* $($($untagged),*)? });

        impl $crate::macros::serde::Serialize for $name {
            fn serialize<S: $crate::macros::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(model) => $crate::macros::serialize_tagged(
                        model, $tag, &[$($value),+ $($(, $kept)+)?], serializer,
                    ),)*
                    $($(Self::$untagged(model) => {
                        $crate::macros::serde::Serialize::serialize(model, serializer)
                    })*)?
                    Self::$unknown(value) => {
                        $crate::macros::serde::Serialize::serialize(value, serializer)
                    }
                }
            }
        }

        impl<'de> $crate::macros::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::macros::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                let raw: $crate::macros::RawJson =
                    $crate::macros::serde::Deserialize::deserialize(deserializer)?;
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

/// Implements a union without a discriminator: the variant is found by the properties of the value.
///
/// Takes the enum's name, the variant for values that match no other, and the variants, each with
/// its `VariantShape`: whether it is an object, its required properties, all its properties.
///
/// ```
/// # #[derive(Clone, Debug)] struct Card { number: String }
/// # cobo_model::model! { Card { 0 number } }
/// #[derive(Clone)]
/// enum Payment {
///     Card(Box<Card>),
///     Unknown(serde_json::Value),
/// }
/// cobo_model::shaped_union! {
///     Payment, Unknown { Card(Card) = (true, ["number"], ["number"]) }
/// }
///
/// let payment: Payment = cobo_model::decode(br#"{"number": "1"}"#)?;
/// assert!(matches!(payment, Payment::Card(_)));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[macro_export]
macro_rules! shaped_union {
    (
        $name:ident, $unknown:ident
        { $($variant:ident($model:ty) = ($object:literal, $required:expr, $known:expr)),* $(,)? }
    ) => {
        $crate::__union_debug!($name, $unknown { $($variant),* });

        impl $crate::macros::serde::Serialize for $name {
            fn serialize<S: $crate::macros::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(model) => {
                        $crate::macros::serde::Serialize::serialize(model, serializer)
                    })*
                    Self::$unknown(value) => {
                        $crate::macros::serde::Serialize::serialize(value, serializer)
                    }
                }
            }
        }

        impl<'de> $crate::macros::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::macros::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                type Decode = fn(&$crate::macros::RawJson) -> ::std::option::Option<$name>;
                let raw: $crate::macros::RawJson =
                    $crate::macros::serde::Deserialize::deserialize(deserializer)?;
                const SHAPES: &[$crate::macros::VariantShape] = &[$($crate::macros::VariantShape {
                    object: $object,
                    required: &$required,
                    known: &$known,
                }),*];
                const DECODERS: &[Decode] =
                    &[$(|raw| raw.attempt().map($name::$variant)),*];
                for index in $crate::macros::matching_variants(&raw, SHAPES) {
                    if let ::std::option::Option::Some(value) = DECODERS[index](&raw) {
                        return ::std::result::Result::Ok(value);
                    }
                }
                raw.decode().map(Self::$unknown)
            }
        }
    };
}

/// The placeholder and the `Debug` of a union. An unknown value may hold a secret and is not shown.
#[doc(hidden)]
#[macro_export]
macro_rules! __union_debug {
    ($name:ident, $unknown:ident { $($variant:ident),* $(,)? }) => {
        impl $crate::FieldValue for $name {
            fn placeholder() -> Self {
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

/// Implements the conversions into a union: from the model of each variant and, for setters, from
/// its builder.
///
/// ```
/// # #[derive(Clone, Debug)] struct Cat { kind: String }
/// # #[derive(Clone)] enum Pet { Cat(Box<Cat>) }
/// cobo_model::union_from! { Pet { Cat(Cat) } }
///
/// let pet: Pet = Cat { kind: "cat".to_owned() }.into();
/// ```
#[macro_export]
macro_rules! union_from {
    ($name:ident { $($variant:ident($model:ty $(, $builder:ty)?)),* $(,)? }) => {
        $(
            impl ::std::convert::From<$model> for $name {
                fn from(model: $model) -> Self {
                    Self::$variant(::std::boxed::Box::new(model))
                }
            }

            impl $crate::IntoField<$name> for $model {
                fn into_field(self) -> $crate::PartialModel<$name> {
                    $crate::PartialModel::of(<$name as ::std::convert::From<$model>>::from(self))
                }
            }

            $(impl $crate::IntoField<$name> for $builder {
                fn into_field(self) -> $crate::PartialModel<$name> {
                    $crate::PartialModel::<$model>::of(self).map(::std::convert::From::from)
                }
            })?
        )*
    };
}

#[cfg(test)]
mod tests {
    #[derive(Clone, Debug)]
    struct Cat {
        kind: String,
    }

    crate::model! { Cat { 0 kind } }

    #[derive(Clone)]
    enum Pet {
        Cat(Box<Cat>),
        Unknown(serde_json::Value),
    }

    crate::tagged_union! { Pet, Unknown, "kind" { Cat(Cat) = "cat" | "tom" keeps "kitten" | "puss" } }

    #[test]
    fn kept_discriminator_value_is_written_unchanged_and_selects_no_variant() {
        for (set, written) in [
            ("cat", "cat"),
            ("tom", "tom"),
            ("kitten", "kitten"),
            ("puss", "puss"),
            ("dog", "cat"),
        ] {
            let kind = set.to_owned();
            let pet = Pet::Cat(Box::new(Cat { kind }));
            let json = serde_json::to_string(&pet).unwrap();
            assert_eq!(json, format!(r#"{{"kind":"{written}"}}"#));
        }
        let json = r#"{"kind":"kitten","lives":7}"#;
        let pet: Pet = crate::decode(json.as_bytes()).unwrap();
        assert!(matches!(pet, Pet::Unknown(_)));
        assert_eq!(serde_json::to_string(&pet).unwrap(), json);
    }
}
