//! Models that are being built.

use std::fmt;

use crate::object::{Model, Property, Seen};

mod missing;
mod payload;

pub use missing::MissingFields;
pub use payload::Payload;

/// A model that is being built: what is set so far, and which properties that are.
#[derive(Clone)]
pub struct Built<M> {
    model: M,
    set: Seen,
}

impl<M: Model> Built<M> {
    /// The model, to set the property at `index` in it.
    pub fn set(&mut self, index: usize) -> &mut M {
        self.set.insert(index);
        &mut self.model
    }

    /// The model, to set in it what is no property.
    pub fn model(&mut self) -> &mut M {
        &mut self.model
    }

    /// The model.
    ///
    /// # Errors
    ///
    /// Required properties that are not set, all of them.
    pub fn build(self) -> Result<M, MissingFields> {
        let missing = missing(M::PROPERTIES, &self.set);
        if missing.is_empty() {
            Ok(self.model)
        } else {
            Err(MissingFields::new(missing))
        }
    }
}

fn missing(properties: &[Property], set: &Seen) -> Vec<String> {
    let missing = properties.iter().enumerate();
    missing
        .filter(|(index, property)| !property.optional && !set.has(*index))
        .map(|(_, property)| property.name.to_owned())
        .collect()
}

impl<M: Model> Default for Built<M> {
    fn default() -> Self {
        Self {
            model: M::blank(),
            set: Seen::default(),
        }
    }
}

impl<M: Model> From<M> for Built<M> {
    fn from(model: M) -> Self {
        let mut set = Seen::default();
        for index in 0..M::PROPERTIES.len() {
            set.insert(index);
        }
        Self { model, set }
    }
}

impl<M: Model + fmt::Debug> fmt::Debug for Built<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("model", &self.model)
            .field("missing", &missing(M::PROPERTIES, &self.set))
            .finish()
    }
}

/// Makes the builder of a model, without its setters.
#[doc(hidden)]
#[macro_export]
macro_rules! __builder {
    ($name:ident) => {
        #[doc = ::std::concat!(
            "The builder of [`", ::std::stringify!($name), "`](super::", ::std::stringify!($name), ").",
        )]
        #[derive(Clone, Debug)]
        #[must_use = "a builder does nothing until its model is built or sent"]
        pub struct $name($crate::codegen::Built<super::$name>);

        impl super::$name {
            /// A builder with nothing set.
            pub fn builder() -> $name {
                ::std::default::Default::default()
            }
        }

        impl ::std::default::Default for $name {
            fn default() -> Self {
                Self(::std::default::Default::default())
            }
        }

        impl ::std::convert::From<super::$name> for $name {
            fn from(model: super::$name) -> Self {
                Self(model.into())
            }
        }

        impl $name {
            /// The model.
            ///
            /// # Errors
            ///
            /// Fails where required properties are missing, and names all of them.
            pub fn build(
                self,
            ) -> ::std::result::Result<super::$name, $crate::MissingFields> {
                self.0.build()
            }
        }

        impl $crate::codegen::Payload for $name {
            type Model = super::$name;

            fn nothing() -> ::std::option::Option<Self> {
                ::std::option::Option::Some(::std::default::Default::default())
            }

            fn build(
                self,
            ) -> ::std::result::Result<super::$name, $crate::MissingFields> {
                self.0.build()
            }
        }
    };
}
