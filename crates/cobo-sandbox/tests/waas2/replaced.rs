//! Transactions that are cancelled or replaced, and TSS requests.

use std::time::Duration;

use cobo_sandbox::{End, Sandbox};
use serde_json::{Value, json};

use super::setup::{self, NOW_MS, assert_valid, get, post, post_nothing, sandbox, wallet};
use super::support::Call;

async fn transaction(sandbox: &Sandbox, id: &str) -> Value {
    let found = setup::transaction(sandbox, id).await;
    assert_valid("TransactionDetail", &found);
    found
}

/// A transfer of a new wallet, and its id.
async fn sent(sandbox: &Sandbox, request_id: &str) -> String {
    setup::sent(sandbox, &wallet(sandbox).await, request_id).await
}

fn faster(request_id: &str) -> Value {
    json!({
        "request_id": request_id,
        "fee": { "fee_type": "EVM_Legacy", "gas_price": "9", "token_id": "ETH" },
        "description": "faster",
    })
}

#[tokio::test]
async fn sped_up_transaction_fails_and_its_replacement_completes() {
    for (operation, purpose) in [("speedup", "SpeedUp"), ("drop", "Drop")] {
        let sandbox = sandbox().await;
        let old = sent(&sandbox, "order-1").await;
        let target = format!("/v2/transactions/{old}/{operation}");
        let early = Call::post(&target, &faster("faster-1"))
            .send(&sandbox)
            .await;
        early.assert_api_error(400, 2006);
        sandbox.advance(Duration::from_secs(10));

        let receipt = post(&sandbox, &target, &faster("faster-1")).await;
        let new = receipt["transaction_id"].as_str().unwrap();
        assert_ne!(new, old);
        assert_eq!(receipt["request_id"], "faster-1");
        assert_eq!(receipt["status"], "Submitted");
        let replaced = transaction(&sandbox, &old).await;
        assert_eq!(replaced["status"], "Failed");
        assert_eq!(replaced["sub_status"], "ReplacedByNewTransaction");
        assert_eq!(replaced["updated_timestamp"], NOW_MS + 10_000);
        let expected = json!({ "replaced_by_type": purpose, "replaced_by_transaction_id": new });
        assert_eq!(replaced["replacement"], expected);
        let again = Call::post(&target, &faster("faster-2"))
            .send(&sandbox)
            .await;
        again.assert_api_error(400, 2006);

        sandbox.advance_to_end();
        let replacement = transaction(&sandbox, new).await;
        assert_eq!(replacement["status"], "Completed");
        assert_eq!(replacement["request_id"], "faster-1");
        assert_eq!(replacement["description"], "faster");
        assert_eq!(replacement.get("sub_status"), None);
        let expected = json!({ "replaced_type": purpose, "replaced_transaction_id": old });
        assert_eq!(replacement["replacement"], expected);
        assert_eq!(transaction(&sandbox, &old).await["status"], "Failed");

        // What is dropped is not paid, what is sped up is paid once.
        let wallet_id = replacement["wallet_id"].as_str().unwrap();
        let tokens = get(&sandbox, &format!("/v2/wallets/{wallet_id}/tokens")).await;
        let total = tokens["data"][0].pointer("/balance/total");
        let expected = (purpose == "SpeedUp").then(|| json!("-1.5"));
        assert_eq!(total, expected.as_ref());
    }
}

