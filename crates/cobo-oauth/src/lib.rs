//! A client for Cobo's OAuth API: a Cobo Portal App obtains and refreshes the tokens with which it
//! acts for the organizations that installed it.
//!
//! Most apps need [`TokenSource`]: it provides valid access tokens for every organization.
//!
//! [`OAuthClient`] has a method for each operation of the API. It is created from a
//! [`cobo_auth::Client`], which signs every request, sends it and verifies the response.
//!
//! Tokens are kept in a [`TokenStore`]: by default a [`MemoryStore`]; a [`FileStore`] for the
//! processes of one machine; a `RedisStore` for processes on many machines.
//!
//! Features, all off by default:
//!
//! - `encryption`: encrypted files, by `FileStore::open_sealed`.
//! - `redis`: `RedisStore`.
//! - `metrics`: counters through the `metrics` crate (`cobo_tokens_obtained_total` and
//!   `cobo_token_failures_total` by `grant`, `cobo_tokens_rejected_total`,
//!   `cobo_token_store_failures_total`).
#![cfg_attr(docsrs, feature(doc_cfg))]

// Excluded because the generator writes it already formatted.
#[rustfmt::skip]
mod generated;
mod store;
mod token;

pub use cobo_auth;
pub use cobo_auth::{CallFuture, Error, MissingFields, Response, Secret};
pub use generated::{OAuthClient, models, operations};
pub use store::{
    FileStore, Lease, MemoryStore, Owner, Saved, StoreError, StoreErrorKind, TokenPair, TokenStore,
};
#[cfg(feature = "redis")]
pub use store::{RedisStore, RedisStoreBuilder};
#[cfg(feature = "encryption")]
pub use store::{StoreKey, StoreKeyError};
pub use token::{
    Approval, Installation, InstallationError, InstallationOutcome, OrgCredential, OrgState,
    OrgWatch, TokenError, TokenErrorKind, TokenSource, TokenSourceBuilder,
};

/// Compiles the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
