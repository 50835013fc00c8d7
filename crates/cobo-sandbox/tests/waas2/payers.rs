//! Payments: orders, refunds, top-ups of payers, and payouts.

use cobo_sandbox::{DepositError, End, ScriptError};
use serde_json::{Value, json};

use super::setup::{NOW_MS, UNKNOWN, assert_valid, get, order, post, put, sandbox, wallet};
use super::support::Call;

const ADDRESS: &str = "/v2/payments/topup/address";

#[tokio::test]
async fn payer_keeps_a_top_up_address_until_it_is_renewed() {
    let sandbox = sandbox().await;
    let merchant = json!({ "name": "Shop" });
    let merchant = post(&sandbox, "/v2/payments/merchants", &merchant).await;
    let merchant_id = merchant["merchant_id"].as_str().unwrap();
    let body = json!({
        "merchant_id": merchant_id,
        "token_id": "ETH_USDT",
        "custom_payer_ids": ["ann", "bob"],
    });
    let made = post(&sandbox, ADDRESS, &body).await;
    let made = made["data"].as_array().unwrap();
    for (address, payer) in made.iter().zip(["ann", "bob"]) {
        assert_valid("TopUpAddress", address);
        assert_eq!(address["custom_payer_id"], payer);
        assert_eq!(address["merchant_id"], merchant_id);
        assert_eq!(address["chain"], "ETH");
    }
    assert_ne!(made[0]["address"], made[1]["address"]);
    assert_ne!(made[0]["payer_id"], made[1]["payer_id"]);

    let of = |payer: &str, token: &str| {
        format!("{ADDRESS}?custom_payer_id={payer}&token_id={token}&merchant_id={merchant_id}")
    };
    assert_eq!(get(&sandbox, &of("ann", "ETH_USDT")).await, made[0]);
    // A `get` makes the address that is missing, once.
    let tron = get(&sandbox, &of("ann", "TRON_USDT")).await;
    assert_eq!(get(&sandbox, &of("ann", "TRON_USDT")).await, tron);
    assert_ne!(tron["address"], made[0]["address"]);
    assert_eq!(tron["payer_id"], made[0]["payer_id"]);

    let mut renew = json!({
        "merchant_id": merchant_id,
        "token_id": "ETH_USDT",
        "custom_payer_id": "ann",
    });
    let renewed = put(&sandbox, ADDRESS, &renew).await;
    assert_ne!(renewed["address"], made[0]["address"]);
    let old = made[0]["address"].as_str().unwrap();
    let unknown = sandbox.deposit(old, "ETH_USDT", "1");
    assert_eq!(unknown, Err(DepositError::UnknownAddress(old.to_owned())));
    assert_eq!(get(&sandbox, &of("ann", "ETH_USDT")).await, renewed);
    renew["custom_payer_id"] = json!("eve");
    let unknown = Call::unsigned(reqwest::Method::PUT, ADDRESS, renew.to_string());
    let unknown = unknown.header("content-type", "application/json");
    let unknown = unknown.sign(&super::support::demo_key());
    unknown.send(&sandbox).await.assert_api_error(404, 2028);

    let payers = get(&sandbox, "/v2/payments/topup/payers").await;
    let ids = |list: &Value| -> Vec<Value> {
        let items = list["data"].as_array().unwrap().iter();
        items.map(|item| item["custom_payer_id"].clone()).collect()
    };
    assert_eq!(ids(&payers), ["ann", "bob"]);
    assert_eq!(payers["data"][0].get("address"), None);
    let target = format!(
        "/v2/payments/topup/payers?payer_id={}",
        made[1]["payer_id"].as_str().unwrap()
    );
    assert_eq!(ids(&get(&sandbox, &target).await), ["bob"]);
}

#[tokio::test]
async fn deposit_to_a_top_up_address_is_a_transaction_of_its_payer() {
    let sandbox = sandbox().await;
    let target = format!("{ADDRESS}?custom_payer_id=ann&token_id=ETH_USDT");
    let address = get(&sandbox, &target).await;
    let address = address["address"].as_str().unwrap();
    let id = sandbox.deposit(address, "ETH_USDT", "20").unwrap();
    sandbox.advance_to_end();
    let of =
        |payer: &str| format!("/v2/payments/topup/payers/transactions?custom_payer_id={payer}");
    let found = get(&sandbox, &of("ann")).await;
    let found = &found["data"][0];
    assert_valid("PaymentTransaction", found);
    assert_eq!(found["tx_id"], id.as_str());
    assert_eq!(found["to_address"], address);
    assert_eq!(found["amount"], "20");
    assert_eq!(found["status"], "Completed");
    assert_eq!(found["updated_timestamp"], NOW_MS + 45_000);
    assert_eq!(get(&sandbox, &of("bob")).await["data"], json!([]));
}

