//! A sandbox with the operations of WaaS 2.0: what a call creates is found by later calls.
#![allow(clippy::unwrap_used)] // a panic fails the test

mod balances;
mod ends;
mod lookups;
mod paused;
mod payers;
mod replaced;
#[path = "../support/waas2.rs"]
mod setup;
#[path = "../support/mod.rs"]
mod support;
mod sweeps;

use std::time::Duration;

use cobo_sandbox::{Answer, DEMO_ORG_ID, End, Fields, Sandbox, ScriptError, Specification};
use http::StatusCode;
use serde_json::{Value, json};
use setup::{
    NOW_MS, TRANSFER, UNKNOWN, assert_valid, custodial, get, post, post_nothing, put, sandbox,
    transfer, wallet,
};
use support::{Call, get_token};

#[tokio::test]
async fn created_wallet_is_returned_by_list_and_by_id() {
    let sandbox = sandbox().await;
    let empty = get(&sandbox, "/v2/wallets").await;
    assert_eq!(
        empty,
        json!({ "data": [], "pagination": { "before": "", "after": "", "total_count": 0 } })
    );

    let created = post(&sandbox, "/v2/wallets", &custodial()).await;
    assert_valid("CreatedWalletInfo", &created);
    assert_eq!(created["name"], "Treasury");
    assert_eq!(created["org_id"], DEMO_ORG_ID);
    let listed = get(&sandbox, "/v2/wallets").await;
    assert_eq!(listed["data"], json!([created]));
    let target = format!("/v2/wallets/{}", created["wallet_id"].as_str().unwrap());
    assert_eq!(get(&sandbox, &target).await, created);

    let body = json!({ "wallet_type": "Custodial", "name": "Cold" });
    let renamed = put(&sandbox, &target, &body).await;
    assert_eq!(renamed["name"], "Cold");
    assert_eq!(get(&sandbox, &target).await, renamed);

    let unknown = format!("/v2/wallets/{UNKNOWN}");
    let answer = Call::get(&unknown).send(&sandbox).await;
    answer.assert_api_error(404, 2028);
}

#[tokio::test]
async fn created_wallet_has_the_requested_variant() {
    let sandbox = sandbox().await;
    let project = json!({ "name": "Users", "participants": 3, "threshold": 2 });
    let project = post(&sandbox, "/v2/wallets/mpc/projects", &project).await;
    assert_valid("MPCProject", &project);
    let vault = json!({
        "name": "Vault",
        "vault_type": "User-Controlled",
        "project_id": project["project_id"],
    });
    let vault = post(&sandbox, "/v2/wallets/mpc/vaults", &vault).await;
    assert_valid("MPCVault", &vault);
    assert_eq!(vault["type"], "User-Controlled");
    assert_eq!(vault["created_timestamp"], NOW_MS);
    let vaults = |kind: &str| format!("/v2/wallets/mpc/vaults?vault_type={kind}");
    let of_users = get(&sandbox, &vaults("User-Controlled")).await;
    assert_eq!(of_users["data"], json!([vault]));
    let of_org = get(&sandbox, &vaults("Org-Controlled")).await;
    assert_eq!(of_org["data"], json!([]));
    let vault_id = vault["vault_id"].as_str().unwrap();
    let target = format!("/v2/wallets/mpc/vaults/{vault_id}");
    assert_eq!(get(&sandbox, &target).await, vault);

    let mut mpc = json!({
        "name": "Users",
        "wallet_type": "MPC",
        "wallet_subtype": "User-Controlled",
        "vault_id": vault_id,
    });
    let created = post(&sandbox, "/v2/wallets", &mpc).await;
    assert_valid("MPCWalletInfo", &created);
    assert_eq!(created["wallet_type"], "MPC");
    assert_eq!(created["vault_id"], vault_id);
    let exchange = json!({
        "name": "Exchange",
        "wallet_type": "Exchange",
        "wallet_subtype": "Main",
        "exchange_id": "binance",
        "apikey": "key",
        "secret": "hidden",
    });
    let exchange = post(&sandbox, "/v2/wallets", &exchange).await;
    assert_valid("ExchangeWalletInfo", &exchange);
    assert!(!exchange.to_string().contains("hidden"), "{exchange}");

    let of_type = get(&sandbox, "/v2/wallets?wallet_type=MPC").await;
    assert_eq!(of_type["data"], json!([created]));
    let in_vault = get(&sandbox, &format!("/v2/wallets?vault_id={vault_id}")).await;
    assert_eq!(in_vault["data"], json!([created]));

    mpc["vault_id"] = json!(UNKNOWN);
    let answer = Call::post("/v2/wallets", &mpc).send(&sandbox).await;
    answer.assert_api_error(404, 2028);
}

