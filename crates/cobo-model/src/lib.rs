//! The building blocks of generated models: JSON objects, open enums, unions, exact numbers, dates,
//! secrets.
//!
//! A generated crate contains each model's struct or enum with its documentation, and one macro
//! call that implements its behaviour: [`model!`], [`builder!`], [`open_enum!`],
//! [`open_integer_enum!`], [`tagged_union!`], [`shaped_union!`], [`wrapper!`]. The behaviour itself
//! is in this crate, once. This compiles in a fraction of the time of serde's derive macros, and
//! the rules that protect callers are in one place:
//!
//! - Unknown fields, unknown enum values and unknown variants of unions never make a response
//!   unreadable. Unknown values are kept and are written back unchanged.
//! - Missing required fields, values of the wrong type and arrays in place of objects are errors.
//!   The [error](DecodeError) names every missing field with its path, and no value.
//! - `Debug` never shows a [`Secret`].
//!
//! This crate handles JSON (serde) and no HTTP. `cobo-auth` signs and sends requests; it re-exports
//! the types that callers use.
//!
//! ```
//! use cobo_model::Secret;
//!
//! /// A wallet, as a generator writes it.
//! #[derive(Clone, Debug)]
//! pub struct Wallet {
//!     /// The wallet's ID.
//!     pub wallet_id: String,
//!     /// The wallet's name, if it has one.
//!     pub name: Option<String>,
//!     /// The state of the wallet.
//!     pub state: State,
//!     /// A value that `Debug` does not show.
//!     pub api_key: Option<Secret>,
//! }
//! cobo_model::model! {
//!     Wallet { 0 wallet_id, 1 name?, 2 state, 3 api_key? }
//! }
//!
//! /// A state. New states may come with any release of the API.
//! #[derive(Clone, Debug, PartialEq)]
//! pub enum State {
//!     /// `Active`.
//!     Active,
//!     /// A value that the document does not know.
//!     Unknown(String),
//! }
//! cobo_model::open_enum! {
//!     State, Unknown { Active = "Active" }
//! }
//!
//! let json = br#"{"wallet_id": "w-1", "state": "Frozen", "new_field": 1, "api_key": "k"}"#;
//! let wallet: Wallet = cobo_model::decode(json)?;
//! assert_eq!(wallet.state, State::Unknown("Frozen".to_owned()));
//! assert!(format!("{wallet:?}").contains("api_key: Some(Secret(REDACTED))"));
//!
//! let error = cobo_model::decode::<Wallet>(b"{}").unwrap_err();
//! assert_eq!(error.to_string(), "missing required fields: wallet_id, state");
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]

mod build;
mod decode;
mod object;
mod open_enum;
mod outcome;
mod union;
mod value;

pub use build::{IntoBody, IntoField, MissingFields, ModelBuilder, PartialModel};
pub use decode::{DecodeError, decode};
pub use object::{Field, Model};
pub use outcome::Outcome;
// In the API of this crate: callers get the right version from here.
#[cfg(feature = "secrecy")]
pub use secrecy;
#[cfg(feature = "rust_decimal")]
pub use value::{AmountError, exact_decimal};
pub use value::{Bounds, Date, DateError, FieldValue, File, Nullable, Number, NumberError, Secret};

/// Items that the code of this crate's macros uses. Not for other code: they change with the
/// generator.
#[doc(hidden)]
pub mod macros {
    pub use crate::decode::RawJson;
    pub use crate::object::{FieldReader, FieldWriter, deserialize, serialize};
    pub use crate::union::{VariantShape, matching_variants, serialize_tagged};
    pub use crate::value::collect_secrets;
    pub use serde;
}

/// Compiles the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
