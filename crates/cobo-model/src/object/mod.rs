//! Models: JSON objects with named properties. Generated code has the struct itself, with its
//! documentation, and a list of its properties; how an object becomes a model and back stands here
//! once.
//!
//! serde's derived code is several times as much for the compiler, and was most of what a large
//! crate took to check.

use serde::de::MapAccess;
use serde::ser::SerializeMap;

use crate::value::Part;

mod json;

pub use json::{Reader, Writer, deserialize, serialize};

/// A model: a struct whose fields are the properties of an object.
pub trait Model: Part {
    /// As it is called in Rust.
    const NAME: &'static str;
    /// In the order in which [`Model::read`] counts them.
    const PROPERTIES: &'static [Property];
    /// Whether properties that have no field of their own are kept.
    const REST: bool = false;

    /// Reads the value of the property at `index` into its field.
    ///
    /// # Errors
    ///
    /// A value of another type, or out of bounds.
    fn read<'de, A: MapAccess<'de>>(
        &mut self,
        index: usize,
        from: &mut Reader<'_, A>,
    ) -> Result<(), A::Error>;

    /// Reads the value of a property that has no field of its own.
    ///
    /// # Errors
    ///
    /// A value of another type.
    fn read_rest<'de, A: MapAccess<'de>>(
        &mut self,
        _name: String,
        from: &mut Reader<'_, A>,
    ) -> Result<(), A::Error> {
        from.skip()
    }

    /// Writes all properties.
    fn write<M: SerializeMap>(&self, into: &mut Writer<M>);
}

/// What is known of a property.
#[derive(Debug, Clone, Copy)]
pub struct Property {
    pub(crate) name: &'static str,
    pub(crate) optional: bool,
    pub(crate) nullable: bool,
    pub(crate) bounds: Option<Bounds>,
}

/// The values that are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bounds {
    /// A string with something in it.
    NotEmpty,
    /// An integer that is not smaller.
    AtLeast(i64),
}

impl Property {
    /// A required property.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            optional: false,
            nullable: false,
            bounds: None,
        }
    }

    /// It has another name than its field.
    pub const fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// It may be absent.
    pub const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// It is written as null where there is no value, and read as null where it is absent.
    pub const fn or_null(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// An empty string is an error.
    pub const fn not_empty(mut self) -> Self {
        self.bounds = Some(Bounds::NotEmpty);
        self
    }

    /// A smaller integer is an error.
    pub const fn at_least(mut self, least: i64) -> Self {
        self.bounds = Some(Bounds::AtLeast(least));
        self
    }
}

/// Which properties are there, by index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    first: u128,
    /// Those from 128 on: few models have so many.
    rest: Vec<u128>,
}

impl Seen {
    fn word(&mut self, index: usize) -> &mut u128 {
        match (index / 128).checked_sub(1) {
            None => &mut self.first,
            Some(word) => {
                if self.rest.len() <= word {
                    self.rest.resize(word + 1, 0);
                }
                &mut self.rest[word]
            }
        }
    }

    /// Notes one; whether it is new.
    pub(crate) fn insert(&mut self, index: usize) -> bool {
        let bit = 1 << (index % 128);
        let word = self.word(index);
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    pub(crate) fn has(&self, index: usize) -> bool {
        let word = match (index / 128).checked_sub(1) {
            None => Some(&self.first),
            Some(word) => self.rest.get(word),
        };
        word.is_some_and(|word| word & (1 << (index % 128)) != 0)
    }
}

/// Gives a struct the behaviour of a model: its fields with their indices, `?` after those that
/// may be absent, `= "name"` for those that are called otherwise in the document, and what else a
/// [`Property`](crate::codegen::Property) can say.
#[doc(hidden)]
#[macro_export]
macro_rules! __model {
    ($name:ident {
        $($index:literal $field:ident $(= $wire:literal)? $(? $(@$optional:tt)?)?
            $($mark:ident($($bound:literal)?))*),* $(,)?
        $(; $rest:ident $(,)?)?
    }) => {
        impl $crate::codegen::Part for $name {
            fn blank() -> Self {
                Self {
                    $($field: $crate::codegen::Part::blank(),)*
                    $($rest: ::std::collections::BTreeMap::new(),)?
                }
            }
        }

        impl $crate::codegen::Model for $name {
            const NAME: &'static str = ::std::stringify!($name);
            const PROPERTIES: &'static [$crate::codegen::Property] = &[
                $($crate::codegen::Property::new(::std::stringify!($field))
                    $(.named($wire))? $(.optional() $($optional)?)? $(.$mark($($bound)?))*),*
            ];
            $(const REST: bool = { ::std::stringify!($rest); true };)?

            fn read<'de, A: $crate::codegen::serde::de::MapAccess<'de>>(
                &mut self,
                index: usize,
                from: &mut $crate::codegen::Reader<'_, A>,
            ) -> ::std::result::Result<(), A::Error> {
                match index {
                    $($index => from.read(&mut self.$field),)*
                    _ => from.skip(),
                }
            }

            $(fn read_rest<'de, A: $crate::codegen::serde::de::MapAccess<'de>>(
                &mut self,
                name: ::std::string::String,
                from: &mut $crate::codegen::Reader<'_, A>,
            ) -> ::std::result::Result<(), A::Error> {
                from.insert(name, &mut self.$rest)
            })?

            fn write<M: $crate::codegen::serde::ser::SerializeMap>(
                &self,
                _into: &mut $crate::codegen::Writer<M>,
            ) {
                $(_into.write($index, &self.$field);)*
                $(_into.write_rest(&self.$rest);)?
            }
        }

        impl $crate::codegen::serde::Serialize for $name {
            fn serialize<S: $crate::codegen::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                $crate::codegen::serialize(self, serializer)
            }
        }

        impl<'de> $crate::codegen::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::codegen::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                $crate::codegen::deserialize(deserializer)
            }
        }
    };
}
