//! A fake store that outlives the processes that use it, and has a fault that the test sets.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use cobo_auth::Secret;
use serde::Deserialize;
use tokio::time::Instant;

use super::fixtures::Life;
use crate::store::{Lease, MemoryStore, Owner, Saved, StoreError, TokenPair, TokenStore};

/// How the store fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StoreFault {
    #[default]
    None,
    Down,
    /// Never answers.
    Hangs,
    /// Reads work, writes fail.
    ReadOnly,
    /// Writes are applied, but reported as failed.
    AppliedButFailed,
    /// Reports after 2 seconds that it did not answer.
    TimesOut,
    /// Refuses every pair as too large.
    TooLarge,
}

/// An in-memory store that outlives the sources that use it, and has a fault that the test sets.
#[derive(Debug, Clone)]
pub(super) struct TestStore {
    memory: Arc<Mutex<MemoryStore>>,
    life: Life,
    /// The lease of each organization. A lease ends with its process, or when its time is over.
    leases: Arc<Mutex<Leases>>,
    fault: Arc<Mutex<StoreFault>>,
    /// How long each call takes.
    latency: Arc<Mutex<Duration>>,
    /// The pair that another process stores just before the next lease is granted.
    at_lease: Arc<Mutex<Option<TokenPair>>>,
    /// When each stored pair was obtained, and whether an older pair has ever replaced a newer one.
    newest: Arc<Mutex<(HashMap<String, u64>, bool)>>,
    /// How many calls of `load` there are now, and how many there were at a time.
    loads: Arc<AtomicUsize>,
    max_concurrent_loads: Arc<AtomicUsize>,
}

struct Load<'a>(&'a AtomicUsize);

impl Drop for Load<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Debug, Default)]
struct Leases {
    given: u64,
    held: HashMap<String, (u64, Life, Instant)>,
}

impl TestStore {
    pub(super) fn new() -> Self {
        Self {
            memory: Arc::default(),
            life: Life::new(0),
            leases: Arc::default(),
            fault: Arc::default(),
            latency: Arc::default(),
            at_lease: Arc::default(),
            newest: Arc::default(),
            loads: Arc::default(),
            max_concurrent_loads: Arc::default(),
        }
    }

    /// The same store as seen by another process.
    pub(super) fn of(&self, life: &Life) -> Self {
        Self {
            life: life.clone(),
            ..self.clone()
        }
    }

    /// The content, regardless of the fault.
    pub(super) fn memory(&self) -> MemoryStore {
        self.memory.lock().unwrap().clone()
    }

    pub(super) fn lose_everything(&self) {
        *self.memory.lock().unwrap() = MemoryStore::new();
        self.newest.lock().unwrap().0.clear();
    }

    pub(super) fn save_at_lease(&self, pair: TokenPair) {
        *self.at_lease.lock().unwrap() = Some(pair);
    }

    pub(super) fn set_fault(&self, fault: StoreFault) {
        *self.fault.lock().unwrap() = fault;
    }

    pub(super) fn set_latency(&self, latency: Duration) {
        *self.latency.lock().unwrap() = latency;
    }

    /// The number of leases granted so far.
    pub(super) fn leases(&self) -> u64 {
        self.leases.lock().unwrap().given
    }

    /// How many calls of `load` there were at a time, at most.
    pub(super) fn max_concurrent_loads(&self) -> usize {
        self.max_concurrent_loads.load(Ordering::Relaxed)
    }

    pub(super) fn overwrote_a_newer_pair(&self) -> bool {
        self.newest.lock().unwrap().1
    }

    async fn answer<T>(&self, writes: bool) -> Result<(), Result<T, StoreError>> {
        self.life.pause_if_killed().await;
        tokio::task::yield_now().await;
        let latency = *self.latency.lock().unwrap();
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        self.life.pause_if_killed().await;
        let fault = *self.fault.lock().unwrap();
        match fault {
            StoreFault::None | StoreFault::AppliedButFailed => Ok(()),
            StoreFault::ReadOnly | StoreFault::TooLarge if !writes => Ok(()),
            StoreFault::TooLarge => Err(Err(StoreError::too_large("it takes none"))),
            StoreFault::TimesOut => {
                tokio::time::sleep(Duration::from_secs(2)).await;
                Err(Err(StoreError::no_answer("after 2 s")))
            }
            StoreFault::Down | StoreFault::ReadOnly => {
                Err(Err(StoreError::unavailable("it is down").not_applied()))
            }
            StoreFault::Hangs => std::future::pending().await,
        }
    }

