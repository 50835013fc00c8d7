//! Objects are found by the texts that identify them.

use cobo_sandbox::Sandbox;
use serde_json::Value;

use crate::balances::address;
use crate::setup::{UNKNOWN, get, put, sandbox, sent, transaction, wallet};

/// The request ids of the transactions that a query lists.
async fn listed(sandbox: &Sandbox, query: &str) -> Vec<String> {
    let page = get(sandbox, &format!("/v2/transactions?{query}")).await;
    let items = page["data"].as_array().unwrap().iter();
    let ids = items.map(|it| it["request_id"].as_str().unwrap().to_owned());
    ids.collect()
}

#[tokio::test]
async fn transactions_are_found_by_their_ids_and_request_ids_together() {
    let sandbox = sandbox().await;
    let wallet_id = wallet(&sandbox).await;
    let mut ids = Vec::new();
    for request_id in ["r-1", "r-2", "r-3"] {
        ids.push(sent(&sandbox, &wallet_id, request_id).await);
    }
    let token = "ETH_USDT";
    let deposit = address(&sandbox, &wallet_id).await;
    sandbox.deposit(&deposit, token, "1").unwrap();

    for (query, expected) in [
        ("request_id=r-2".to_owned(), &["r-2"][..]),
        ("request_id=r-4".to_owned(), &[]),
        (format!("transaction_ids={}", ids[1]), &["r-2"]),
        (
            format!("transaction_ids={},{}", ids[2], ids[1]),
            &["r-2", "r-3"],
        ),
        (
            format!("request_id=r-2&transaction_ids={}", ids[1]),
            &["r-2"],
        ),
        (format!("request_id=r-1&transaction_ids={}", ids[1]), &[]),
        (format!("transaction_ids={UNKNOWN}"), &[]),
        ("request_id=r-1&statuses=Completed".to_owned(), &[]),
    ] {
        assert_eq!(listed(&sandbox, &query).await, expected, "{query}");
    }
    sandbox.advance_to_end();
    let completed = listed(&sandbox, "request_id=r-1&statuses=Completed").await;
    assert_eq!(completed, ["r-1"]);
    assert_eq!(transaction(&sandbox, &ids[2]).await["request_id"], "r-3");
}

#[tokio::test]
async fn wallet_is_found_by_its_id_after_an_update_names_another_id() {
    let sandbox = sandbox().await;
    let wallet_id = wallet(&sandbox).await;
    let target = format!("/v2/wallets/{wallet_id}");
    let body = serde_json::json!({
        "wallet_type": "Custodial",
        "name": "Cold",
        "wallet_id": UNKNOWN,
    });
    let updated: Value = put(&sandbox, &target, &body).await;
    assert_eq!(updated["wallet_id"], wallet_id.as_str());
    assert_eq!(get(&sandbox, &target).await, updated);
}
