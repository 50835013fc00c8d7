//! State for the operations of WaaS 2.0: what a call creates is found by later calls.
//!
//! `rules` lists which operations create, read and change which kind of object, and `table` lists the kinds. All other operations are answered from
//! the document, with the variants that the request selects.

#![cfg_attr(not(feature = "waas2"), allow(dead_code))]

mod amount;
mod balance;
mod call;
mod changes;
mod course;
mod deposit;
mod handle;
mod make;
mod merchant;
mod pause;
mod replace;
mod rules;
mod store;
mod table;
mod top_up;

use std::collections::HashSet;
use std::sync::Mutex;

use http::Method;
use serde_json::{Map, Value, json};

pub(crate) use call::Call;
pub use course::End;
pub use deposit::DepositError;

use crate::reply::{Failure, Reply};
use crate::script::ScriptError;
use crate::spec::{Fields, Specification};
use crate::state::lock;
use balance::{By, Owned};
use make::{Ingredients, overlay, schema_of};
use pause::{BUILT, SIGNED};
use rules::{Action, Rule, rule_of};
use store::Store;
use table::{ADDRESS, Kind, Made, TRANSACTION};

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
            Some(rule) => self.carry_out(call, rule, schema, &ingredients, &body, place)?,
            None => call
                .specification
                .sample_like(schema, Fields::All, &request),
        };
        Ok(Some(Reply::json(call.operation.success.status, value)))
    }

    fn carry_out(
        &self,
        call: &Call<'_>,
        rule: &'static Rule,
        schema: &Value,
        ingredients: &Ingredients<'_>,
        body: &Value,
        place: Map<String, Value>,
    ) -> Result<Value, Failure> {
        let (org_id, now_ms) = (ingredients.org_id, call.now_ms);
        let mut store = lock(&self.store);
        let kind = rule.kind;
        let id = place.get(kind.id).and_then(Value::as_str);
        let id = id.unwrap_or_default().to_owned();
        let shown = |object: &Value| ingredients.over_sample(schema, object, &[]);
        Ok(match rule.action {
            Action::Create(extra) => {
                refer(&mut store, ingredients, kind)?;
                shown(&create(&mut store, ingredients, rule, extra, &place)?)
            }
            Action::CreateOnce(extra) => {
                refer(&mut store, ingredients, kind)?;
                let request_id = body["request_id"].as_str().unwrap_or_default();
                if store.is_used(org_id, kind, request_id) {
                    return Err(Failure::used_request_id());
                }
                let object = create(&mut store, ingredients, rule, extra, &place)?;
                store.use_request_id(org_id, kind, request_id);
                match body["transaction_process_type"].as_str() {
                    Some("BuildOnly") => store.pause_last(&BUILT),
                    Some("SignOnly") => store.pause_last(&SIGNED),
                    _ => {}
                }
                if let Some(url) = &call.callback {
                    store.ask_about_last(url);
                }
                shown(&object)
            }
            Action::CreateMany => {
                refer(&mut store, ingredients, kind)?;
                let count = body["count"].as_u64().unwrap_or(1);
                let made: Result<_, Failure> = (0..count)
                    .map(|_| create(&mut store, ingredients, rule, &[], &place))
                    .collect();
                made.map(Value::Array)?
            }
            Action::CreateEach(list, property) => {
                let values = body[list].as_array().cloned().unwrap_or_default();
                let found: Result<_, Failure> = values
                    .into_iter()
                    .map(|value| {
                        let mut request = body.clone();
                        request[property] = value;
                        top_up::find_or_create(&mut store, &ingredients.of(&request), rule)
                    })
                    .collect();
                call.list(kind.filters, found?)?
            }
            Action::FindOrCreate => {
                let request = Value::Object(call.query());
                top_up::find_or_create(&mut store, &ingredients.of(&request), rule)?
            }
            Action::Renew => top_up::renew(&mut store, ingredients, rule)?,
            Action::Get => {
                let object = store.get(org_id, kind, &id);
                object.ok_or_else(|| unknown(kind))?.at(now_ms)
            }
            Action::List => {
                let items = store.list(org_id, kind, &place, now_ms);
                call.list(kind.filters, items)?
            }
            Action::ListOf(parameters) => {
                let mut place = call.query();
                place.retain(|name, _| parameters.contains(&name.as_str()));
                call.list(kind.filters, store.list(org_id, kind, &place, now_ms))?
            }
            Action::ListEach(property) => {
                let mut items = store.list(org_id, kind, &place, now_ms);
                let mut seen = HashSet::new();
                items.retain(|item| seen.insert(item[property].to_string()));
                call.list(kind.filters, call.described(items))?
            }
            Action::Balances(by) => {
                let wallet = store.get(org_id, kind, &id);
                wallet.ok_or_else(|| unknown(kind))?;
                let items = balances(&store, org_id, now_ms, by, &place)?;
                call.list(kind.filters, items)?
            }
            Action::MerchantBalances => {
                let items = merchant::balances(&store, org_id, now_ms).ok_or_else(too_long)?;
                call.list(kind.filters, items)?
            }
            Action::Answer(properties) => {
                let request = ingredients.request;
                let specification = call.specification;
                let mut value = specification.sample_like(schema, Fields::All, request);
                for (property, made) in properties {
                    if let Some(made) = ingredients.made(*made, 0) {
                        value[*property] = made;
                    }
                }
                value
            }
            Action::Update => {
                let object = store.get(org_id, kind, &id).ok_or_else(|| unknown(kind))?;
                let mut value = object.at(now_ms);
                let schema = schema_of(kind);
                let all = call.specification.sample_like(&schema, Fields::All, &value);
                overlay(&mut value, &all, body);
                check(call.specification, kind, &value)?;
                object.set(value, now_ms);
                shown(&object.at(now_ms))
            }
            Action::End(end) => {
                let object = store.get(org_id, kind, &id).ok_or_else(|| unknown(kind))?;
                require_state(kind, &object.at(now_ms), end.from)?;
                let sub_status = end.sub_status.map(|it| ("sub_status", it.into()));
                let properties = [("status", end.to.into())].into_iter().chain(sub_status);
                object.end(&properties.collect::<Vec<_>>(), now_ms);
                shown(&object.at(now_ms))
            }
            Action::GoOn(pause) => {
                shown(&pause::go_on(&mut store, org_id, kind, &id, pause, now_ms)?)
            }
            Action::GoOnEach(pause) => {
                let ids = body["transaction_ids"].as_array().into_iter().flatten();
                let ids: Vec<&str> = ids.filter_map(Value::as_str).collect();
                pause::go_on_each(&mut store, org_id, kind, &ids, pause, now_ms)?
            }
            Action::Replace { purpose, from } => {
                let by = (purpose, from);
                shown(&replace::replace(&mut store, ingredients, rule, by, &id)?)
            }
            Action::Delete(property, wanted) => {
                let object = store.get(org_id, kind, &id).ok_or_else(|| unknown(kind))?;
                if object.at(now_ms)[property] != wanted {
                    let name = kind.name;
                    return Err(Failure::malformed(format!(
                        "the {name} cannot be deleted: its {property} is not {wanted}"
                    )));
                }
                store.remove(org_id, kind, &id);
                shown(&json!({ "submitted": true }))
            }
        })
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
                None => (end.0.fails() && course.failed.is_none()).then_some("Failed"),
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
}

