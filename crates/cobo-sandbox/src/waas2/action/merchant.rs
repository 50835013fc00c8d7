//! Balances of merchants, computed from their orders, top-ups, refunds and settlements.
//!
//! A completed payment adds to a balance. A refund or a settlement takes from it as soon as it is created, and gives the
//! amount back if it fails. Developer fees are not taken out.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::waas2::amount::Amount;
use crate::waas2::kind::{ORDER, REFUND, SETTLEMENT, TOP_UP, TOP_UP_ADDRESS};
use crate::waas2::store::Store;

/// A merchant, a token, and how the payments come in.
type Key = (String, String, String);

#[derive(Default)]
struct Sums {
    received: Amount,
    refunded: Amount,
    settled: Amount,
    /// Refunds and settlements that have not ended.
    leaving: Amount,
}

/// What a change adds to.
#[derive(Clone, Copy)]
enum What {
    Received,
    Refunded,
    Settled,
}

struct Change {
    key: Key,
    what: What,
    amount: Amount,
    is_completed: bool,
}

/// The balances of an organization's merchants, each as `MerchantBalance`. `None` if a number has too many digits.
pub(super) fn balances(store: &Store, org_id: &str, now_ms: u64) -> Option<Vec<Value>> {
    let mut all: BTreeMap<Key, Sums> = BTreeMap::new();
    for change in changes(store, org_id, now_ms) {
        let is_received = matches!(change.what, What::Received);
        // What has not arrived is not a part of the balance.
        if is_received && !change.is_completed {
            continue;
        }
        let sums = all.entry(change.key).or_default();
        let sum = match (change.what, change.is_completed) {
            (What::Received, _) => &mut sums.received,
            (What::Refunded, true) => &mut sums.refunded,
            (What::Settled, true) => &mut sums.settled,
            (What::Refunded | What::Settled, false) => &mut sums.leaving,
        };
        *sum = sum.plus(change.amount)?;
    }
    let shown = all.into_iter().map(|((merchant_id, token_id, way), sums)| {
        let out = sums.refunded.plus(sums.settled)?.plus(sums.leaving)?;
        let total = sums.received.minus(out)?.to_string();
        Some(json!({
            "merchant_id": merchant_id,
            "token_id": token_id,
            "acquiring_type": way,
            "total_received_amount": sums.received.to_string(),
            "refunded_amount": sums.refunded.to_string(),
            "settled_amount": sums.settled.to_string(),
            "total_balance": total,
            "available_balance": total,
        }))
    });
    shown.collect()
}

fn changes(store: &Store, org_id: &str, now_ms: u64) -> Vec<Change> {
    let of_kind = |kind| store.all(org_id, kind, now_ms).into_iter();
    let change =
        |merchant: &Value, token: &Value, way: &str, what, amount: &Value, status: &Value| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let is_over = status == "Failed" || status == "Expired";
            let amount = amount.as_str().and_then(Amount::parse)?;
            (!is_over && merchant.is_string()).then(|| Change {
                key: (text(merchant), text(token), way.to_owned()),
                what,
                amount,
                is_completed: status == "Completed",
            })
        };
    let mut changes = Vec::new();
    for (_, order) in of_kind(&ORDER) {
        let (token, amount) = (&order["payable_currency"], &order["received_token_amount"]);
        let merchant = &order["merchant_id"];
        changes.extend(change(
            merchant,
            token,
            "Order",
            What::Received,
            amount,
            &order["status"],
        ));
    }
    let addresses: Vec<Value> = of_kind(&TOP_UP_ADDRESS).map(|(_, value)| value).collect();
    for (place, top_up) in of_kind(&TOP_UP) {
        let token = &top_up["token_id"];
        // A payer's address can have been renewed since.
        let to = |it: &&Value| it["address"] == top_up["to_address"];
        let of_payer = |it: &&Value| {
            Some(&it["custom_payer_id"]) == place.get("custom_payer_id") && it["token_id"] == *token
        };
        let found = addresses.iter().find(to);
        let found = found.or_else(|| addresses.iter().find(of_payer));
        let merchant = found.map_or(&Value::Null, |it| &it["merchant_id"]);
        let (amount, status) = (&top_up["amount"], &top_up["status"]);
        changes.extend(change(
            merchant,
            token,
            "TopUp",
            What::Received,
            amount,
            status,
        ));
    }
    for (_, refund) in of_kind(&REFUND).filter(|(_, it)| it["refund_type"] != "Psp") {
        let way = if refund["order_id"].is_string() {
            "Order"
        } else {
            "TopUp"
        };
        let (merchant, token) = (&refund["merchant_id"], &refund["token_id"]);
        let (amount, status) = (&refund["amount"], &refund["status"]);
        changes.extend(change(merchant, token, way, What::Refunded, amount, status));
    }
    for (_, settlement) in of_kind(&SETTLEMENT).filter(|(_, it)| it["settlement_type"] != "Psp") {
        let way = settlement["acquiring_type"].as_str().unwrap_or("Order");
        for part in settlement["settlements"].as_array().into_iter().flatten() {
            let (merchant, token) = (&part["merchant_id"], &part["token_id"]);
            let (amount, status) = (&part["amount"], &part["status"]);
            changes.extend(change(merchant, token, way, What::Settled, amount, status));
        }
    }
    changes
}