#[tokio::test]
async fn failed_transaction_can_be_resent_once() {
    let sandbox = sandbox().await;
    let ends = [End::fails("out of gas")];
    sandbox
        .script_end("create_transfer_transaction", ends)
        .unwrap();
    let old = sent(&sandbox, "order-1").await;
    let target = format!("/v2/transactions/{old}/resend");
    let resend = json!({ "request_id": "again-1" });
    let early = Call::post(&target, &resend).send(&sandbox).await;
    early.assert_api_error(400, 2006);
    sandbox.advance_to_end();
    // The end of the new one can be scripted too.
    let ends = [End::stays("Broadcasting")];
    sandbox
        .script_end("resend_transaction_by_id", ends)
        .unwrap();
    let receipt = post(&sandbox, &target, &resend).await;
    let new = receipt["transaction_id"].as_str().unwrap();
    let replaced = transaction(&sandbox, &old).await;
    assert_eq!(replaced["failed_reason"], "out of gas");
    assert_eq!(replaced["replacement"]["replaced_by_type"], "Resend");
    sandbox.advance(Duration::from_secs(600));
    let resent = transaction(&sandbox, new).await;
    assert_eq!(resent["status"], "Broadcasting");
    assert_eq!(resent.get("failed_reason"), None);
    assert_eq!(
        resent["replacement"]["replaced_transaction_id"],
        old.as_str()
    );
    let again = Call::post(&target, &resend).send(&sandbox).await;
    again.assert_api_error(400, 2006);
    let listed = get(&sandbox, "/v2/transactions?request_id=again-1").await;
    assert_eq!(listed["data"][0]["transaction_id"], new);
}

#[tokio::test]
async fn transaction_can_be_cancelled_only_before_it_is_broadcast() {
    let sandbox = sandbox().await;
    let (early, late) = (
        sent(&sandbox, "order-1").await,
        sent(&sandbox, "order-2").await,
    );
    let cancel = |id: &str| post_nothing(&format!("/v2/transactions/{id}/cancel"));
    let receipt = cancel(&early).send(&sandbox).await.assert_ok(201).json();
    assert_eq!(receipt["status"], "Failed");
    let cancelled = transaction(&sandbox, &early).await;
    assert_eq!(cancelled["sub_status"], "CanceledByAPI");
    sandbox.advance(Duration::from_secs(10));
    cancel(&late)
        .send(&sandbox)
        .await
        .assert_api_error(400, 2006);
    sandbox.advance_to_end();
    assert_eq!(transaction(&sandbox, &late).await["status"], "Completed");
}

#[tokio::test]
async fn tss_request_is_found_by_its_group_and_reaches_its_end() {
    let sandbox = sandbox().await;
    let vault = json!({ "name": "Vault", "vault_type": "Org-Controlled" });
    let vault = post(&sandbox, "/v2/wallets/mpc/vaults", &vault).await;
    let target = format!(
        "/v2/wallets/mpc/vaults/{}/tss_requests",
        vault["vault_id"].as_str().unwrap()
    );
    let body = json!({ "type": "KeyGen", "target_key_share_holder_group_id": "group-1" });
    let ends = [End::succeeds(), End::fails("")];
    sandbox.script_end("create_tss_request", ends).unwrap();
    let mut made = Vec::new();
    for _ in 0..3 {
        let created = post(&sandbox, &target, &body).await;
        assert_valid("TSSRequest", &created);
        assert_eq!(created["status"], "PendingKeyHolderConfirmation");
        made.push(created["tss_request_id"].as_str().unwrap().to_owned());
    }
    let cancel = post_nothing(&format!("{target}/{}/cancel", made[2]));
    let cancelled = cancel.send(&sandbox).await.assert_ok(201).json();
    assert_eq!(cancelled["status"], "Success");
    sandbox.advance_to_end();
    let states = [(&made[0], "Success"), (&made[1], "KeyGeneratingFailed")];
    for (id, state) in states {
        let found = get(&sandbox, &format!("{target}/{id}")).await;
        assert_valid("TSSRequest", &found);
        assert_eq!(found["status"], state);
        assert_eq!(found["created_timestamp"], NOW_MS);
        let late = post_nothing(&format!("{target}/{id}/cancel"));
        late.send(&sandbox).await.assert_api_error(400, 2006);
    }
    let of_group = |id: &str| format!("{target}?key_share_holder_group_id={id}");
    let listed = get(&sandbox, &of_group("group-1")).await;
    assert_eq!(listed["pagination"]["total_count"], 3);
    let other = get(&sandbox, &of_group("group-2")).await;
    assert_eq!(other["data"], json!([]));
}
