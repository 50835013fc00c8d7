//! Ids of failures.

use std::sync::atomic::{AtomicU64, Ordering};

/// Makes a unique id for each failure: a random number of the sandbox, and a counter.
pub(crate) struct ErrorIds {
    sandbox: u64,
    count: AtomicU64,
}

impl ErrorIds {
    pub(crate) fn new() -> Result<Self, getrandom::Error> {
        Ok(Self {
            sandbox: getrandom::u64()?,
            count: AtomicU64::new(1),
        })
    }

    pub(crate) fn next(&self) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        format!("{:016x}{count:016x}", self.sandbox)
    }
}
