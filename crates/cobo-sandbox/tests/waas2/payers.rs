//! Top-ups of payers, and payouts.

use cobo_sandbox::End;
use serde_json::{Value, json};

use super::support::Call;
use super::{NOW_MS, assert_valid, get, post, put, sandbox};

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
