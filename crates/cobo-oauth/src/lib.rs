//! A client of Cobo's OAuth API: how a Cobo Portal App obtains and renews the tokens with which it
//! acts for the organizations that installed it.
//!
//! [`TokenSource`] is what most apps want: access tokens that are always fresh, for every
//! organization, from one line.
//!
//! [`Client`] has a method for each operation. It is made from a [`cobo_auth::Client`], which signs
//! every request, sends it and verifies the response.
//!
//! Tokens rest in a [`TokenStore`]: a [`MemoryStore`] unless another is given, a [`FileStore`] for
//! the processes of one machine, a `RedisStore` for a fleet.
//!
//! Features, none of which is on by default:
//!
//! - `encryption`: a `FileStore` whose files are encrypted, by `FileStore::open_sealed`.
//! - `redis`: `RedisStore`.
//! - `metrics`: counts what is obtained and what fails, through the `metrics` crate
//!   (`cobo_tokens_obtained_total` and `cobo_token_failures_total` by `way`,
//!   `cobo_tokens_rejected_total`, `cobo_token_store_failures_total`).

// Generated code is formatted as it is written.
#[rustfmt::skip]
mod generated;
mod hooks;
mod store;
mod token;

pub use cobo_auth;
pub use cobo_auth::{Error, MissingFields, Response, Secret};
pub use generated::{Client, models, operations};
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
