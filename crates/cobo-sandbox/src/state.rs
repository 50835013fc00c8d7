//! The state that the server and its handle share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::Clock;
use crate::endpoint::{Documents, Own};
use crate::key::{AppKey, Caller, Registered, ResponseKey};
use crate::nonce::{AcceptedNonces, Nonces};
use crate::organization::Organizations;
use crate::outbound::Outbound;
use crate::received::ReceivedLog;
use crate::script::{ScriptError, Scripts};
use crate::signature::{Refusal, RequestParts, check};
use crate::spec::Documented;
use crate::user_info::PortalKeys;

pub(crate) struct State {
    pub(crate) clock: Clock,
    pub(crate) client_id: String,
    pub(crate) response_key: ResponseKey,
    // Behind an `Arc`, so that signatures are verified without holding the lock.
    pub(crate) keys: Mutex<Arc<Registered>>,
    pub(crate) accepted_nonces: AcceptedNonces,
    /// `None` if nonces may be repeated.
    pub(crate) nonces: Option<Mutex<Nonces>>,
    pub(crate) organizations: Mutex<Organizations>,
    pub(crate) received: Mutex<ReceivedLog>,
    pub(crate) errors: ErrorIds,
    pub(crate) scripts: Mutex<Scripts>,
    pub(crate) portal: Mutex<PortalKeys>,
    /// The document whose operations the sandbox answers in addition to its own.
    pub(crate) documents: Option<Documents>,
    pub(crate) outbound: Outbound,
}

impl State {
    /// Checks a request's signature, then the kind of its nonce, then records the nonce as used. In this order, because
    /// a forged request must not use up the nonces of another key.
    pub(crate) fn admit(&self, request: &RequestParts<'_>) -> Result<(AppKey, Caller), Refusal> {
        let keys = lock(&self.keys).clone();
        let signed = check(request, keys.all())?;
        if let Some(problem) = self.accepted_nonces.problem(&signed.nonce) {
            return Err(Refusal::WrongNonce(problem));
        }
        match &self.nonces {
            Some(nonces) if !lock(nonces).spend(&signed.key, &signed.nonce) => {
                Err(Refusal::RepeatedNonce)
            }
            _ => Ok((signed.key, keys.caller(&signed.key))),
        }
    }

    /// Whether the sandbox serves its own operations, which issue tokens.
    pub(crate) fn has_own_operations(&self) -> bool {
        self.documents
            .as_ref()
            .is_none_or(|documents| !documents.only)
    }

    /// The ids of all operations: the sandbox's own, and the others of the document.
    pub(crate) fn operation_ids(&self) -> impl Iterator<Item = &str> {
        let own = Own::ALL.into_iter().map(|own| -> &str { own.id() });
        let own = own.filter(|_| self.has_own_operations());
        let documents = self.documents.iter();
        let documented = documents.flat_map(|documents| documents.specification.operations());
        let others = documented.filter(|operation| self.own_in_place_of(operation).is_none());
        own.chain(others.map(|operation| operation.id.as_str()))
    }

    /// The id under which answers of an operation are scripted. The document may have a different id for one of the
    /// sandbox's own operations.
    pub(crate) fn script_id(&self, operation_id: &str) -> Result<&str, ScriptError> {
        if let Some(known) = self.operation_ids().find(|id| *id == operation_id) {
            return Ok(known);
        }
        let documented = self.documents.as_ref().and_then(|documents| {
            let operation = documents.specification.by_id(operation_id)?;
            self.own_in_place_of(operation)
        });
        documented.map(Own::id).ok_or_else(|| {
            let has_document = self.documents.is_some();
            ScriptError::no_operation(operation_id, self.operation_ids(), has_document)
        })
    }

    /// The sandbox's own operation that replaces a documented one.
    fn own_in_place_of(&self, operation: &Documented) -> Option<Own> {
        let is_same = |own: &Own| {
            let path = own.path().strip_prefix("/v2").unwrap_or_default();
            own.method() == operation.method && operation.path.is(path)
        };
        let own = self.has_own_operations().then_some(Own::ALL)?;
        own.into_iter().find(is_same)
    }
}

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

/// Locks a mutex, and ignores poisoning: a panic leaves no change under these locks incomplete.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
