//! Stores for token pairs. A pair is in its store between two refreshes and after a restart.

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

/// Stores a token pair for each organization, for all processes that share the store.
///
/// A refresh token works once. Therefore a store returns each refresh token
/// [at most once](Lease::spend), and never replaces a pair by an older one. With these two rules a
/// [`TokenSource`](crate::TokenSource) is safe with any number of processes, even if a process is
/// killed at any moment.
///
/// A store is for one app in one environment of Cobo. Each pair has an [owner](TokenPair::owner),
/// and a store never replaces or removes a pair of another app: it calls [`Owner::check`]. Two apps
/// that share a store by mistake get errors and lose no tokens.
///
/// This crate has three stores: [`MemoryStore`], [`FileStore`](crate::FileStore) for one machine,
/// and `RedisStore` (feature `redis`) for many machines.
///
/// While a store fails, a `TokenSource` serves the valid tokens that it has in memory. A source
/// limits the time of each call by dropping its future. A store must set its own time limit only for
/// work that continues after its future was dropped.
#[async_trait]
pub trait TokenStore: fmt::Debug + Send + Sync {
    /// Returns the stored pair of an organization, of any app, or `None`.
    ///
    /// # Errors
    ///
    /// The store cannot be reached, or has data that it cannot read.
    async fn load(&self, org_id: &str) -> Result<Option<TokenPair>, StoreError>;

    /// Stores a pair durably, unless the stored pair has the same
    /// [generation](TokenPair::generation) or a newer one.
    ///
    /// # Errors
    ///
    /// The pair may have been stored, unless [`StoreError::is_not_applied`] returns true. A pair of
    /// [another app](StoreErrorKind::OtherApp) is not replaced.
    async fn save(&self, org_id: &str, pair: &TokenPair) -> Result<Saved, StoreError>;

    /// Removes the stored pair of an organization, if this app may remove it. The store keeps the
    /// pair's generation, but not its owner, so that a delayed `save` of that pair or an older one
    /// has no effect.
    ///
    /// # Errors
    ///
    /// The pair may still be stored. A pair of [another app](StoreErrorKind::OtherApp) is not
    /// removed.
    async fn remove(&self, org_id: &str, owner: &Owner) -> Result<(), StoreError>;

    /// Lists the organizations whose pairs this app may use: its own pairs, and pairs without an
    /// owner. The order is not defined. Organizations whose pair was removed are not listed.
    ///
    /// An entry that cannot be read is skipped, and a warning in the log names it. The store reads
    /// every entry, which takes seconds with very many organizations. An organization that is stored
    /// or removed during the call may be missing or listed.
    ///
    /// # Errors
    ///
    /// The store, or a part of it, cannot be reached. An incomplete list is never returned.
    async fn organizations(&self, owner: &Owner) -> Result<Vec<String>, StoreError>;

    /// Acquires the lease of an organization: the right to refresh its tokens, which one process has
    /// at a time. Returns `None` while another process has it.
    ///
    /// The lease ends when it is [released](Lease::release) or dropped, or when its process dies. If
    /// the store cannot detect that, the lease ends after `ttl`.
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
    /// Takes the refresh token out of the pair of this generation, durably. After a success no
    /// process gets the same refresh token again, even if this process is killed.
    ///
    /// Returns `None` if there is no such pair, if its refresh token was taken before, or if the
    /// lease has ended.
    ///
    /// # Errors
    ///
    /// The refresh token may have been taken out. It must not be used.
    async fn spend(&self, generation: u64) -> Result<Option<Secret>, StoreError>;

    /// Puts a refresh token that was certainly not processed back into its pair. Does nothing if the
    /// pair was replaced or the lease has ended.
    ///
    /// # Errors
    ///
    /// The refresh token may be lost. The next token is obtained by `get_token`.
    async fn restore(&self, generation: u64, refresh_token: Secret) -> Result<(), StoreError>;

    /// Ends the lease.
    ///
    /// # Errors
    ///
    /// The store cannot be reached. The lease ends after its `ttl`.
    async fn release(self: Box<Self>) -> Result<(), StoreError>;
}

/// The result of [`TokenStore::save`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a pair that was not stored may be older than the stored one"]
pub enum Saved {
    /// The pair was stored.
    Kept,
    /// The pair was not stored, because the store has or had one of this generation or a newer one.
    Newer {
        /// The newest generation that the store has had.
        generation: u64,
    },
}
