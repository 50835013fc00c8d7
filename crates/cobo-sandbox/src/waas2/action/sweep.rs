//! Auto-sweep: collects the balances of a wallet's addresses at one address of the wallet.

use serde_json::{Map, Value, json};

use super::balance::balances;
use super::create::{create, make};
use crate::reply::Failure;
use crate::spec::Specification;
use crate::waas2::amount::Amount;
use crate::waas2::check::unknown;
use crate::waas2::kind::{
    By, Rule, SWEEP_ADDRESS, SWEEP_ADDRESS_RULE, SWEEP_RULE, SWEEP_TASK, TRANSACTION, WALLET,
};
use crate::waas2::make::Ingredients;
use crate::waas2::store::{Store, Stored};

/// Refuses a request for a wallet without auto-sweep.
pub(super) fn require_sweepable(
    store: &Store,
    ingredients: &Ingredients<'_>,
) -> Result<(), Failure> {
    let wallet_id = ingredients.request["wallet_id"].as_str();
    let wallet = store.get(ingredients.org_id, &WALLET, wallet_id.unwrap_or_default());
    let wallet = wallet.ok_or_else(|| unknown(&WALLET))?;
    let wallet = wallet.at(ingredients.now_ms);
    let (wallet_type, subtype) = (&wallet["wallet_type"], &wallet["wallet_subtype"]);
    if wallet_type == "MPC" || (wallet_type == "Custodial" && subtype == "Web3") {
        return Ok(());
    }
    Err(Failure::malformed(format!(
        "the wallet has the type {wallet_type} and the subtype {subtype}: auto-sweep needs an MPC Wallet or a \
         Custodial Web3 Wallet"
    )))
}

/// Makes a sweep-to address of the wallet and chain of the request. Earlier ones of the chain become invalid.
pub(super) fn create_address(
    store: &mut Store,
    ingredients: &Ingredients<'_>,
    rule: &'static Rule,
) -> Result<Value, Failure> {
    let (request, org_id, now_ms) = (ingredients.request, ingredients.org_id, ingredients.now_ms);
    let place = place(&request["wallet_id"]);
    for mut earlier in store.list(org_id, rule.kind, &place, &[], now_ms) {
        if earlier["chain_id"] == request["chain_id"] {
            let id = text(&earlier[rule.kind.id]);
            earlier["status"] = json!("Invalid");
            store.change(org_id, rule.kind, &id, |it| it.set(earlier, now_ms));
        }
    }
    create(store, ingredients, rule, &place)
}

/// Makes the transactions of the auto-sweep tasks that are due.
pub(crate) fn make_transactions(store: &mut Store, specification: &Specification, now_ms: u64) {
    while let Some((due_ms, task)) = store.take_due_sweep(now_ms) {
        let (org_id, mut task) = (task.org_id.clone(), task.at(due_ms));
        if task["status"] != "TransactionCreated" {
            continue; // It was cancelled, or a script makes it fail.
        }
        let id = text(&task[SWEEP_TASK.id]);
        let made = sweep(store, specification, &org_id, &task, due_ms);
        store.change(&org_id, &SWEEP_TASK, &id, |stored| match made {
            Ok(ids) if ids.is_empty() => fail(stored, "no balance to sweep", due_ms),
            Ok(ids) => {
                task["transaction_ids"] = json!(ids);
                stored.set(task, due_ms);
            }
            Err(failure) => fail(stored, &failure.to_string(), due_ms),
        });
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

/// Makes a transaction for each address with a balance, and returns the ids. If the document does not allow one of
/// them, none is made.
fn sweep(
    store: &mut Store,
    specification: &Specification,
    org_id: &str,
    task: &Value,
    at_ms: u64,
) -> Result<Vec<Value>, Failure> {
    let (wallet_id, token_id) = (&task["wallet_id"], &task["token_id"]);
    let wallet = store.get(org_id, &WALLET, &text(wallet_id));
    let source_type = wallet.map(|it| it.at(at_ms)["wallet_subtype"].clone());
    let chain_id = text(token_id).split('_').next().map(str::to_owned);
    let of_wallet = place(wallet_id);
    let all = store.list(org_id, &SWEEP_ADDRESS, &of_wallet, &[], at_ms);
    let is_valid =
        |it: &&Value| it["status"] == "Valid" && it["chain_id"].as_str() == chain_id.as_deref();
    let valid = all.iter().find(is_valid);

    let mut token = of_wallet.clone();
    token.insert("token_id".to_owned(), token_id.clone());
    let mut sources = balances(store, org_id, at_ms, By::Token, &token)?;
    sources.retain(|source| {
        // A negative amount is not parsed.
        let amount = Amount::parse(&text(&source["balance"]["available"]));
        let is_target = valid.is_some_and(|it| it[SWEEP_ADDRESS.id] == source["address"]);
        amount.is_some_and(|it| !it.is_zero()) && !is_target
    });
    if sources.is_empty() {
        return Ok(Vec::new());
    }

    let request = json!({ "wallet_id": wallet_id, "chain_id": chain_id });
    let ingredients = Ingredients {
        specification,
        org_id,
        now_ms: at_ms,
        request: &request,
    };
    let new = match valid {
        Some(_) => None,
        None => Some(make(store, &ingredients, &SWEEP_ADDRESS_RULE)?),
    };
    let to = valid.or(new.as_ref().map(|(_, new)| new));
    let to = to.map(|it| &it[SWEEP_ADDRESS.id]);
    let mut transactions = Vec::new();
    for source in &sources {
        let (address, amount) = (&source["address"], &source["balance"]["available"]);
        let request = json!({
            "token_id": token_id,
            "cobo_category": ["AutoSweep"],
            "source": { "source_type": source_type, "wallet_id": wallet_id, "address": address },
            "destination": {
                "destination_type": "Address",
                "account_output": { "address": to, "amount": amount },
            },
        });
        transactions.push(make(store, &ingredients.of(&request), &SWEEP_RULE)?);
    }
    if let Some((number, new)) = new {
        store.insert(number, org_id, &SWEEP_ADDRESS_RULE, of_wallet, new, at_ms);
    }
    let ids = transactions
        .iter()
        .map(|(_, it)| it[TRANSACTION.id].clone());
    let ids = ids.collect();
    for (number, transaction) in transactions {
        store.insert(number, org_id, &SWEEP_RULE, Map::new(), transaction, at_ms);
    }
    Ok(ids)
}

/// The place of what belongs to a wallet.
fn place(wallet_id: &Value) -> Map<String, Value> {
    Map::from_iter([("wallet_id".to_owned(), wallet_id.clone())])
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
