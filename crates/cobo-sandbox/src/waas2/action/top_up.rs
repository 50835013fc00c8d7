//! Addresses of payers, which are found by what identifies them, or made.

use serde_json::{Value, json};

use super::create::refer;
use crate::reply::Failure;
use crate::waas2::check::{check, unknown};
use crate::waas2::kind::{Made, Rule};
use crate::waas2::make::Ingredients;
use crate::waas2::store::Store;

/// Finds the object with the properties of the request, or makes it.
pub(super) fn find_or_create(
    store: &mut Store,
    ingredients: &Ingredients<'_>,
    rule: &'static Rule,
) -> Result<Value, Failure> {
    let (kind, org_id, now_ms) = (rule.kind, ingredients.org_id, ingredients.now_ms);
    refer(store, ingredients, kind)?;
    let candidate = ingredients.object(kind, &[], store.number());
    if let Some(found) = store.same(org_id, kind, &candidate) {
        return Ok(found.at(now_ms));
    }
    check(ingredients.specification, kind, &candidate)?;
    let place = serde_json::Map::new();
    store.insert(org_id, rule, place, candidate.clone(), now_ms);
    Ok(candidate)
}

/// Gives the object with the properties of the request another id.
pub(super) fn renew(
    store: &mut Store,
    ingredients: &Ingredients<'_>,
    rule: &'static Rule,
) -> Result<Value, Failure> {
    let (kind, org_id, now_ms) = (rule.kind, ingredients.org_id, ingredients.now_ms);
    let number = store.number();
    let candidate = ingredients.object(kind, &[], number);
    let id = json!(ingredients.made(Made::Address, number));
    let renewed = store.renew(org_id, kind, &candidate, id, now_ms);
    renewed.ok_or_else(|| unknown(kind))
}