/// The fields of a body, and the path parameters.
fn with_place(body: &Value, place: &Map<String, Value>) -> Value {
    let mut fields = body.as_object().cloned().unwrap_or_default();
    fields.extend(place.clone());
    Value::Object(fields)
}

/// Refuses a request that names an object which the organization does not have.
fn refer(store: &mut Store, ingredients: &Ingredients<'_>, kind: &Kind) -> Result<(), Failure> {
    for (pointer, other) in kind.refers {
        for id in ids(ingredients.request, pointer) {
            if store.get(ingredients.org_id, other, id).is_none() {
                return Err(unknown(other));
            }
        }
    }
    Ok(())
}

/// The ids at a pointer. `/*` means each item of a list.
fn ids<'a>(request: &'a Value, pointer: &'a str) -> impl Iterator<Item = &'a str> {
    let (list, rest) = pointer.split_once("/*").unwrap_or((pointer, ""));
    let found = request.pointer(list);
    let items = match found {
        Some(Value::Array(items)) => items.as_slice(),
        found => found.map_or(&[][..], std::slice::from_ref),
    };
    let values = items
        .iter()
        .filter_map(move |item| item.pointer(rest)?.as_str());
    values.filter(|id| !id.is_empty())
}

fn create(
    store: &mut Store,
    ingredients: &Ingredients<'_>,
    rule: &'static Rule,
    extra: &[(&str, Made)],
    place: &Map<String, Value>,
) -> Result<Value, Failure> {
    let number = store.number();
    let object = ingredients.object(rule.kind, extra, number);
    check(ingredients.specification, rule.kind, &object)?;
    let (org_id, now_ms) = (ingredients.org_id, ingredients.now_ms);
    store.insert(org_id, rule, place.clone(), object.clone(), now_ms);
    Ok(object)
}

/// The balances of an organization.
fn balances(
    store: &Store,
    org_id: &str,
    now_ms: u64,
    by: By,
    place: &Map<String, Value>,
) -> Result<Vec<Value>, Failure> {
    let transactions = store.all(org_id, &TRANSACTION, now_ms).into_iter();
    let transactions: Vec<Value> = transactions.map(|(_, value)| value).collect();
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let addresses = store.all(org_id, &ADDRESS, now_ms).into_iter();
    let owned = addresses.filter_map(|(place, value)| {
        Some(Owned {
            wallet_id: text(place.get("wallet_id"))?,
            address: text(value.get(ADDRESS.id))?,
        })
    });
    let owned: Vec<Owned> = owned.collect();
    balance::balances(&transactions, &owned, by, place).ok_or_else(too_long)
}

fn too_long() -> Failure {
    Failure::internal("a balance has too many digits for the sandbox")
}

/// Only what the document allows is stored.
fn check(specification: &Specification, kind: &Kind, object: &Value) -> Result<(), Failure> {
    let problems = specification.problems(&schema_of(kind), object);
    if problems.is_empty() {
        return Ok(());
    }
    Err(Failure::internal(format!(
        "the sandbox made a {} that the document does not allow: {}",
        kind.name,
        problems.join("; ")
    )))
}

fn unknown(kind: &Kind) -> Failure {
    let name = kind.name;
    Failure::unknown_object(format!(
        "the organization has no {name} with this id: create it first, with an operation of the sandbox"
    ))
}

/// Refuses an object that is not in one of these states.
fn require_state(kind: &Kind, object: &Value, states: &[&str]) -> Result<(), Failure> {
    let state = &object["status"];
    if states.iter().any(|it| state == it) {
        return Ok(());
    }
    let (name, states) = (kind.name, states.join(", "));
    Err(Failure::malformed(format!(
        "the {name} is {state}: this operation needs one that is {states}"
    )))
}
