//! What generated models are made of.

#[doc(hidden)]
pub mod codegen;

mod build;
mod decode;
mod object;
mod open_enum;
mod union;
mod value;

pub use build::MissingFields;
pub use decode::decode;
pub use value::{File, Nullable, Number, NumberError, Secret};
