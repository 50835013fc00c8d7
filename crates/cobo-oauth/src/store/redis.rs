use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{Lease, Owner, Saved, StoreError, TokenPair, TokenStore};
use key::Keys;
use lease::RedisLease;
use link::Links;
use script::Outcome;

mod builder;
mod fields;
mod key;
mod lease;
mod link;
mod scan;
mod script;

pub use builder::RedisStoreBuilder;

/// Keeps token pairs in Redis, for a fleet of processes. Clones share their connection.
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
/// An organization's pair is a hash, `cobo:{org-…}:pair`, changed by scripts that compare before
/// they write; the right to refresh it is `cobo:{org-…}:lease`, set for a time, with a random value
/// that spending a refresh token compares: a lease that was lost can spend nothing. Both keys are in
/// one slot of a cluster. A pair expires with its refresh token, or with its access token if there is
/// no refresh token. After a pair was removed its generation stays as long.
///
/// A [namespace](RedisStoreBuilder::namespace) is for one app in one environment of Cobo's. The pair
/// of another app is [refused](super::StoreErrorKind::OtherApp), and left as it is.
///
/// - **Redis may be down.** Nothing is connected before the first call; a connection that failed is
///   not used again; each call ends within 2 seconds (see
///   [`timeout`](RedisStoreBuilder::timeout)), with [`NoAnswer`](super::StoreErrorKind::NoAnswer) if
///   Redis did not answer. A lease that is dropped before it was released is given back by one call
///   more, which a source that is shut down does not wait for.
/// - **URLs** begin with `redis://`, `rediss://` (TLS) or `unix://`; several of them, the nodes of a
///   cluster, are given to the [builder](Self::builder). TLS trusts the machine's roots, or
///   [one that is given](RedisStoreBuilder::root_certificate). It uses the rustls provider of the
///   process; if the program has installed none when the store first connects to a `rediss://` URL,
///   the store installs the one of aws-lc-rs.
/// - **Durability is Redis's own.** With `appendonly yes` and `appendfsync always` what was answered
///   is on its disk. Otherwise a crash or a failover may bring back a refresh token that was
///   spent. It is refused by Cobo then, and `get_token` is next; nothing else is lost.
/// - **A user of Redis** needs `+evalsha +script|load +hgetall` on its keys, and what the scripts
///   call: `+type +get +set +del +hset +hdel +pexpire`. To list the organizations it needs `+scan`, in a
///   cluster `+cluster|slots`. The list takes a call for each organization, 64 at a time, and the
///   timeout is for each call.
/// - Tokens pass through the buffers of the `redis` crate, which are not wiped.
///
/// Its methods need tokio's runtime; making it does not.
#[derive(Clone)]
pub struct RedisStore(Arc<Inner>);

struct Inner {
    namespace: String,
    links: Links,
}

impl RedisStore {
    /// A store in the Redis at a URL, which is connected to when it is first needed.
    ///
    /// # Errors
    ///
    /// The URL is not a valid URL of Redis.
    pub fn connect(url: &str) -> Result<Self, StoreError> {
        Self::builder(url).build()
    }

    /// A store to be set up further: with more nodes, another namespace, a root certificate.
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
        let hash = self.0.links.ask_twice(&load, None, &keys.pair).await?;
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
        match self.0.links.run(&save, &keys.pair).await? {
            Outcome::Done(_) => Ok(Saved::Kept),
            Outcome::Not(known) => known
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
        match self.0.links.run(&remove, &keys.pair).await? {
            Outcome::Done(_) | Outcome::Not(_) => Ok(()),
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
        let lease = RedisLease::take(self.clone(), self.keys(org_id), ttl).await?;
        Ok(lease.map(|lease| Box::new(lease) as Box<dyn Lease>))
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("nodes", &self.0.links.nodes())
            .field("namespace", &self.0.namespace)
            .finish_non_exhaustive()
    }
}
