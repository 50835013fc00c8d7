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
//! # Features
//!
//! Each tag of the API is a feature, on by default. With `default-features = false` only the tags
//! that you name are compiled. The feature `webhooks` adds [`webhooks`]: what Cobo sends.

// Excluded because the generator writes it already formatted.
#[rustfmt::skip]
mod generated;
#[cfg(feature = "webhooks")]
pub mod webhooks;

pub use cobo_auth;
pub use cobo_auth::{Error, Items, MissingFields, Pages, Response, Secret};
pub use generated::{Waas2Client, models, operations};

/// Compiles the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