#[tokio::test]
async fn created_addresses_are_listed_only_for_their_wallet() {
    let sandbox = sandbox().await;
    let (first, second) = (wallet(&sandbox).await, wallet(&sandbox).await);
    let of = |wallet_id: &str| format!("/v2/wallets/{wallet_id}/addresses");
    let body = json!({ "chain_id": "ETH", "count": 3 });
    let made = post(&sandbox, &of(&first), &body).await;
    let [one, two, three] = made.as_array().unwrap().as_slice() else {
        panic!("{made}");
    };
    assert_valid("AddressInfo", one);
    assert_eq!(one["chain_id"], "ETH");
    assert!(one != two && two != three && one != three, "{made}");

    assert_eq!(get(&sandbox, &of(&first)).await["data"], made);
    assert_eq!(get(&sandbox, &of(&second)).await["data"], json!([]));
    let target = format!("{}?chain_ids=BTC", of(&first));
    assert_eq!(get(&sandbox, &target).await["data"], json!([]));
    let target = of(UNKNOWN);
    let answer = Call::post(&target, &body).send(&sandbox).await;
    answer.assert_api_error(404, 2028);
}

#[tokio::test]
async fn transfer_passes_through_all_states_and_completes() {
    let sandbox = sandbox().await;
    let wallet_id = wallet(&sandbox).await;
    let receipt = post(&sandbox, TRANSFER, &transfer(&wallet_id, "order-1")).await;
    let id = receipt["transaction_id"].as_str().unwrap();
    assert_eq!(
        receipt,
        json!({ "request_id": "order-1", "transaction_id": id, "status": "Submitted" })
    );

    let target = format!("/v2/transactions/{id}");
    let mut states = Vec::new();
    for _ in 0..13 {
        let transaction = get(&sandbox, &target).await;
        assert_valid("TransactionDetail", &transaction);
        if states.last() != Some(&transaction["status"]) {
            states.push(transaction["status"].clone());
        }
        sandbox.advance(Duration::from_secs(5));
    }
    let expected = [
        "Submitted",
        "PendingSignature",
        "Broadcasting",
        "Confirming",
        "Completed",
    ];
    assert_eq!(states, expected);

    let transaction = get(&sandbox, &target).await;
    assert_eq!(transaction["type"], "Withdrawal");
    assert_eq!(transaction["wallet_id"], wallet_id.as_str());
    assert_eq!(transaction["chain_id"], "ETH");
    assert_eq!(transaction["created_timestamp"], NOW_MS);
    assert_eq!(transaction["updated_timestamp"], NOW_MS + 60_000);
    assert_eq!(
        transaction["destination"]["account_output"]["amount"],
        "1.50"
    );
    assert_eq!(transaction.get("failed_reason"), None);
    let by_request_id = get(&sandbox, "/v2/transactions?request_id=order-1").await;
    assert_eq!(by_request_id["data"], json!([transaction]));
    let other = get(&sandbox, "/v2/transactions?request_id=order-2").await;
    assert_eq!(other["data"], json!([]));
    assert_eq!(
        sandbox.created("create_transfer_transaction"),
        [transaction]
    );
}

