//! Transactions that Cobo does not process to the end by itself.

use std::time::Duration;

use cobo_sandbox::{End, Sandbox};
use serde_json::{Value, json};

use super::setup::{
    NOW_MS, TRANSFER, UNKNOWN, assert_valid, post, post_nothing, sandbox, transaction, transfer,
    wallet,
};
use super::support::Call;

const BROADCAST: &str = "/v2/transactions/broadcast";

/// A transfer with this `transaction_process_type`, and its id.
async fn sent(sandbox: &Sandbox, wallet_id: &str, request_id: &str, process: &str) -> String {
    let mut body = transfer(wallet_id, request_id);
    body["transaction_process_type"] = json!(process);
    let receipt = post(sandbox, TRANSFER, &body).await;
    receipt["transaction_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn built_transaction_waits_until_it_is_signed_and_broadcast() {
    let sandbox = sandbox().await;
    let wallet_id = wallet(&sandbox).await;
    let id = sent(&sandbox, &wallet_id, "r-1", "BuildOnly").await;
    let go_on = format!("/v2/transactions/{id}/sign_and_broadcast");
    let early = post_nothing(&go_on).send(&sandbox).await;
    early.assert_api_error(400, 2006);
    sandbox.advance(Duration::from_secs(3_600));
    let built = transaction(&sandbox, &id).await;
    assert_valid("TransactionDetail", &built);
    assert_eq!(built["status"], "PendingSignature");
    assert_eq!(built["sub_status"], "Built");
    let now_ms = sandbox.now_ms();
    sandbox.advance_to_end();
    assert_eq!(sandbox.now_ms(), now_ms, "it has no end to advance to");

    let receipt = post_nothing(&go_on).send(&sandbox).await;
    let receipt = receipt.assert_ok(201).json();
    let expected =
        json!({ "request_id": "r-1", "transaction_id": id, "status": "PendingSignature" });
    assert_eq!(receipt, expected);
    assert_eq!(transaction(&sandbox, &id).await.get("sub_status"), None);
    let again = post_nothing(&go_on).send(&sandbox).await;
    again.assert_api_error(400, 2006);
    sandbox.advance_to_end();
    let completed = transaction(&sandbox, &id).await;
    assert_eq!(completed["status"], "Completed");
    // The time that it waited is added.
    let expected = NOW_MS + 3_600_000 + 55_000;
    assert_eq!(completed["updated_timestamp"], expected);
}

#[tokio::test]
async fn signed_transactions_wait_until_they_are_broadcast_together() {
    let sandbox = sandbox().await;
    let wallet_id = wallet(&sandbox).await;
    let mut ids = Vec::new();
    for request_id in ["r-1", "r-2"] {
        ids.push(sent(&sandbox, &wallet_id, request_id, "SignOnly").await);
    }
    let automatic = sent(&sandbox, &wallet_id, "r-3", "AutoProcess").await;
    sandbox.advance(Duration::from_secs(10));
    let status = async |id: &str| transaction(&sandbox, id).await["status"].clone();
    assert_eq!(status(&automatic).await, "Broadcasting");
    let broadcast = |ids: &[&str]| Call::post(BROADCAST, &json!({ "transaction_ids": ids }));
    // All or none: the last one does not wait.
    for (other, error) in [(automatic.as_str(), 400), (UNKNOWN, 404)] {
        let answer = broadcast(&[&ids[0], other]).send(&sandbox).await;
        answer.assert_ok(error);
    }
    sandbox.advance_to_end();
    for id in &ids {
        assert_eq!(status(id).await, "Broadcasting");
    }
    assert_eq!(status(&automatic).await, "Completed");

    let answer = broadcast(&[&ids[0], &ids[1]]).send(&sandbox).await;
    let receipts: Vec<Value> = ["r-1", "r-2"]
        .iter()
        .zip(&ids)
        .map(|(request_id, id)| json!({ "request_id": request_id, "transaction_id": id }))
        .collect();
    assert_eq!(answer.assert_ok(201).json(), json!(receipts));
    sandbox.advance_to_end();
    for id in &ids {
        assert_eq!(status(id).await, "Completed");
    }
}

#[tokio::test]
async fn waiting_transaction_can_be_cancelled_and_its_end_can_be_scripted() {
    let sandbox = sandbox().await;
    let wallet_id = wallet(&sandbox).await;
    let ends = [End::succeeds(), End::fails("no gas").at_once()];
    sandbox
        .script_end("create_transfer_transaction", ends)
        .unwrap();
    let cancelled = sent(&sandbox, &wallet_id, "r-1", "BuildOnly").await;
    let failing = sent(&sandbox, &wallet_id, "r-2", "BuildOnly").await;
    sandbox.advance(Duration::from_secs(5));
    let cancel = post_nothing(&format!("/v2/transactions/{cancelled}/cancel"));
    cancel.send(&sandbox).await.assert_ok(201);
    let go_on = |id: &str| post_nothing(&format!("/v2/transactions/{id}/sign_and_broadcast"));
    let late = go_on(&cancelled).send(&sandbox).await;
    late.assert_api_error(400, 2006);
    let found = transaction(&sandbox, &cancelled).await;
    assert_eq!(found["sub_status"], "CanceledByAPI");

    let found = transaction(&sandbox, &failing).await;
    assert_eq!(found["sub_status"], "Built", "an end at once waits, too");
    go_on(&failing).send(&sandbox).await.assert_ok(201);
    let found = transaction(&sandbox, &failing).await;
    assert_eq!(found["status"], "Failed");
    assert_eq!(found["failed_reason"], "no gas");
}
