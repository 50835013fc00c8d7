//! Builders of models.

use std::fmt;

use crate::object::{FieldSet, Model};

mod into_body;
mod into_field;
mod missing;

pub use into_body::{IntoBody, PartialModel};
pub use into_field::IntoField;
pub use missing::MissingFields;

/// A model under construction, and the set of its fields that have a value.
#[derive(Clone)]
pub struct ModelBuilder<M> {
    model: M,
    set: FieldSet,
    /// The missing fields of the values that were set, by the index of their field.
    nested: Vec<(usize, MissingFields)>,
}

impl<M: Model> ModelBuilder<M> {
    /// Marks the field at `index` as set and returns the model, to set the field in it.
    pub fn set(&mut self, index: usize) -> &mut M {
        self.set.insert(index);
        &mut self.model
    }

    /// Returns the value of the field at `index`, made of a model or of a builder. The fields that
    /// the builder lacks are reported by [`build`](Self::build).
    pub fn nested<T>(&mut self, index: usize, value: impl IntoField<T>) -> T {
        let PartialModel { model, missing } = value.into_field();
        self.replace_missing(index, missing);
        model
    }

    /// Returns the list of the field at `index`, made of models or of builders.
    pub fn nested_list<T>(
        &mut self,
        index: usize,
        values: impl IntoIterator<Item = impl IntoField<T>>,
    ) -> Vec<T> {
        let mut missing = MissingFields::default();
        let values = values.into_iter().enumerate();
        let models = values
            .map(|(position, value)| {
                let value = value.into_field();
                missing.extend(value.missing.below(&format!("[{position}]")));
                value.model
            })
            .collect();
        self.replace_missing(index, missing);
        models
    }

    /// Forgets what a value lacked that the field at `index` had before.
    pub fn clear(&mut self, index: usize) {
        self.replace_missing(index, MissingFields::default());
    }

    fn replace_missing(&mut self, index: usize, missing: MissingFields) {
        self.nested.retain(|(other, _)| *other != index);
        if !missing.is_empty() {
            self.nested.push((index, missing));
        }
    }

    /// Returns the model as far as it is built, and the names of what is missing.
    pub fn into_partial(self) -> PartialModel<M> {
        PartialModel {
            missing: self.missing(),
            model: self.model,
        }
    }

    /// The missing fields of all levels, in the order of the model's fields.
    fn missing(&self) -> MissingFields {
        let mut missing = MissingFields::default();
        for (index, field) in M::FIELDS.iter().enumerate() {
            if !field.optional && !self.set.contains(index) {
                missing.extend(MissingFields::new(vec![field.name.to_owned()]));
            }
            let nested = self.nested.iter().filter(|(other, _)| *other == index);
            for (_, fields) in nested {
                missing.extend(fields.clone().below(field.name));
            }
        }
        missing
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
        self.into_partial().build()
    }
}

impl<M: Model> Default for ModelBuilder<M> {
    fn default() -> Self {
        Self {
            model: M::placeholder(),
            set: FieldSet::default(),
            nested: Vec::new(),
        }
    }
}

impl<M: Model> From<M> for ModelBuilder<M> {
    fn from(model: M) -> Self {
        let mut set = FieldSet::default();
        for index in 0..M::FIELDS.len() {
            set.insert(index);
        }
        Self {
            model,
            set,
            nested: Vec::new(),
        }
    }
}

impl<M: Model + fmt::Debug> fmt::Debug for ModelBuilder<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("model", &self.model)
            .field("missing", &self.missing().names())
            .finish()
    }
}

/// Defines the builder of a model, without its setters. Call it in a child module of the model's
/// module; the builder has the model's name.
///
/// Fields in braces after the name have a constant value, which is set from the start:
/// `builder!(Wallet { 0 kind = "MPC" })`.
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
    ($name:ident $({ $($index:literal $field:ident = $value:expr),* $(,)? })?) => {
        #[doc = ::std::concat!(
            "The builder of [`", ::std::stringify!($name), "`](super::", ::std::stringify!($name), ").",
        )]
        #[derive(Clone, Debug)]
        #[must_use = "a builder does nothing until its model is built or sent"]
        pub struct $name($crate::ModelBuilder<super::$name>);

        impl super::$name {
            /// Creates a builder with nothing set.
            pub fn builder() -> $name {
                ::std::default::Default::default()
            }
        }

        impl ::std::default::Default for $name {
            fn default() -> Self {
                #[allow(unused_mut, reason = "only constants are set")]
                let mut builder = $crate::ModelBuilder::<super::$name>::default();
                $($(builder.set($index).$field = ::std::convert::From::from($value);)*)?
                Self(builder)
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

        impl $crate::IntoField<super::$name> for $name {
            fn into_field(self) -> $crate::PartialModel<super::$name> {
                self.0.into_partial()
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
