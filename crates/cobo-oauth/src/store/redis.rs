use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{Lease, Owner, Saved, StoreError, TokenPair, TokenStore};
use connection::SharedConnection;
use key::Keys;
use lease::RedisLease;
use script::Outcome;

mod builder;
mod connection;
mod fields;
mod key;
mod lease;
mod scan;
mod script;
mod tls;

pub use builder::RedisStoreBuilder;

/// Keeps token pairs in Redis, for processes on many machines. Clones share their connection.
///
/// ```
/// # fn main() -> Result<(), cobo_oauth::StoreError> {
/// use cobo_oauth::RedisStore;
///
/// let store = RedisStore::connect("rediss://:password@tokens.example.com:6379")?;
/// assert!(!format!("{store:?}").contains("password"));
/// # Ok(())
/// # }
/// ```
///
/// The pair of an organization is a hash, `cobo:{org-…}:pair`, which is changed by scripts that
/// compare before they write. The lease is `cobo:{org-…}:lease`, with an expiry and a random value.
/// Spending a refresh token compares that value, so a lease that was lost cannot spend one. In a
/// cluster both keys are in one slot. A pair expires with its refresh token, or with its access
/// token if it has no refresh token. After a pair was removed, its generation is kept for the same
/// time.
///
/// Use a separate [namespace](RedisStoreBuilder::namespace) for each app and each Cobo environment.
/// The pair of another app is [refused](super::StoreErrorKind::OtherApp) and left unchanged.
///
/// - **Redis may be down.** The store connects on the first call, and drops a connection that
///   failed. Each call ends within 2 seconds (see [`timeout`](RedisStoreBuilder::timeout)), with
///   [`NoAnswer`](super::StoreErrorKind::NoAnswer) if Redis did not answer. A lease that is dropped
///   without being released is released by one more call, which the shutdown of a source does not
///   wait for.
/// - **URLs** begin with `redis://`, `rediss://` (TLS) or `unix://`. `redis://` to another machine or
///   to a cluster is refused unless you [allow it](RedisStoreBuilder::danger_allow_plain_redis), because
///   the tokens would pass through the network unencrypted. `redis://localhost` is 127.0.0.1. For a
///   cluster, give the URLs of several nodes to the [builder](Self::builder).
/// - **TLS** trusts the machine's root certificates, or
///   [the one that you set](RedisStoreBuilder::root_certificate). It uses the rustls provider of the
///   process. If the program has not installed one when the store first connects to a
///   `rediss://` URL, the store installs that of the feature `rustls-aws-lc` or `rustls-ring`.
/// - **Durability depends on Redis.** With `appendonly yes` and `appendfsync always` every
///   confirmed write is on its disk. Otherwise a crash or a failover may bring back a refresh token
///   that was spent. Cobo then refuses it, and the source calls `get_token`; nothing else is lost.
/// - **Permissions.** The Redis user needs `+evalsha +script|load +hgetall` on the store's keys,
///   and the commands in the scripts: `+type +get +set +del +hset +hdel +pexpire`. Listing the
///   organizations needs `+scan`, and in a cluster `+cluster|slots`. It takes one call for each
///   organization, 64 at a time, and the timeout applies to each call.
/// - Tokens pass through the buffers of the `redis` crate, which are not wiped.
///
/// The store's methods need a tokio runtime; creating it does not.
#[derive(Clone)]
pub struct RedisStore(Arc<Inner>);

struct Inner {
    namespace: String,
    connection: SharedConnection,
}

impl RedisStore {
    /// Creates a store for the Redis at a URL. It connects on the first call.
    ///
    /// # Errors
    ///
    /// The URL is not a valid Redis URL, or leads to another machine without TLS.
    pub fn connect(url: &str) -> Result<Self, StoreError> {
        Self::builder(url).build()
    }

    /// Starts the setup of a store with more options: more nodes, another namespace, a root
    /// certificate.
    pub fn builder(url: &str) -> RedisStoreBuilder {
        RedisStoreBuilder::new(url)
    }

    fn keys(&self, org_id: &str) -> Keys {
        Keys::new(&self.0.namespace, org_id)
    }
}

#[async_trait]
impl TokenStore for RedisStore {
    async fn load(&self, org_id: &str) -> Result<Option<TokenPair>, StoreError> {
        let keys = self.keys(org_id);
        let mut load = ::redis::cmd("HGETALL");
        load.arg(&keys.pair);
        let hash = self
            .0
            .connection
            .query_with_retry(&load, None, &keys.pair)
            .await?;
        fields::read(hash, &keys.pair)
    }

    async fn save(&self, org_id: &str, pair: &TokenPair) -> Result<Saved, StoreError> {
        let keys = self.keys(org_id);
        let mut save = script::SAVE.prepare_invoke();
        save.key(&keys.pair).arg(fields::life_millis(pair));
        save.arg(fields::digits(pair.generation));
        save.arg(&fields::app(pair.owner.as_ref()));
        for (name, value) in fields::write(org_id, pair) {
            save.arg(name).arg(value.expose());
        }
        match self.0.connection.run(&save, &keys.pair).await? {
            Outcome::Done(_) => Ok(Saved::Kept),
            Outcome::NotDone(known) => known
                .and_then(|known| fields::number(&known))
                .map(|generation| Saved::Newer { generation })
                .ok_or_else(|| fields::unrecognised(&keys.pair)),
            Outcome::OtherApp(other) => Err(other.conflict(org_id)),
        }
    }

    async fn remove(&self, org_id: &str, owner: &Owner) -> Result<(), StoreError> {
        let keys = self.keys(org_id);
        let mut remove = script::REMOVE.prepare_invoke();
        remove.key(&keys.pair).arg(&fields::app(Some(owner)));
        match self.0.connection.run(&remove, &keys.pair).await? {
            Outcome::Done(_) | Outcome::NotDone(_) => Ok(()),
            Outcome::OtherApp(other) => Err(other.conflict(org_id)),
        }
    }

    async fn organizations(&self, owner: &Owner) -> Result<Vec<String>, StoreError> {
        scan::organizations(self, owner).await
    }

    async fn lease(
        &self,
        org_id: &str,
        ttl: Duration,
    ) -> Result<Option<Box<dyn Lease>>, StoreError> {
        let lease = RedisLease::acquire(self.clone(), self.keys(org_id), ttl).await?;
        Ok(lease.map(|lease| Box::new(lease) as Box<dyn Lease>))
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("nodes", &self.0.connection.nodes())
            .field("namespace", &self.0.namespace)
            .finish_non_exhaustive()
    }
}
