//! What the operations do with the objects of their kind.

mod balance;
mod create;
mod go_on;
mod merchant;
mod replace;
mod sweep;
mod top_up;

use std::collections::HashSet;

use serde_json::{Map, Value, json};

pub(super) use create::create;
pub(super) use sweep::make_transactions;

use super::call::Call;
use super::check::{check, require_state, too_long, unknown};
use super::kind::{Action, BUILT, Rule, SIGNED};
use super::make::{Ingredients, overlay, schema_of};
use super::store::Store;
use crate::reply::Failure;
use crate::spec::Fields;
use create::refer;

/// Carries out the operation of a rule, and returns the body of the answer.
pub(super) fn carry_out(
    store: &mut Store,
    call: &Call<'_>,
    rule: &'static Rule,
    schema: &Value,
    ingredients: &Ingredients<'_>,
    body: &Value,
    place: Map<String, Value>,
) -> Result<Value, Failure> {
    let (org_id, now_ms) = (ingredients.org_id, call.now_ms);
    let kind = rule.kind;
    let id = place.get(kind.id).and_then(Value::as_str);
    let id = id.unwrap_or_default().to_owned();
    let shown = |object: &Value| ingredients.over_sample(schema, object, &[]);
    Ok(match rule.action {
        Action::Create(extra) => {
            refer(store, ingredients, kind)?;
            shown(&create(store, ingredients, rule, extra, &place)?)
        }
        Action::CreateOnce(extra) => {
            refer(store, ingredients, kind)?;
            let request_id = body["request_id"].as_str().unwrap_or_default();
            if store.is_used(org_id, kind, request_id) {
                return Err(Failure::used_request_id());
            }
            let object = create(store, ingredients, rule, extra, &place)?;
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
        Action::CreateSweepTask => {
            refer(store, ingredients, kind)?;
            let task = create(store, ingredients, rule, &[], &place)?;
            store.wait_for_sweep(org_id, task[kind.id].as_str().unwrap_or_default());
            shown(&task)
        }
        Action::CreateSweepAddress => {
            refer(store, ingredients, kind)?;
            shown(&sweep::create_address(store, ingredients)?)
        }
        Action::CreateMany => {
            refer(store, ingredients, kind)?;
            let count = body["count"].as_u64().unwrap_or(1);
            let made: Result<_, Failure> = (0..count)
                .map(|_| create(store, ingredients, rule, &[], &place))
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
                    top_up::find_or_create(store, &ingredients.of(&request), rule)
                })
                .collect();
            call.list(kind.filters, found?)?
        }
        Action::FindOrCreate => {
            let request = Value::Object(call.query());
            top_up::find_or_create(store, &ingredients.of(&request), rule)?
        }
        Action::Renew => top_up::renew(store, ingredients, rule)?,
        Action::Get => {
            let object = store.get(org_id, kind, &id);
            object.ok_or_else(|| unknown(kind))?.at(now_ms)
        }
        Action::List => {
            let items = store.list(org_id, kind, &place, &call.lookups(kind), now_ms);
            call.list(kind.filters, items)?
        }
        Action::ListOf(parameters) => {
            let mut place = call.query();
            place.retain(|name, _| parameters.contains(&name.as_str()));
            call.list(kind.filters, store.list(org_id, kind, &place, &[], now_ms))?
        }
        Action::ListEach(property) => {
            let mut items = store.list(org_id, kind, &place, &[], now_ms);
            let mut seen = HashSet::new();
            items.retain(|item| seen.insert(item[property].to_string()));
            call.list(kind.filters, call.described(items))?
        }
        Action::Balances(by) => {
            let wallet = store.get(org_id, kind, &id);
            wallet.ok_or_else(|| unknown(kind))?;
            let items = balance::balances(store, org_id, now_ms, by, &place)?;
            call.list(kind.filters, items)?
        }
        Action::MerchantBalances => {
            let items = merchant::balances(store, org_id, now_ms).ok_or_else(too_long)?;
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
            let object = store.get_mut(org_id, kind, &id);
            let object = object.ok_or_else(|| unknown(kind))?;
            let mut value = object.at(now_ms);
            let schema = schema_of(kind);
            let all = call.specification.sample_like(&schema, Fields::All, &value);
            overlay(&mut value, &all, body);
            value[kind.id] = json!(id); // never changes
            check(call.specification, kind, &value)?;
            object.set(value, now_ms);
            shown(&object.at(now_ms))
        }
        Action::End(end) => {
            let object = store.get_mut(org_id, kind, &id);
            let object = object.ok_or_else(|| unknown(kind))?;
            require_state(kind, &object.at(now_ms), end.from)?;
            let sub_status = end.sub_status.map(|it| ("sub_status", it.into()));
            let properties = [("status", end.to.into())].into_iter().chain(sub_status);
            object.end(&properties.collect::<Vec<_>>(), now_ms);
            shown(&object.at(now_ms))
        }
        Action::GoOn(pause) => shown(&go_on::go_on(store, org_id, kind, &id, pause, now_ms)?),
        Action::GoOnEach(pause) => {
            let ids = body["transaction_ids"].as_array().into_iter().flatten();
            let ids: Vec<&str> = ids.filter_map(Value::as_str).collect();
            go_on::go_on_each(store, org_id, kind, &ids, pause, now_ms)?
        }
        Action::Replace { purpose, from } => {
            let by = (purpose, from);
            shown(&replace::replace(store, ingredients, rule, by, &id)?)
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