#[tokio::test]
async fn transfer_reaches_the_scripted_final_state() {
    let sandbox = sandbox().await;
    let wallet_id = wallet(&sandbox).await;
    let ends = [End::fails("no signer"), End::stays("PendingSignature")];
    sandbox
        .script_end("create_transfer_transaction", ends)
        .unwrap();
    for request_id in ["1", "2", "3"] {
        post(&sandbox, TRANSFER, &transfer(&wallet_id, request_id)).await;
    }
    sandbox.advance_to_end();
    assert_eq!(sandbox.now_ms(), NOW_MS + 60_000);
    let listed = get(&sandbox, "/v2/transactions").await;
    let states: Vec<_> = listed["data"].as_array().unwrap().iter().collect();
    assert_eq!(states[0]["status"], "Failed");
    assert_eq!(states[0]["failed_reason"], "no signer");
    assert_eq!(states[1]["status"], "PendingSignature");
    assert_eq!(states[2]["status"], "Completed");
    for state in states {
        assert_valid("Transaction", state);
    }

    // A call ends the one that would stay for ever.
    let id = listed["data"][1]["transaction_id"].as_str().unwrap();
    let cancel = format!("/v2/transactions/{id}/cancel");
    let call = || post_nothing(&cancel);
    let receipt = call().send(&sandbox).await.assert_ok(201).json();
    assert_eq!(receipt["status"], "Failed");
    call().send(&sandbox).await.assert_api_error(400, 2006);

    let stays = [End::stays("Completed")];
    let error = sandbox.script_end("create_transfer_transaction", stays);
    assert!(
        matches!(error, Err(ScriptError::NoState { .. })),
        "{error:?}"
    );
    let error = sandbox.script_end("create_wallet", [End::succeeds()]);
    assert!(matches!(error, Err(ScriptError::NoStates(_))), "{error:?}");
}

#[tokio::test]
async fn repeated_request_id_is_refused() {
    let sandbox = sandbox().await;
    let wallet_id = wallet(&sandbox).await;
    // A scripted error takes the place of the operation, so it does not use the id up.
    let refused = Answer::error(StatusCode::SERVICE_UNAVAILABLE, 2000);
    sandbox
        .script("create_transfer_transaction", [refused])
        .unwrap();
    let body = transfer(&wallet_id, "order-1");
    let answer = Call::post(TRANSFER, &body).send(&sandbox).await;
    answer.assert_api_error(503, 2000);
    post(&sandbox, TRANSFER, &body).await;
    let again = Call::post(TRANSFER, &body).send(&sandbox).await;
    again.assert_api_error(400, 30001);
    let call = json!({
        "request_id": "order-1",
        "chain_id": "ETH",
        "source": {
            "source_type": "Org-Controlled",
            "wallet_id": wallet_id,
            "address": "0xabc",
        },
        "destination": {
            "destination_type": "EVM_Contract",
            "address": "0xdef",
            "calldata": "0xa22cb465",
        },
    });
    let target = "/v2/transactions/contract_call";
    let answer = Call::post(target, &call).send(&sandbox).await;
    answer.assert_api_error(400, 30001);
    let mut other = call;
    other["request_id"] = json!("order-2");
    post(&sandbox, target, &other).await;

    let listed = get(&sandbox, "/v2/transactions?types=ContractCall").await;
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    assert_eq!(listed["data"][0]["chain_id"], "ETH");
    assert_eq!(listed["data"][0]["destination"]["calldata"], "0xa22cb465");
    let all = get(&sandbox, "/v2/transactions").await;
    assert_eq!(all["pagination"]["total_count"], 2);
}

