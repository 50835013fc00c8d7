//! A client of Cobo WaaS 2.0: wallets, transactions, staking, payments and more.
//!
//! [`Waas2Client`] has a method for each operation of the API. It is created from a
//! [`cobo_auth::Client`], which signs every request, sends it and verifies the response. The four
//! operations below `/oauth/` are in the crate `cobo-oauth`, which also keeps tokens fresh.
//!
//! ```no_run
//! use cobo_auth::{Client, Ed25519Signer, Environment, FixedToken};
//! use cobo_waas2::Waas2Client;
//!
//! # async fn example(token: String) -> Result<(), Box<dyn std::error::Error>> {
//! let signer = Ed25519Signer::from_hex(&std::env::var("COBO_APP_SECRET")?)?;
//! let auth = Client::new(Environment::development(), signer)?;
//! let client = Waas2Client::new(auth.with_credential(FixedToken::new(token)?));
//!
//! let mut wallets = client.list_wallets().limit(50).items();
//! while let Some(wallet) = wallets.next().await {
//!     println!("{:?}", wallet?);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Permissions
//!
//! Each operation has a constant in [`operations`] with the permissions that an app needs for it.
//! [`Operation::scopes_of`](cobo_auth::Operation::scopes_of) collects them for the app's manifest:
//!
//! ```
//! use cobo_auth::Operation;
//! use cobo_waas2::operations::{LIST_WALLETS, CREATE_TRANSFER_TRANSACTION};
//!
//! println!("{:?}", Operation::scopes_of([&LIST_WALLETS, &CREATE_TRANSFER_TRANSACTION]));
//! ```
//!
//! # Waiting
//!
//! Cobo carries out some operations asynchronously: they end some time after the call. [`wait`] asks for the
//! state until it is final.
//!
//! # Request ids
//!
//! Cobo accepts the `request_id` of a transfer or a contract call once. Store it before you send the
//! request; after a crash, send the same request with the stored id.
//!
//! ```no_run
//! use cobo_waas2::cobo_auth::{Error, ErrorKind};
//! use cobo_waas2::{RequestId, Waas2Client, models};
//!
//! # fn store_with_order(_: &RequestId) {}
//! # async fn example(
//! #     client: Waas2Client,
//! #     transfer: models::builder::TransferParams,
//! # ) -> Result<(), Error> {
//! let id = RequestId::random()?;
//! store_with_order(&id); // before `send`, in the transaction that stores the order
//!
//! let request = client.create_transfer_transaction();
//! match request.transfer_params(transfer.request_id(&id)).send().await {
//!     Ok(created) => println!("transaction {}", created.transaction_id),
//!     // Not a success: find what Cobo did with the id, and compare.
//!     Err(error) if error.kind() == ErrorKind::RequestIdTaken => {
//!         println!("{:?}", client.find_transaction(&id).await);
//!     }
//!     Err(error) => println!("{:?}: {error}", error.execution()),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Amounts
//!
//! Models hold amounts as text, with all digits. With the feature `rust_decimal`, `exact_decimal`
//! converts one to a `rust_decimal::Decimal`, and fails where a digit would be lost; `to_string` of
//! the `Decimal` gives the text for a request.
//!
//! # Features
//!
//! Each tag of the API is a feature, on by default. With `default-features = false` only the tags that you
//! name are compiled. The feature `webhooks` adds [`webhooks`]: the events and callbacks that Cobo sends.
#![cfg_attr(docsrs, feature(doc_cfg))]

// Excluded because the generator writes it already formatted.
#[rustfmt::skip]
mod generated;
#[cfg(feature = "transactions")]
mod lookup;
#[cfg(feature = "webhooks")]
pub mod webhooks;

pub mod wait;

pub use cobo_auth;
pub use cobo_auth::{
    CallFuture, Error, Items, MissingFields, Pages, RequestId, RequestIdError, Response, Secret,
};
pub use cobo_model::Outcome;
#[cfg(feature = "rust_decimal")]
pub use cobo_model::{AmountError, exact_decimal};
pub use generated::{Waas2Client, models, operations};
#[cfg(feature = "transactions")]
pub use lookup::{Lookup, LookupError};

/// Compiles the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
