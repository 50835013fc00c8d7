//! What the organizations have created, behind a lock.

use std::sync::Mutex;

use http::Method;
use serde_json::{Map, Value};

use super::call::Call;
use super::check::unknown;
use super::deposit::DepositError;
use super::kind::{ENDPOINT, End, rule_of};
use super::make::Ingredients;
use super::store::Store;
use super::{action, deposit, events};
use crate::lock::lock;
use crate::outbound::Message;
use crate::reply::{Failure, Reply};
use crate::script::ScriptError;
use crate::spec::{Fields, Specification};

/// What the organizations have created.
#[derive(Default)]
pub(crate) struct Objects {
    store: Mutex<Store>,
}

impl Objects {
    /// Answers a call; `None` if the document alone answers it.
    pub(crate) fn answer(&self, call: &Call<'_>) -> Result<Option<Reply>, Failure> {
        let Some(schema) = &call.operation.success.schema else {
            return Ok(None);
        };
        let place = call.place();
        let body: Value = serde_json::from_slice(call.request.body).unwrap_or_default();
        let request = with_place(&body, &place);
        let rule = rule_of(&call.operation.id);
        if rule.is_none() && call.operation.method == Method::GET.as_str() {
            return Ok(None);
        }
        let ingredients = Ingredients {
            specification: call.specification,
            org_id: call.organization.map_or("", |it| &*it.org_id),
            now_ms: call.now_ms,
            request: &request,
        };
        let value = match rule {
            Some(rule) => {
                let store = &mut lock(&self.store);
                action::make_transactions(store, call.specification, call.now_ms);
                action::carry_out(store, call, rule, schema, &ingredients, &body, place)?
            }
            None => call
                .specification
                .sample_like(schema, Fields::All, &request),
        };
        Ok(Some(Reply::json(call.operation.success.status, value)))
    }

    /// Scripts how the next objects of an operation end.
    pub(crate) fn script(&self, operation_id: &str, ends: Vec<End>) -> Result<(), ScriptError> {
        let rule = rule_of(operation_id).filter(|rule| rule.action.creates());
        let found = rule.and_then(|rule| Some((rule, rule.kind.course?)));
        let Some((rule, course)) = found else {
            return Err(ScriptError::NoStates(operation_id.to_owned()));
        };
        for end in &ends {
            let impossible = match end.0.stays_in() {
                Some(state) => (!course.can_stay(state)).then_some(state),
                None => (end.0.failure().is_some() && course.failed.is_none()).then_some("Failed"),
            };
            if let Some(state) = impossible {
                return Err(ScriptError::NoState {
                    state: state.to_owned(),
                    states: course.names(),
                });
            }
        }
        lock(&self.store).script(rule.operation, ends);
        Ok(())
    }

    pub(crate) fn clear_scripts(&self) {
        lock(&self.store).clear_scripts();
    }

    /// What an operation created, of all organizations, oldest first.
    pub(crate) fn created(&self, operation_id: &str, now_ms: u64) -> Vec<Value> {
        lock(&self.store).created(operation_id, now_ms)
    }

    /// The time at which every object has reached its last state, except those that a script keeps in
    /// another one.
    pub(crate) fn all_end_ms(&self) -> Option<u64> {
        lock(&self.store).all_end_ms()
    }

    /// Makes a deposit to an address, and returns the transaction's id.
    pub(crate) fn deposit(
        &self,
        specification: &Specification,
        address: &str,
        token_id: &str,
        amount: &str,
        now_ms: u64,
    ) -> Result<String, DepositError> {
        let store = &mut lock(&self.store);
        deposit::deposit(store, specification, address, token_id, amount, now_ms)
    }
}

/// Changes as messages.
impl Objects {
    /// Returns the messages about the changes since the last call.
    pub(crate) fn messages(&self, specification: &Specification, now_ms: u64) -> Vec<Message> {
        let store = &mut lock(&self.store);
        action::make_transactions(store, specification, now_ms);
        events::messages(store, specification, now_ms)
    }

    /// The messages of `trigger_test_webhook_event`: to all endpoints of the organization.
    pub(crate) fn test_events(&self, call: &Call<'_>) -> Result<Vec<Message>, Failure> {
        events::test_events(&lock(&self.store), call)
    }

    /// The URL of an organization's endpoint, also of one that is not active.
    pub(crate) fn endpoint_url(&self, call: &Call<'_>, id: &str) -> Result<String, Failure> {
        let org_id = call.organization.map_or("", |it| &*it.org_id);
        let store = lock(&self.store);
        let endpoint = store.get(org_id, &ENDPOINT, id);
        let endpoint = endpoint.ok_or_else(|| unknown(&ENDPOINT))?.at(call.now_ms);
        Ok(endpoint["url"].as_str().unwrap_or_default().to_owned())
    }

    /// Ends the wait of a transaction for a callback.
    pub(crate) fn decide(&self, org_id: &str, transaction_id: &str, approved: bool, now_ms: u64) {
        lock(&self.store).decide(org_id, transaction_id, approved, now_ms);
    }

    /// The time at which an object changes next. `None` if there is no endpoint.
    pub(crate) fn next_change_ms(&self) -> Option<u64> {
        lock(&self.store).next_change_ms()
    }
}

/// The fields of a body, and the path parameters.
fn with_place(body: &Value, place: &Map<String, Value>) -> Value {
    let mut fields = body.as_object().cloned().unwrap_or_default();
    fields.extend(place.clone());
    Value::Object(fields)
}