#[tokio::test]
async fn transaction_list_applies_limit_cursor_order_and_time_filters() {
    let sandbox = sandbox().await;
    let wallet_id = wallet(&sandbox).await;
    for request_id in ["0", "1", "2", "3", "4"] {
        post(&sandbox, TRANSFER, &transfer(&wallet_id, request_id)).await;
        sandbox.advance(Duration::from_secs(1));
    }
    let ids = |list: &Value| -> Vec<String> {
        let items = list["data"].as_array().unwrap().iter();
        items
            .map(|item| item["request_id"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = get(&sandbox, "/v2/transactions?limit=2").await;
    assert_eq!(ids(&first), ["0", "1"]);
    assert_eq!(first["pagination"]["total_count"], 5);
    let after = first["pagination"]["after"].as_str().unwrap();
    let target = format!("/v2/transactions?after={after}&limit=2");
    let second = get(&sandbox, &target).await;
    assert_eq!(ids(&second), ["2", "3"]);
    let before = second["pagination"]["before"].as_str().unwrap();
    let target = format!("/v2/transactions?before={before}&limit=2");
    assert_eq!(ids(&get(&sandbox, &target).await), ["0", "1"]);

    let newest = get(&sandbox, "/v2/transactions?direction=DESC&limit=1").await;
    assert_eq!(ids(&newest), ["4"]);
    let target = format!(
        "/v2/transactions?min_created_timestamp={}&max_created_timestamp={}",
        NOW_MS + 1_000,
        NOW_MS + 2_000
    );
    assert_eq!(ids(&get(&sandbox, &target).await), ["1", "2"]);
    let answer = Call::get("/v2/transactions?after=mine")
        .send(&sandbox)
        .await;
    answer.assert_api_error(400, 2006);
}

#[tokio::test]
async fn organization_sees_only_its_own_objects() {
    let sandbox = Sandbox::waas2().org_id("one").org_id("two");
    let sandbox = sandbox.start().await.unwrap();
    let one = get_token(&sandbox, "one").await.text("access_token");
    let two = get_token(&sandbox, "two").await.text("access_token");
    let create = Call::post("/v2/wallets", &custodial()).bearer(&one);
    let wallet = create.send(&sandbox).await.assert_ok(201).json();
    let wallet_id = wallet["wallet_id"].as_str().unwrap();
    let target = format!("/v2/wallets/{wallet_id}");
    let own = Call::get(&target).bearer(&one).send(&sandbox).await;
    assert_eq!(own.assert_ok(200).json()["org_id"], "one");
    let other = Call::get(&target).bearer(&two).send(&sandbox).await;
    other.assert_api_error(404, 2028);
    let list = Call::get("/v2/wallets").bearer(&two).send(&sandbox).await;
    assert_eq!(list.assert_ok(200).json()["data"], json!([]));
    let body = transfer(wallet_id, "order-1");
    let stolen = Call::post(TRANSFER, &body).bearer(&two);
    stolen.send(&sandbox).await.assert_api_error(404, 2028);
    let first = Call::post(TRANSFER, &body).bearer(&one);
    first.send(&sandbox).await.assert_ok(201);
}

#[tokio::test]
async fn fee_estimate_has_the_requested_fee_type() {
    let sandbox = sandbox().await;
    for fee_type in ["Fixed", "EVM_EIP_1559", "UTXO"] {
        let body = json!({
            "request_type": "Transfer",
            "source": { "source_type": "Asset", "wallet_id": UNKNOWN },
            "token_id": "ETH_USDT",
            "fee_type": fee_type,
        });
        let fee = post(&sandbox, "/v2/transactions/estimate_fee", &body).await;
        assert_valid("EstimatedFee", &fee);
        assert_eq!(fee["fee_type"], fee_type);
        assert_eq!(fee["token_id"], "ETH", "the coin of the token's chain");
    }
}

#[test]
fn operations_with_state_are_defined_in_the_document() {
    let document = Specification::waas2();
    let count = document.operation_ids().count();
    assert!(count > 250, "{count} operations");
    for id in ["create_refund", "update_refund_by_id", "list_merchants"] {
        assert!(document.success(id, Fields::Required, 0).is_some(), "{id}");
    }
}