#[tokio::test]
async fn payout_reaches_its_end_and_is_found_by_its_request_id() {
    let sandbox = sandbox().await;
    let body = |request_id: &str| {
        json!({
            "request_id": request_id,
            "source_account": "developer",
            "payout_channel": "Crypto",
            "payout_params": [{ "token_id": "ETH_USDT", "amount": "7.5" }],
            "recipient_info": { "address": "0xabc", "token_id": "ETH_USDT" },
        })
    };
    let ends = [End::succeeds(), End::fails("refused")];
    sandbox.script_end("create_payout", ends).unwrap();
    for request_id in ["payout-1", "payout-2"] {
        let created = post(&sandbox, "/v2/payments/payouts", &body(request_id)).await;
        assert_valid("PaymentPayout", &created);
        assert_eq!(created["status"], "Pending");
        assert_eq!(created["payout_items"], body("")["payout_params"]);
    }
    sandbox.advance_to_end();
    for (request_id, state) in [("payout-1", "Completed"), ("payout-2", "Failed")] {
        let target = format!("/v2/payments/payouts?request_id={request_id}");
        let listed = get(&sandbox, &target).await;
        let [payout] = listed["data"].as_array().unwrap().as_slice() else {
            panic!("{listed}");
        };
        assert_valid("PaymentPayout", payout);
        assert_eq!(payout["status"], state);
        assert_eq!(payout["updated_timestamp"], NOW_MS / 1_000 + 60);
        let id = payout["payout_id"].as_str().unwrap();
        let found = get(&sandbox, &format!("/v2/payments/payouts/{id}")).await;
        assert_valid("PaymentPayoutDetail", &found);
        assert_eq!(found["recipient_info"]["address"], "0xabc");
    }
}

#[tokio::test]
async fn payment_order_can_be_paid_and_refunded() {
    let sandbox = sandbox().await;
    let merchant = post(
        &sandbox,
        "/v2/payments/merchants",
        &json!({ "name": "Shop" }),
    )
    .await;
    assert_valid("Merchant", &merchant);
    let created = post(
        &sandbox,
        "/v2/payments/orders",
        &order(&merchant["merchant_id"]),
    )
    .await;
    assert_valid("Order", &created);
    assert_eq!(created["status"], "Pending");
    assert_eq!(created["payable_amount"], "100.00");
    assert_eq!(created["received_token_amount"], "0");
    assert_eq!(created["expired_at"], NOW_MS / 1_000 + 1_800);
    sandbox.advance_to_end();

    let id = created["order_id"].as_str().unwrap();
    let paid = get(&sandbox, &format!("/v2/payments/orders/{id}")).await;
    assert_valid("Order", &paid);
    assert_eq!(paid["status"], "Completed");
    assert_eq!(paid["received_token_amount"], "100.00");
    assert_eq!(paid["updated_timestamp"], NOW_MS / 1_000 + 60);
    let listed = get(&sandbox, "/v2/payments/orders?statuses=Completed,Expired").await;
    assert_eq!(listed["data"], json!([paid]));

    let refund = json!({
        "request_id": "refund-7",
        "merchant_id": merchant["merchant_id"],
        "order_id": id,
        "payable_amount": "40.00",
        "token_id": "ETH_USDT",
        "refund_type": "Merchant",
        "to_address": "0xabc",
    });
    let ends = [End::fails("no balance")];
    sandbox.script_end("create_refund", ends).unwrap();
    let created = post(&sandbox, "/v2/payments/refunds", &refund).await;
    assert_valid("Refund", &created);
    assert_eq!(created["amount"], "40.00");
    assert_eq!(created["to_address"], "0xabc");
    sandbox.advance_to_end();
    let found = get(&sandbox, "/v2/payments/refunds?request_id=refund-7").await;
    assert_eq!(found["data"][0]["status"], "Failed");
    assert_eq!(found["data"][0]["failed_reason"], "no balance");
    assert_valid("Refund", &found["data"][0]);
}

#[tokio::test]
async fn settlement_and_its_parts_reach_the_same_end() {
    let sandbox = sandbox().await;
    let merchants = "/v2/payments/merchants";
    let merchant = post(&sandbox, merchants, &json!({ "name": "Shop" })).await;
    let target = "/v2/payments/settlement_requests";
    let body = |request_id: &str, merchant_id: &Value| {
        json!({
            "request_id": request_id,
            "settlement_type": "Merchant",
            "payout_channel": "Crypto",
            "settlements": [{
                "merchant_id": merchant_id,
                "token_id": "ETH_USDT",
                "amount": "7.5",
                "crypto_address": "0xabc",
            }],
        })
    };
    let ends = [End::succeeds(), End::fails("")];
    sandbox
        .script_end("create_settlement_request", ends)
        .unwrap();
    let created = post(&sandbox, target, &body("s-1", &merchant["merchant_id"])).await;
    let failing = post(&sandbox, target, &body("s-2", &merchant["merchant_id"])).await;
    let state = |settlement: &Value| {
        assert_valid("Settlement", settlement);
        let part = &settlement["settlements"][0];
        [
            &settlement["status"],
            &part["status"],
            &part["settled_amount"],
        ]
        .map(|value| value.as_str().unwrap().to_owned())
    };
    assert_eq!(state(&created), ["Pending", "Pending", "0"]);
    let answer = Call::post(target, &body("s-3", &json!("unknown")));
    answer.send(&sandbox).await.assert_api_error(404, 2028);

    sandbox.advance_to_end();
    let by_id = |settlement: &Value| {
        let id = settlement["settlement_request_id"].as_str().unwrap();
        format!("{target}/{id}")
    };
    let completed = get(&sandbox, &by_id(&created)).await;
    assert_eq!(state(&completed), ["Completed", "Completed", "7.5"]);
    assert_eq!(completed["settlements"][0]["crypto_address"], "0xabc");
    assert_eq!(completed["updated_timestamp"], NOW_MS / 1_000 + 60);
    let failed = get(&sandbox, &by_id(&failing)).await;
    assert_eq!(state(&failed), ["Failed", "Failed", "0"]);
    let listed = get(&sandbox, &format!("{target}?request_id=s-2")).await;
    assert_eq!(listed["data"], json!([failed]));
}

