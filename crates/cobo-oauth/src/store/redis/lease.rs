use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use cobo_auth::Secret;

use super::key::Keys;
use super::script::{self, Outcome};
use super::{RedisStore, fields};
use crate::store::{Lease, StoreError};

/// The right to refresh, valid while the lease's key in Redis has this value.
pub(super) struct RedisLease {
    store: RedisStore,
    keys: Keys,
    fence: String,
    over: bool,
}

impl RedisLease {
    pub(super) async fn take(
        store: RedisStore,
        keys: Keys,
        ttl: Duration,
    ) -> Result<Option<Self>, StoreError> {
        let mut random = [0; 16];
        getrandom::fill(&mut random)
            .map_err(|error| StoreError::unavailable(format!("no random bytes: {error}")))?;
        // Created before the call, so that dropping it releases the lease: Redis may have granted
        // it without an answer arriving.
        let mut lease = Self {
            store,
            keys,
            fence: hex::encode(random),
            over: false,
        };
        let millis = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        let mut take = script::TAKE.prepare_invoke();
        take.key(&lease.keys.lease).arg(&lease.fence);
        take.arg(millis.clamp(1, LONGEST_LIFE));
        let links = &lease.store.0.links;
        match links.run(&take, &lease.keys.lease).await? {
            Outcome::Done(_) => Ok(Some(lease)),
            Outcome::Not(_) | Outcome::OtherApp(_) => {
                lease.over = true;
                Ok(None)
            }
        }
    }

    async fn give_back(&self) -> Result<(), StoreError> {
        let mut release = script::RELEASE.prepare_invoke();
        release.key(&self.keys.lease).arg(&self.fence);
        let links = &self.store.0.links;
        links.run(&release, &self.keys.lease).await.map(|_| ())
    }
}

/// A day, in milliseconds.
const LONGEST_LIFE: u64 = 24 * 60 * 60 * 1_000;

#[async_trait]
impl Lease for RedisLease {
    async fn spend(&self, generation: u64) -> Result<Option<Secret>, StoreError> {
        let mut spend = script::SPEND.prepare_invoke();
        spend.key(&self.keys.pair).key(&self.keys.lease);
        spend.arg(&self.fence).arg(fields::digits(generation));
        Ok(
            match self.store.0.links.run(&spend, &self.keys.pair).await? {
                Outcome::Done(token) => token,
                Outcome::Not(_) | Outcome::OtherApp(_) => None,
            },
        )
    }

    async fn restore(&self, generation: u64, refresh_token: Secret) -> Result<(), StoreError> {
        let mut restore = script::RESTORE.prepare_invoke();
        restore.key(&self.keys.pair).key(&self.keys.lease);
        restore.arg(&self.fence).arg(fields::digits(generation));
        restore.arg(refresh_token.expose());
        let links = &self.store.0.links;
        links.run(&restore, &self.keys.pair).await.map(|_| ())
    }

    async fn release(mut self: Box<Self>) -> Result<(), StoreError> {
        let released = self.give_back().await;
        self.over = true;
        released
    }
}

impl Drop for RedisLease {
    /// Releases the lease in a task that is not waited for, not even by `TokenSource::shutdown`.
    /// This happens when a store call was abandoned, or when a source was shut down before it had
    /// sent anything. The task makes one call, which ends within the store's timeout. Waiting for
    /// it would require a close method on every store.
    fn drop(&mut self) {
        if self.over {
            return;
        }
        // Without a runtime the lease ends when it expires.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let lease = Self {
            store: self.store.clone(),
            keys: self.keys.clone(),
            fence: std::mem::take(&mut self.fence),
            over: true,
        };
        runtime.spawn(async move {
            let _ = lease.give_back().await;
        });
    }
}

impl fmt::Debug for RedisLease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLease")
            .field("key", &self.keys.lease)
            .finish_non_exhaustive()
    }
}
