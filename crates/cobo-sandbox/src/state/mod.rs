//! The state that the server, the courier and the handle of a sandbox share.

mod documents;
mod error_ids;
mod own;
mod received;
mod violation;

use std::sync::{Arc, Mutex};

pub(crate) use documents::{Documents, below_base_url};
pub(crate) use error_ids::ErrorIds;
pub(crate) use own::Own;
pub(crate) use received::ReceivedLog;
pub use received::ReceivedRequest;
pub use violation::Violation;

use crate::clock::Clock;
use crate::lock::lock;
use crate::organization::Organizations;
use crate::outbound::{Delivery, Message, Outbound};
use crate::script::{ScriptError, Scripts};
use crate::signature::{
    AcceptedNonces, AppKey, Caller, Nonces, PortalKeys, Refusal, Registered, RequestParts,
    ResponseKey, check,
};
use crate::spec::{Documented, Specification};
use crate::waas2::Objects;

/// The state of a sandbox.
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

/// What the sandbox sends.
impl State {
    /// Starts the delivery of a message.
    pub(crate) fn deliver(&self, message: Message) -> Delivery {
        let new_id = || self.errors.next();
        self.outbound.deliver(message, new_id, self.clock.now_ms())
    }

    /// Delivers what has changed since the last call: events to the registered endpoints, callbacks to their URLs.
    pub(crate) fn publish(&self) {
        let Some((objects, specification)) = self.objects() else {
            return;
        };
        for message in objects.messages(specification, self.clock.now_ms()) {
            self.deliver(message);
        }
        self.outbound.published.notify_one();
    }

    /// The time at which an object changes next, if an endpoint is registered.
    pub(crate) fn next_change_ms(&self) -> Option<u64> {
        self.objects()?.0.next_change_ms()
    }

    /// Carries out the decision of a callback.
    pub(crate) fn decide(&self, org_id: &str, transaction_id: &str, approved: bool) {
        if let Some((objects, _)) = self.objects() {
            objects.decide(org_id, transaction_id, approved, self.clock.now_ms());
            self.publish();
        }
    }

    /// What calls have created, and the document that describes it.
    pub(crate) fn objects(&self) -> Option<(&Objects, &Specification)> {
        let documents = self.documents.as_ref()?;
        Some((documents.objects.as_ref()?, &documents.specification))
    }
}
