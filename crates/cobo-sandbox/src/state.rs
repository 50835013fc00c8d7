//! What the server and the handle share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::Clock;
use crate::endpoint::Documents;
use crate::key::{AppKeys, ResponseKey};
use crate::nonce::Nonces;
use crate::organization::Organizations;
use crate::received::ReceivedLog;
use crate::signature::{Refusal, RequestParts, SignedBy, check};

pub(crate) struct State {
    pub(crate) clock: Clock,
    pub(crate) client_id: String,
    pub(crate) response_key: ResponseKey,
    // Behind an `Arc` so that signatures are verified outside of the lock.
    pub(crate) keys: Mutex<Arc<AppKeys>>,
    /// `None` when repeated nonces are allowed.
    pub(crate) nonces: Option<Mutex<Nonces>>,
    pub(crate) organizations: Mutex<Organizations>,
    pub(crate) received: Mutex<ReceivedLog>,
    pub(crate) errors: ErrorIds,
    /// What is answered beside the sandbox's own endpoints.
    pub(crate) documents: Option<Documents>,
}

impl State {
    /// Checks a request's signature, then spends its nonce. In this order: a forger cannot spend another's nonces.
    pub(crate) fn admit(&self, request: &RequestParts<'_>) -> Result<SignedBy, Refusal> {
        let keys = lock(&self.keys).clone();
        let signed = check(request, &keys)?;
        match &self.nonces {
            Some(nonces) if !lock(nonces).spend(&signed.key, &signed.nonce) => {
                Err(Refusal::RepeatedNonce)
            }
            _ => Ok(signed),
        }
    }
}

/// Gives each failure an id of its own: a random number for the sandbox, and a count.
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

/// A lock that a panic elsewhere does not close: each change under these locks is complete by itself.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
