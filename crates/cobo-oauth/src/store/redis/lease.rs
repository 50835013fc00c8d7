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
    value: String,
    ended: bool,
}

impl RedisLease {
    pub(super) async fn acquire(
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
            value: hex::encode(random),
            ended: false,
        };
        let millis = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        let mut acquire = script::ACQUIRE.prepare_invoke();
        acquire.key(&lease.keys.lease).arg(&lease.value);
        acquire.arg(millis.clamp(1, MAX_LIFE_MILLIS));
        let connection = &lease.store.0.connection;
        match connection.run(&acquire, &lease.keys.lease).await? {
            Outcome::Done(_) => Ok(Some(lease)),
            Outcome::NotDone(_) | Outcome::OtherApp(_) => {
                lease.ended = true;
                Ok(None)
            }
        }
    }

    async fn send_release(&self) -> Result<(), StoreError> {
        let mut release = script::RELEASE.prepare_invoke();
        release.key(&self.keys.lease).arg(&self.value);
        let connection = &self.store.0.connection;
        connection.run(&release, &self.keys.lease).await.map(|_| ())
    }
}

/// A day, in milliseconds.
const MAX_LIFE_MILLIS: u64 = 24 * 60 * 60 * 1_000;

#[async_trait]
impl Lease for RedisLease {
    async fn spend(&self, generation: u64) -> Result<Option<Secret>, StoreError> {
        let mut spend = script::SPEND.prepare_invoke();
        spend.key(&self.keys.pair).key(&self.keys.lease);
        spend.arg(&self.value).arg(fields::digits(generation));
        Ok(
            match self.store.0.connection.run(&spend, &self.keys.pair).await? {
                Outcome::Done(token) => token,
                Outcome::NotDone(_) | Outcome::OtherApp(_) => None,
            },
        )
    }

    async fn restore(&self, generation: u64, refresh_token: Secret) -> Result<(), StoreError> {
        let mut restore = script::RESTORE.prepare_invoke();
        restore.key(&self.keys.pair).key(&self.keys.lease);
        restore.arg(&self.value).arg(fields::digits(generation));
        restore.arg(refresh_token.expose());
        let connection = &self.store.0.connection;
        connection.run(&restore, &self.keys.pair).await.map(|_| ())
    }

    async fn release(mut self: Box<Self>) -> Result<(), StoreError> {
        let released = self.send_release().await;
        self.ended = true;
        released
    }
}

impl Drop for RedisLease {
    /// Releases the lease in a task that is not waited for, not even by `TokenSource::shutdown`.
    /// This happens when a store call was abandoned, or when a source was shut down before it had
    /// sent anything. The task makes one call, which ends within the store's timeout. Waiting for
    /// it would require a close method on every store.
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        // Without a runtime the lease ends when it expires.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let lease = Self {
            store: self.store.clone(),
            keys: self.keys.clone(),
            value: std::mem::take(&mut self.value),
            ended: true,
        };
        runtime.spawn(async move {
            let _ = lease.send_release().await;
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
