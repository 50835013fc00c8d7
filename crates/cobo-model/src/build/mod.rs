//! Builders of models.

use std::fmt;

use crate::object::{Field, FieldSet, Model};

mod into_body;
mod missing;

pub use into_body::IntoBody;
pub use missing::MissingFields;

/// A model under construction, and the set of its fields that have a value.
#[derive(Clone)]
pub struct ModelBuilder<M> {
    model: M,
    set: FieldSet,
}

impl<M: Model> ModelBuilder<M> {
    /// Marks the field at `index` as set and returns the model, to set the field in it.
    pub fn set(&mut self, index: usize) -> &mut M {
        self.set.insert(index);
        &mut self.model
    }

    /// Returns the model, to add properties that have no field.
    pub fn model(&mut self) -> &mut M {
        &mut self.model
    }

    /// Returns the model.
    ///
    /// # Errors
    ///
    /// Required fields are not set; the error names all of them.
    pub fn build(self) -> Result<M, MissingFields> {
        let missing = missing(M::FIELDS, &self.set);
        if missing.is_empty() {
            Ok(self.model)
        } else {
            Err(MissingFields::new(missing))
        }
    }
}

fn missing(fields: &[Field], set: &FieldSet) -> Vec<String> {
    let fields = fields.iter().enumerate();
    fields
        .filter(|(index, field)| !field.optional && !set.contains(*index))
        .map(|(_, field)| field.name.to_owned())
        .collect()
}

impl<M: Model> Default for ModelBuilder<M> {
    fn default() -> Self {
        Self {
            model: M::placeholder(),
            set: FieldSet::default(),
        }
    }
}

impl<M: Model> From<M> for ModelBuilder<M> {
    fn from(model: M) -> Self {
        let mut set = FieldSet::default();
        for index in 0..M::FIELDS.len() {
            set.insert(index);
        }
        Self { model, set }
    }
}

impl<M: Model + fmt::Debug> fmt::Debug for ModelBuilder<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("model", &self.model)
            .field("missing", &missing(M::FIELDS, &self.set))
            .finish()
    }
}

/// Defines the builder of a model, without its setters. Call it in a child module of the model's
/// module; the builder has the model's name.
///
/// ```
/// mod models {
///     #[derive(Clone, Debug)]
///     pub struct Wallet {
///         pub id: String,
///     }
///     cobo_model::model! { Wallet { 0 id } }
///
///     pub mod builder {
///         cobo_model::builder!(Wallet);
///
///         impl Wallet {
///             pub fn id(mut self, value: impl Into<String>) -> Self {
///                 self.0.set(0).id = value.into();
///                 self
///             }
///         }
///     }
/// }
/// use models::Wallet;
///
/// assert_eq!(Wallet::builder().id("w").build()?.id, "w");
/// assert_eq!(Wallet::builder().build().unwrap_err().names(), ["id"]);
/// # Ok::<_, cobo_model::MissingFields>(())
/// ```
#[macro_export]
macro_rules! builder {
    ($name:ident) => {
        #[doc = ::std::concat!(
            "The builder of [`", ::std::stringify!($name), "`](super::", ::std::stringify!($name), ").",
        )]
        #[derive(Clone, Debug)]
        #[must_use = "a builder does nothing until its model is built or sent"]
        pub struct $name($crate::ModelBuilder<super::$name>);

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
            /// Returns the model.
            ///
            /// # Errors
            ///
            /// Required fields are not set; the error names all of them.
            pub fn build(
                self,
            ) -> ::std::result::Result<super::$name, $crate::MissingFields> {
                self.0.build()
            }
        }

        impl $crate::IntoBody for $name {
            type Model = super::$name;

            fn empty() -> ::std::option::Option<Self> {
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
