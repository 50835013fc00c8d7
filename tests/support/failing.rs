//! Token stores that do not work.

use std::time::Duration;

use async_trait::async_trait;
use cobo_oauth::{Lease, Owner, Saved, StoreError, TokenPair, TokenStore};

/// The way in which the store fails.
#[derive(Debug, Clone, Copy)]
pub enum Failing {
    /// Returns an error.
    Down,
    /// Never returns.
    Hangs,
}

impl Failing {
    async fn fail<T>(self) -> Result<T, StoreError> {
        match self {
            Self::Down => Err(StoreError::unavailable("it is down")),
            Self::Hangs => std::future::pending().await,
        }
    }
}

#[async_trait]
impl TokenStore for Failing {
    async fn load(&self, _: &str) -> Result<Option<TokenPair>, StoreError> {
        self.fail().await
    }

    async fn save(&self, _: &str, _: &TokenPair) -> Result<Saved, StoreError> {
        self.fail().await
    }

    async fn remove(&self, _: &str, _: &Owner) -> Result<(), StoreError> {
        self.fail().await
    }

    async fn organizations(&self, _: &Owner) -> Result<Vec<String>, StoreError> {
        self.fail().await
    }

    async fn lease(&self, _: &str, _: Duration) -> Result<Option<Box<dyn Lease>>, StoreError> {
        self.fail().await
    }
}
