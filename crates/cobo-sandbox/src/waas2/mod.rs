//! State for the operations of WaaS 2.0: what a call creates is found by later calls.
//!
//! `table` lists which operations create, read and change which kind of object. All other operations are answered from
//! the document, with the variants that the request selects.

#![cfg_attr(not(feature = "waas2"), allow(dead_code))]

mod changes;
mod course;
mod make;
mod store;
mod table;

use std::sync::Mutex;

use http::{Method, StatusCode};
use serde_json::{Map, Value};

pub use course::End;

use crate::list;
use crate::organization::Organization;
use crate::reply::{Failure, Reply};
use crate::script::ScriptError;
use crate::signature::{RequestParts, split};
use crate::spec::{Documented, Fields, Query, Specification};
use crate::state::lock;
use make::{Ingredients, overlay, schema_of};
use store::Store;
use table::{Action, Kind, Made, Rule, rule_of};

/// What the organizations have created.
#[derive(Default)]
pub(crate) struct Objects {
    store: Mutex<Store>,
}

/// A call of an operation that the document allows.
pub(crate) struct Call<'a> {
    pub(crate) specification: &'a Specification,
    pub(crate) operation: &'a Documented,
    pub(crate) request: &'a RequestParts<'a>,
    /// Relative to the base URL.
    pub(crate) path: &'a str,
    pub(crate) organization: Option<&'a Organization>,
    /// The URL that must approve what the caller's key starts.
    pub(crate) callback: Option<String>,
    pub(crate) now_ms: u64,
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
                if let Some(url) = call.callback.as_deref().filter(|_| rule.needs_approval()) {
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
            Action::Get => {
                let object = store.get(org_id, kind, &id);
                object.ok_or_else(|| unknown(kind))?.at(now_ms)
            }
            Action::List => {
                let items = store.list(org_id, kind, &place, now_ms);
                call.list(kind, items)?
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
            Action::End(state) => {
                let object = store.get(org_id, kind, &id).ok_or_else(|| unknown(kind))?;
                if !object.end(state, now_ms) {
                    let name = kind.name;
                    return Err(Failure::malformed(format!("the {name} has ended already")));
                }
                shown(&object.at(now_ms))
            }
        })
    }

    /// Scripts how the next objects of an operation end.
    pub(crate) fn script(&self, operation_id: &str, ends: Vec<End>) -> Result<(), ScriptError> {
        let rule = rule_of(operation_id)
            .filter(|rule| matches!(rule.action, Action::Create(_) | Action::CreateOnce(_)));
        let found = rule.and_then(|rule| Some((rule, rule.kind.course?)));
        let Some((rule, course)) = found else {
            return Err(ScriptError::NoStates(operation_id.to_owned()));
        };
        for end in &ends {
            if let course::Ending::Stays(state) = &end.0
                && !course.can_stay(state)
            {
                return Err(ScriptError::NoState {
                    state: state.clone(),
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

    /// When every object has reached its last state, except those that a script keeps in another one.
    pub(crate) fn all_end_ms(&self) -> Option<u64> {
        lock(&self.store).all_end_ms()
    }
}

impl Call<'_> {
    /// The path parameters.
    fn place(&self) -> Map<String, Value> {
        let found = self.operation.path.matches(self.path).unwrap_or_default();
        let values = found.into_iter();
        let values = values.map(|(name, value)| (name.to_owned(), value.into()));
        values.collect()
    }

    /// The page of a list that the query asks for.
    fn list(&self, kind: &Kind, mut items: Vec<Value>) -> Result<Value, Failure> {
        let query = split(self.request.target).1;
        let read = self.operation.read_query(query);
        items.retain(|item| is_wanted(kind, item, &read));
        if read.text("direction") == Some("DESC") {
            items.reverse();
        }
        let success = &self.operation.success;
        let answer = success.answer(self.specification).unwrap_or_default();
        list::answer(
            self.specification,
            self.operation,
            answer,
            query,
            Some(items),
        )
    }
}

/// Whether an item matches the filters that have other names than its properties. `list` applies the others.
fn is_wanted(kind: &Kind, item: &Value, query: &Query) -> bool {
    query.filters.iter().all(|(name, values)| {
        let bound = || values.first()?.parse::<f64>().ok();
        let number = |property: &str| item.get(property)?.as_f64();
        if let Some(value) = name.strip_prefix("min_").and_then(number) {
            return bound().is_none_or(|bound| value >= bound);
        }
        if let Some(value) = name.strip_prefix("max_").and_then(number) {
            return bound().is_none_or(|bound| value <= bound);
        }
        let renamed = kind.filters.iter().find(|(parameter, _)| parameter == name);
        renamed.is_none_or(|(_, property)| {
            let is_wanted = |value: &Value| {
                let value = value.as_str();
                value.is_some_and(|value| values.iter().any(|wanted| wanted == value))
            };
            match item.get(*property) {
                Some(Value::Array(several)) => several.iter().any(is_wanted),
                value => value.is_some_and(is_wanted),
            }
        })
    })
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
        let id = ingredients.request.pointer(pointer).and_then(Value::as_str);
        if let Some(id) = id.filter(|id| !id.is_empty())
            && store.get(ingredients.org_id, other, id).is_none()
        {
            return Err(unknown(other));
        }
    }
    Ok(())
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
    let message = format!(
        "the organization has no {name} with this id: create it first, with an operation of the sandbox"
    );
    Failure::Api {
        status: StatusCode::NOT_FOUND,
        code: 2028,
        message,
        allow: None,
    }
}
