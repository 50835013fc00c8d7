//! Balances of wallets and addresses, computed from their transactions.
//!
//! A completed deposit adds to a balance, and a completed transfer takes from one. Until a transfer has
//! ended, its amount is not available. Fees, and tokens that contracts move, are not counted.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::reply::Failure;
use crate::waas2::amount::Amount;
use crate::waas2::check::too_long;
use crate::waas2::kind::{ADDRESS, By, SWEEP_ADDRESS, TRANSACTION};
use crate::waas2::store::Store;

/// An address and the wallet that it belongs to.
struct Owned {
    wallet_id: String,
    address: String,
}

/// A change of a balance.
struct Change<'a> {
    wallet_id: &'a str,
    /// `None` if the wallet has no address for it, as a Custodial Wallet that sends.
    address: Option<&'a str>,
    token_id: &'a str,
    amount: Amount,
    is_out: bool,
    is_completed: bool,
}

#[derive(Default)]
struct Sums {
    received: Amount,
    sent: Amount,
    leaving: Amount,
}

/// The balances of the wallet, address or token in `place`.
pub(super) fn balances(
    store: &Store,
    org_id: &str,
    now_ms: u64,
    by: By,
    place: &Map<String, Value>,
) -> Result<Vec<Value>, Failure> {
    let transactions = store.all(org_id, &TRANSACTION, now_ms).into_iter();
    let transactions: Vec<Value> = transactions.map(|(_, value)| value).collect();
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let kinds = [&ADDRESS, &SWEEP_ADDRESS].into_iter();
    let addresses = kinds.flat_map(|kind| store.all(org_id, kind, now_ms));
    let owned = addresses.filter_map(|(place, value)| {
        Some(Owned {
            wallet_id: text(place.get("wallet_id"))?,
            address: text(value.get(ADDRESS.id))?,
        })
    });
    let owned: Vec<Owned> = owned.collect();
    sums(&transactions, &owned, by, place).ok_or_else(too_long)
}

/// The balances of the wallet, address or token in `place`. `None` if a number has too many digits.
fn sums(
    transactions: &[Value],
    owned: &[Owned],
    by: By,
    place: &Map<String, Value>,
) -> Option<Vec<Value>> {
    let wanted = |name: &str| place.get(name).and_then(Value::as_str);
    let mut sums: BTreeMap<&str, Sums> = BTreeMap::new();
    for change in transactions.iter().flat_map(|it| changes(it, owned)) {
        let key = match by {
            By::Wallet => Some(change.token_id),
            By::Address if change.address == wanted("address") => Some(change.token_id),
            By::Token if wanted("token_id") == Some(change.token_id) => change.address,
            By::Address | By::Token => None,
        };
        let Some(key) = key.filter(|_| wanted("wallet_id") == Some(change.wallet_id)) else {
            continue;
        };
        let sums = sums.entry(key).or_default();
        let sum = match (change.is_out, change.is_completed) {
            (true, true) => &mut sums.sent,
            (true, false) => &mut sums.leaving,
            (false, _) => &mut sums.received,
        };
        *sum = sum.plus(change.amount)?;
    }
    let name = match by {
        By::Wallet | By::Address => "token_id",
        By::Token => "address",
    };
    let shown = sums.into_iter().map(|(key, sums)| {
        let total = sums.received.minus(sums.sent)?;
        let leaving = sums.leaving.to_string();
        Some(json!({
            name: key,
            "balance": {
                "total": total.to_string(),
                "available": total.minus(sums.leaving)?.to_string(),
                "pending": leaving,
                "locked": leaving,
                "frozen": "0",
            },
        }))
    });
    shown.collect()
}

/// The changes that a transaction makes. An amount that is not a decimal number changes nothing.
fn changes<'a>(transaction: &'a Value, owned: &'a [Owned]) -> Vec<Change<'a>> {
    let text = |pointer: &str| transaction.pointer(pointer).and_then(Value::as_str);
    let is_out = match text("/type") {
        Some("Withdrawal") => true,
        Some("Deposit") => false,
        _ => return Vec::new(),
    };
    let is_completed = text("/status") == Some("Completed");
    let is_over = matches!(text("/status"), Some("Failed" | "Rejected"));
    // The transaction that drops another one moves nothing.
    let drops = text("/replacement/replaced_type") == Some("Drop");
    let (Some(wallet_id), Some(token_id), false) =
        (text("/wallet_id"), text("/token_id"), is_over || drops)
    else {
        return Vec::new();
    };
    let change = |wallet_id, address, amount, is_out| Change {
        wallet_id,
        address,
        token_id,
        amount,
        is_out,
        is_completed,
    };
    let mut changes = Vec::new();
    for (to_wallet, to_address, amount) in outputs(&transaction["destination"]) {
        if is_out {
            changes.push(change(wallet_id, text("/source/address"), amount, true));
        }
        let owner = owned.iter().find(|it| Some(&*it.address) == to_address);
        // An amount that has not arrived is not a part of the balance.
        if is_completed && let Some(wallet_id) = to_wallet.or(owner.map(|it| &*it.wallet_id)) {
            changes.push(change(wallet_id, to_address, amount, false));
        }
    }
    changes
}

type Output<'a> = (Option<&'a str>, Option<&'a str>, Amount);

/// The wallet or address of each recipient, and the amount.
fn outputs(destination: &Value) -> Vec<Output<'_>> {
    let several = destination["utxo_outputs"].as_array();
    let all = several.into_iter().flatten();
    let all = all.chain([destination, &destination["account_output"]]);
    let read = all.filter_map(|output| {
        let amount = Amount::parse(output["amount"].as_str()?)?;
        let wallet_id = output["wallet_id"].as_str();
        Some((wallet_id, output["address"].as_str(), amount))
    });
    read.collect()
}
