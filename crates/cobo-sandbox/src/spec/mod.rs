//! Reads the OpenAPI document that the sandbox answers from.
//!
//! The document is parsed here independently of the generator, and the `jsonschema` crate validates by its schemas.
//! Nothing is shared with the generator, so the sandbox checks the generator's reading of the same document.
//!
//! Without the feature `specification`, a [`Specification`] cannot be made, and the files in `without` replace those
//! that need other crates.

#![cfg_attr(not(feature = "specification"), allow(dead_code))]

mod body;
mod dialect;
mod document;
mod json;
mod operation;
mod parameter;
mod path;
#[cfg_attr(not(feature = "specification"), path = "without/pattern.rs")]
mod pattern;
mod place;
mod query;
mod sample;
mod specification;
#[cfg_attr(not(feature = "specification"), path = "without/validator.rs")]
mod validator;

pub(crate) use body::Form;
pub(crate) use operation::Documented;
pub use operation::SampleRequest;
pub(crate) use place::{Place, has_cursors, set_cursors};
pub(crate) use query::Query;
pub use sample::{Fields, Sample};
pub use specification::{Specification, SpecificationError};
