//! Auto-sweep: collects the balances of a wallet's addresses at one address of the wallet.

use serde_json::{Map, Value, json};

use super::balance::balances;
use super::create::create;
use crate::reply::Failure;
use crate::spec::Specification;
use crate::waas2::amount::Amount;
use crate::waas2::kind::{
    By, Made, SWEEP_ADDRESS, SWEEP_ADDRESS_RULE, SWEEP_RULE, SWEEP_TASK, WALLET,
};
use crate::waas2::make::Ingredients;
use crate::waas2::store::{Store, Stored};

/// Makes a sweep-to address of the wallet and chain of the request. Earlier ones of the chain become invalid.
pub(super) fn create_address(
    store: &mut Store,
    ingredients: &Ingredients<'_>,
) -> Result<Value, Failure> {
    let (request, org_id, now_ms) = (ingredients.request, ingredients.org_id, ingredients.now_ms);
    let place = place(&request["wallet_id"]);
    for mut earlier in store.list(org_id, &SWEEP_ADDRESS, &place, &[], now_ms) {
        let id = earlier[SWEEP_ADDRESS.id].as_str().unwrap_or_default();
        if earlier["chain_id"] == request["chain_id"]
            && let Some(stored) = store.get_mut(org_id, &SWEEP_ADDRESS, id)
        {
            earlier["status"] = json!("Invalid");
            stored.set(earlier, now_ms);
        }
    }
    create(store, ingredients, &SWEEP_ADDRESS_RULE, &[], &place)
}

/// Makes the transactions of the auto-sweep tasks that are due.
pub(crate) fn make_transactions(store: &mut Store, specification: &Specification, now_ms: u64) {
    for (org_id, id) in store.take_sweeps() {
        let Some(task) = store.get(&org_id, &SWEEP_TASK, &id) else {
            continue;
        };
        let mut task = task.at(now_ms);
        if task["status"] != "TransactionCreated" {
            store.wait_for_sweep(&org_id, &id);
            continue;
        }
        let at_ms = task["updated_timestamp"].as_u64().unwrap_or(now_ms);
        let made = sweep(store, specification, &org_id, &task, at_ms);
        let Some(stored) = store.get_mut(&org_id, &SWEEP_TASK, &id) else {
            continue;
        };
        match made {
            Ok(ids) if ids.is_empty() => fail(stored, "no balance to sweep", at_ms),
            Ok(ids) => {
                task["transaction_ids"] = json!(ids);
                stored.set(task, at_ms);
            }
            Err(failure) => fail(stored, &failure.to_string(), at_ms),
        }
    }
}

/// Ends a task without transactions.
fn fail(task: &mut Stored, reason: &str, at_ms: u64) {
    let properties = [
        ("status", json!("Submitted")),
        ("failed_reasons", json!([reason])),
    ];
    task.end(&properties, at_ms);
}

/// Makes a transaction for each address with a balance, and returns the ids.
fn sweep(
    store: &mut Store,
    specification: &Specification,
    org_id: &str,
    task: &Value,
    at_ms: u64,
) -> Result<Vec<Value>, Failure> {
    let (wallet_id, token_id) = (&task["wallet_id"], &task["token_id"]);
    let mut place = place(wallet_id);
    place.insert("token_id".to_owned(), token_id.clone());
    let sources = balances(store, org_id, at_ms, By::Token, &place)?;
    let ingredients = Ingredients {
        specification,
        org_id,
        now_ms: at_ms,
        request: task,
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let wallet = store.get(org_id, &WALLET, &text(wallet_id));
    let source_type = wallet.map(|it| it.at(at_ms)["wallet_subtype"].clone());
    let mut ids = Vec::new();
    for source in sources {
        let (address, amount) = (&source["address"], &source["balance"]["available"]);
        // A negative amount is not parsed.
        let has_balance = Amount::parse(&text(amount)).is_some_and(|it| !it.is_zero());
        let to = valid_address(store, &ingredients, at_ms)?;
        if !has_balance || *address == to {
            continue;
        }
        let request = json!({
            "token_id": token_id,
            "cobo_category": ["AutoSweep"],
            "source": { "source_type": source_type, "wallet_id": wallet_id, "address": address },
            "destination": {
                "destination_type": "Address",
                "account_output": { "address": to, "amount": amount },
            },
        });
        let extra = [("type", Made::Text("Withdrawal"))];
        let ingredients = ingredients.of(&request);
        let made = create(store, &ingredients, &SWEEP_RULE, &extra, &Map::new())?;
        ids.push(made[SWEEP_RULE.kind.id].clone());
    }
    Ok(ids)
}

/// The valid sweep-to address for the wallet and the token of a task, which is made if it is missing.
fn valid_address(store: &mut Store, task: &Ingredients<'_>, at_ms: u64) -> Result<Value, Failure> {
    let (wallet_id, token_id) = (&task.request["wallet_id"], &task.request["token_id"]);
    let chain_id = token_id.as_str().and_then(|it| it.split('_').next());
    let all = store.list(task.org_id, &SWEEP_ADDRESS, &place(wallet_id), &[], at_ms);
    let is_valid = |it: &&Value| it["status"] == "Valid" && it["chain_id"].as_str() == chain_id;
    if let Some(found) = all.iter().find(is_valid) {
        return Ok(found[SWEEP_ADDRESS.id].clone());
    }
    let request = json!({ "wallet_id": wallet_id, "chain_id": chain_id });
    let made = create_address(store, &task.of(&request))?;
    Ok(made[SWEEP_ADDRESS.id].clone())
}

/// The place of what belongs to a wallet.
fn place(wallet_id: &Value) -> Map<String, Value> {
    Map::from_iter([("wallet_id".to_owned(), wallet_id.clone())])
}
