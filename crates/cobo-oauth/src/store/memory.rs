use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use cobo_auth::Secret;

use super::owner::check;
use super::{Lease, Owner, Saved, StoreError, TokenPair, TokenStore};

/// Keeps token pairs in memory until the process ends. Clones share the pairs.
///
/// After a restart every organization's token is obtained again with `get_token`, which works as
/// long as the app is installed there.
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Contents>>);

#[derive(Default)]
struct Contents {
    pairs: HashMap<String, Pair>,
    /// The organizations that have a lease.
    leases: HashSet<String>,
}

struct Pair {
    generation: u64,
    /// `None` after the pair was removed.
    pair: Option<TokenPair>,
}

impl Pair {
    fn owner(&self) -> Option<&Owner> {
        self.pair.as_ref()?.owner.as_ref()
    }
}

impl Contents {
    /// The pair of that generation, if it is stored.
    fn pair(&mut self, org_id: &str, generation: u64) -> Option<&mut TokenPair> {
        let pair = self.pairs.get_mut(org_id)?.pair.as_mut();
        pair.filter(|pair| pair.generation == generation)
    }
}

impl MemoryStore {
    /// Creates an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Locks the pairs. Ignores poisoning: every change is complete before anything can panic.
    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl TokenStore for MemoryStore {
    async fn load(&self, org_id: &str) -> Result<Option<TokenPair>, StoreError> {
        Ok(self
            .contents()
            .pairs
            .get(org_id)
            .and_then(|contents| contents.pair.clone()))
    }

    async fn save(&self, org_id: &str, pair: &TokenPair) -> Result<Saved, StoreError> {
        let mut contents = self.contents();
        if let Some(stored) = contents.pairs.get(org_id) {
            check(org_id, pair.owner.as_ref(), stored.owner())?;
            let generation = stored.generation;
            if generation >= pair.generation {
                return Ok(Saved::Newer { generation });
            }
        }
        let (generation, pair) = (pair.generation, Some(pair.clone()));
        contents
            .pairs
            .insert(org_id.to_owned(), Pair { generation, pair });
        Ok(Saved::Kept)
    }

    async fn remove(&self, org_id: &str, owner: &Owner) -> Result<(), StoreError> {
        if let Some(stored) = self.contents().pairs.get_mut(org_id) {
            owner.check(org_id, stored.owner())?;
            stored.pair = None;
        }
        Ok(())
    }

    async fn organizations(&self, owner: &Owner) -> Result<Vec<String>, StoreError> {
        let contents = self.contents();
        let ours = contents.pairs.iter().filter(|(org_id, stored)| {
            stored.pair.is_some() && owner.check(org_id, stored.owner()).is_ok()
        });
        Ok(ours.map(|(org_id, _)| org_id.clone()).collect())
    }

    /// `_ttl` is not used: the lease ends when it is dropped.
    async fn lease(
        &self,
        org_id: &str,
        _ttl: Duration,
    ) -> Result<Option<Box<dyn Lease>>, StoreError> {
        if !self.contents().leases.insert(org_id.to_owned()) {
            return Ok(None);
        }
        Ok(Some(Box::new(MemoryLease {
            store: self.clone(),
            org_id: org_id.to_owned(),
        })))
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("organizations", &self.contents().pairs.len())
            .finish()
    }
}

#[derive(Debug)]
struct MemoryLease {
    store: MemoryStore,
    org_id: String,
}

#[async_trait]
impl Lease for MemoryLease {
    async fn spend(&self, generation: u64) -> Result<Option<Secret>, StoreError> {
        let mut contents = self.store.contents();
        let pair = contents.pair(&self.org_id, generation);
        Ok(pair.and_then(|pair| pair.refresh_token.take()))
    }

    async fn restore(&self, generation: u64, refresh_token: Secret) -> Result<(), StoreError> {
        if let Some(pair) = self.store.contents().pair(&self.org_id, generation) {
            pair.refresh_token.get_or_insert(refresh_token);
        }
        Ok(())
    }

    async fn release(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Drop for MemoryLease {
    fn drop(&mut self) {
        self.store.contents().leases.remove(&self.org_id);
    }
}