    fn after<T>(&self, value: T) -> Result<T, StoreError> {
        match *self.fault.lock().unwrap() {
            StoreFault::AppliedButFailed => Err(StoreError::unavailable("the connection broke")),
            _ => Ok(value),
        }
    }
}

#[async_trait]
impl TokenStore for TestStore {
    async fn load(&self, org_id: &str) -> Result<Option<TokenPair>, StoreError> {
        let loads = self.loads.fetch_add(1, Ordering::Relaxed) + 1;
        let _load = Load(&self.loads);
        self.max_concurrent_loads
            .fetch_max(loads, Ordering::Relaxed);
        match self.answer(false).await {
            Ok(()) => self.memory().load(org_id).await,
            Err(failed) => failed,
        }
    }

    async fn save(&self, org_id: &str, pair: &TokenPair) -> Result<Saved, StoreError> {
        if let Err(failed) = self.answer(true).await {
            return failed;
        }
        let saved = self.memory().save(org_id, pair).await?;
        if saved == Saved::Kept {
            let mut newest = self.newest.lock().unwrap();
            let before = newest.0.insert(org_id.to_owned(), pair.obtained_at);
            newest.1 |= before.is_some_and(|before| before > pair.obtained_at);
        }
        self.after(saved)
    }

    async fn remove(&self, org_id: &str, owner: &Owner) -> Result<(), StoreError> {
        match self.answer(true).await {
            Ok(()) => self.memory().remove(org_id, owner).await,
            Err(failed) => failed,
        }
    }

    async fn organizations(&self, owner: &Owner) -> Result<Vec<String>, StoreError> {
        match self.answer(false).await {
            Ok(()) => self.memory().organizations(owner).await,
            Err(failed) => failed,
        }
    }

    async fn lease(
        &self,
        org_id: &str,
        ttl: Duration,
    ) -> Result<Option<Box<dyn Lease>>, StoreError> {
        if let Err(failed) = self.answer(true).await {
            return failed;
        }
        let stored = self.at_lease.lock().unwrap().take();
        if let Some(pair) = stored {
            let _ = self.memory().save(org_id, &pair).await?;
        }
        let mut leases = self.leases.lock().unwrap();
        let now = Instant::now();
        if let Some((_, life, until)) = leases.held.get(org_id)
            && !life.is_over()
            && now < *until
        {
            return Ok(None);
        }
        leases.given += 1;
        let number = leases.given;
        let lease = (number, self.life.clone(), now + ttl);
        leases.held.insert(org_id.to_owned(), lease);
        Ok(Some(Box::new(TestLease {
            store: self.clone(),
            org_id: org_id.to_owned(),
            number,
            ttl,
        })))
    }
}

#[derive(Debug)]
struct TestLease {
    store: TestStore,
    org_id: String,
    number: u64,
    ttl: Duration,
}

impl TestLease {
    fn is_over(&self) -> bool {
        let leases = self.store.leases.lock().unwrap();
        let ours = |(number, _, until): &(u64, Life, Instant)| {
            *number == self.number && Instant::now() < *until
        };
        !leases.held.get(&self.org_id).is_some_and(ours)
    }

    /// A lease of the in-memory store, taken for one call.
    async fn memory(&self) -> Result<Box<dyn Lease>, StoreError> {
        let lease = self.store.memory().lease(&self.org_id, self.ttl).await?;
        Ok(lease.expect("it is held for one call only"))
    }
}

#[async_trait]
impl Lease for TestLease {
    async fn spend(&self, generation: u64) -> Result<Option<Secret>, StoreError> {
        if let Err(failed) = self.store.answer(true).await {
            return failed;
        }
        if self.is_over() {
            return Ok(None);
        }
        let token = self.memory().await?.spend(generation).await?;
        self.store.after(token)
    }

    async fn restore(&self, generation: u64, refresh_token: Secret) -> Result<(), StoreError> {
        if let Err(failed) = self.store.answer(true).await {
            return failed;
        }
        if self.is_over() {
            return Ok(());
        }
        let lease = self.memory().await?;
        lease.restore(generation, refresh_token).await
    }

    async fn release(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Drop for TestLease {
    fn drop(&mut self) {
        let mut leases = self.store.leases.lock().unwrap();
        let ours = |lease: &(u64, Life, Instant)| lease.0 == self.number;
        if leases.held.get(&self.org_id).is_some_and(ours) {
            leases.held.remove(&self.org_id);
        }
    }
}