#[tokio::test]
async fn balance_of_a_merchant_is_what_was_paid_and_neither_refunded_nor_settled() {
    let sandbox = sandbox().await;
    let merchants = "/v2/payments/merchants";
    let mut ids = Vec::new();
    for name in ["Shop", "Other"] {
        let merchant = post(&sandbox, merchants, &json!({ "name": name })).await;
        ids.push(merchant["merchant_id"].clone());
    }
    let order = post(&sandbox, "/v2/payments/orders", &order(&ids[0])).await;
    let payer = format!(
        "{ADDRESS}?merchant_id={}&custom_payer_id=ann&token_id=ETH_USDT",
        ids[1].as_str().unwrap()
    );
    let address = get(&sandbox, &payer).await["address"].clone();
    let address = address.as_str().unwrap();
    sandbox.deposit(address, "ETH_USDT", "20").unwrap();
    let balances = async |query: &str| {
        let listed = get(&sandbox, &format!("/v2/payments/balance/merchants{query}")).await;
        let rows = listed["data"].as_array().unwrap().iter();
        let row = |row: &Value| {
            assert_valid("MerchantBalance", row);
            [
                "acquiring_type",
                "total_received_amount",
                "settled_amount",
                "refunded_amount",
            ]
            .iter()
            .chain(&["total_balance"])
            .map(|name| row[*name].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
            .join(" ")
        };
        rows.map(row).collect::<Vec<String>>()
    };
    assert_eq!(balances("?token_id=ETH_USDT").await, [] as [&str; 0]);
    sandbox.advance_to_end();
    let paid = ["Order 100 0 0 100", "TopUp 20 0 0 20"];
    assert_eq!(balances("").await, paid);

    let refund = |request_id: &str| {
        json!({
            "request_id": request_id,
            "merchant_id": ids[0],
            "order_id": order["order_id"],
            "payable_amount": "40.00",
            "token_id": "ETH_USDT",
            "refund_type": "Merchant",
            "to_address": "0xabc",
        })
    };
    let ends = [End::succeeds(), End::fails("no gas")];
    sandbox.script_end("create_refund", ends).unwrap();
    for request_id in ["r-1", "r-2"] {
        post(&sandbox, "/v2/payments/refunds", &refund(request_id)).await;
    }
    let settlement = json!({
        "request_id": "s-1",
        "settlements": [{ "merchant_id": ids[0], "token_id": "ETH_USDT", "amount": "7.5" }],
    });
    post(&sandbox, "/v2/payments/settlement_requests", &settlement).await;
    let shop = format!("?merchant_ids={}", ids[0].as_str().unwrap());
    assert_eq!(balances(&shop).await, ["Order 100 0 0 12.5"]);
    sandbox.advance_to_end();
    assert_eq!(balances(&shop).await, ["Order 100 7.5 40 52.5"]);
    assert_eq!(balances("?acquiring_type=TopUp").await, paid[1..]);
    assert_eq!(balances("?token_id=BTC").await, [] as [&str; 0]);
}

#[tokio::test]
async fn forced_sweep_is_completed_and_cannot_fail() {
    let sandbox = sandbox().await;
    let target = "/v2/payments/force_sweep_requests";
    let wallet_id = wallet(&sandbox).await;
    let mut body = json!({
        "request_id": "sweep-1",
        "wallet_id": wallet_id,
        "token_id": "ETH_USDT",
        "amount": "10.5",
    });
    let operation = "create_forced_sweep_request";
    let error = sandbox.script_end(operation, [End::fails("")]);
    assert!(
        matches!(error, Err(ScriptError::NoState { .. })),
        "{error:?}"
    );
    let created = post(&sandbox, target, &body).await;
    assert_valid("ForcedSweep", &created);
    assert_eq!(created["status"], "Pending");
    assert_eq!(created["amount"], "10.5");
    sandbox.advance_to_end();
    let listed = get(&sandbox, &format!("{target}?request_id=sweep-1")).await;
    let swept = &listed["data"][0];
    assert_valid("ForcedSweep", swept);
    assert_eq!(swept["status"], "Completed");
    assert_eq!(swept["forced_sweep_id"], created["forced_sweep_id"]);
    body["wallet_id"] = json!(UNKNOWN);
    let answer = Call::post(target, &body).send(&sandbox).await;
    answer.assert_api_error(404, 2028);
}
