//! Where token pairs rest between two refreshes, and between two runs of a program.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use cobo_auth::Secret;

mod error;
mod file;
mod memory;
mod name;
mod owner;
mod pair;
#[cfg(feature = "redis")]
mod redis;

pub use error::{StoreError, StoreErrorKind};
pub use file::FileStore;
#[cfg(feature = "encryption")]
pub use file::{StoreKey, StoreKeyError};
pub use memory::MemoryStore;
pub use owner::Owner;
pub use pair::TokenPair;
#[cfg(feature = "redis")]
pub use redis::{RedisStore, RedisStoreBuilder};

/// Keeps a token pair for each organization, for all the processes that share the store.
///
/// A refresh token works once. A store therefore does more than keep values: it hands each refresh
/// token out [once](Lease::spend), and never lets an older pair replace a newer one. A
/// [`TokenSource`](crate::TokenSource) needs no more than that to be safe with any number of
/// processes, killed at any moment.
///
/// A store is for one app in one environment of Cobo's. Each pair says [whose](TokenPair::owner) it
/// is, and a store never replaces or removes a pair of another app
/// ([`Owner::check`] is the rule): two apps that share a store by mistake get errors, and lose nothing.
///
/// Stores that come with this crate: [`MemoryStore`], [`FileStore`](crate::FileStore) for one
/// machine, and `RedisStore` (feature `redis`) for a fleet.
///
/// A store that fails never stops a program that holds valid tokens; see
/// [`TokenSource`](crate::TokenSource) for what happens instead. Calls may be dropped at any await,
/// and must be bounded by themselves only where dropping them would not end them.
#[async_trait]
pub trait TokenStore: fmt::Debug + Send + Sync {
    /// The pair of an organization, if there is one, whichever app it belongs to.
    ///
    /// # Errors
    ///
    /// The store cannot be reached, or holds data that it cannot read.
    async fn load(&self, org_id: &str) -> Result<Option<TokenPair>, StoreError>;

    /// Keeps a pair durably, unless the pair that is there is of the same
    /// [generation](TokenPair::generation) or a newer one.
    ///
    /// # Errors
    ///
    /// The pair may or may not have been kept, unless the error
    /// [says](StoreError::is_not_applied) that it was not. The stored pair of
    /// [another app](StoreErrorKind::OtherApp) is not replaced.
    async fn save(&self, org_id: &str, pair: &TokenPair) -> Result<Saved, StoreError>;

    /// Removes the pair of an organization, if there is one that this app may remove. The store
    /// remembers its generation, and not its owner: a process that was late to save that pair, or an
    /// older one, does not bring it back.
    ///
    /// # Errors
    ///
    /// The pair may still be there. The pair of [another app](StoreErrorKind::OtherApp) is not
    /// removed.
    async fn remove(&self, org_id: &str, owner: &Owner) -> Result<(), StoreError>;

    /// The organizations whose pairs this app may use, in no particular order: its own pairs, and
    /// those without an owner. Organizations whose pair was removed are not listed.
    ///
    /// An entry that cannot be read is left out, with a warning in the log that names it. The store
    /// reads every entry: with very many organizations this takes seconds. An organization that is
    /// stored or removed meanwhile may be in the list or not.
    ///
    /// # Errors
    ///
    /// The store, or a part of it, cannot be reached. There is no list that may lack some.
    async fn organizations(&self, owner: &Owner) -> Result<Vec<String>, StoreError>;

    /// The right to refresh the tokens of an organization, which one process has at a time; `None`
    /// while another has it.
    ///
    /// It ends when it is [released](Lease::release) or dropped, when its process dies, or at the
    /// latest after `ttl` where the store cannot tell that.
    ///
    /// # Errors
    ///
    /// The store cannot be reached.
    async fn lease(
        &self,
        org_id: &str,
        ttl: Duration,
    ) -> Result<Option<Box<dyn Lease>>, StoreError>;
}

/// The right to refresh the tokens of one organization. See [`TokenStore::lease`].
#[async_trait]
pub trait Lease: fmt::Debug + Send + Sync {
    /// Takes the refresh token out of the pair of that generation, durably: once this has
    /// succeeded, nobody gets the same refresh token again, whatever happens to this process.
    ///
    /// `None` where there is no such pair, where its refresh token has been taken, or where this
    /// lease is over.
    ///
    /// # Errors
    ///
    /// The refresh token may or may not have been taken out. It must not be used.
    async fn spend(&self, generation: u64) -> Result<Option<Secret>, StoreError>;

    /// Puts back a refresh token that was certainly not sent into the pair that it was taken from.
    /// Does nothing where that pair has been replaced, or this lease is over.
    ///
    /// # Errors
    ///
    /// The refresh token may be gone; the next refresh does without.
    async fn restore(&self, generation: u64, refresh_token: Secret) -> Result<(), StoreError>;

    /// Ends the lease.
    ///
    /// # Errors
    ///
    /// It ends by itself then.
    async fn release(self: Box<Self>) -> Result<(), StoreError>;
}

/// What became of a pair that was to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a pair that was not kept may be older than the one that is there"]
pub enum Saved {
    /// It is kept.
    Kept,
    /// The store has, or had, a pair of this generation or a newer one, and keeps to that.
    Newer {
        /// The newest generation that the store knows of.
        generation: u64,
    },
}
