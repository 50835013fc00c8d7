//! A sandbox with the operations of WaaS 2.0, and what tests create in it.
#![allow(dead_code, reason = "each test file uses a part of it")]

use cobo_sandbox::{AppKey, Clock, DEMO_APP_KEY, DEMO_ORG_ID, Sandbox, Specification};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Call, demo_key};

pub(crate) const TRANSFER: &str = "/v2/transactions/transfer";
pub(crate) const ENDPOINTS: &str = "/v2/webhooks/endpoints";
pub(crate) const NOW_MS: u64 = 1_700_000_000_000;
/// An id that nothing has.
pub(crate) const UNKNOWN: &str = "f47ac10b-58cc-4372-a567-0e02b2c3d479";

/// The demo key is an organization's own here, so that calls need no token.
pub(crate) async fn sandbox() -> Sandbox {
    let key = AppKey::from_hex(DEMO_APP_KEY).unwrap();
    let builder = Sandbox::waas2().org_key(key, DEMO_ORG_ID);
    let builder = builder.clock(Clock::fixed(NOW_MS));
    builder.start().await.unwrap()
}

pub(crate) async fn get(sandbox: &Sandbox, target: &str) -> Value {
    let answer = Call::get(target).send(sandbox).await;
    answer.assert_ok(200).json()
}

pub(crate) async fn post(sandbox: &Sandbox, target: &str, body: &Value) -> Value {
    let answer = Call::post(target, body).send(sandbox).await;
    answer.assert_ok(201).json()
}

/// A call of an operation without a body.
pub(crate) fn post_nothing(target: &str) -> Call {
    Call::unsigned(Method::POST, target, "").sign(&demo_key())
}

pub(crate) async fn put(sandbox: &Sandbox, target: &str, body: &Value) -> Value {
    let call = Call::unsigned(Method::PUT, target, body.to_string());
    let call = call.header("content-type", "application/json");
    let answer = call.sign(&demo_key()).send(sandbox).await;
    answer.assert_ok(200).json()
}

pub(crate) fn custodial() -> Value {
    json!({ "name": "Treasury", "wallet_type": "Custodial", "wallet_subtype": "Asset" })
}

pub(crate) async fn wallet(sandbox: &Sandbox) -> String {
    let wallet = post(sandbox, "/v2/wallets", &custodial()).await;
    wallet["wallet_id"].as_str().unwrap().to_owned()
}

pub(crate) fn transfer(wallet_id: &str, request_id: &str) -> Value {
    json!({
        "request_id": request_id,
        "source": { "source_type": "Asset", "wallet_id": wallet_id },
        "token_id": "ETH_USDT",
        "destination": {
            "destination_type": "Address",
            "account_output": { "address": "0xabc", "amount": "1.50" },
        },
    })
}

/// The parameters of a payment order.
pub(crate) fn order(merchant_id: &Value) -> Value {
    json!({
        "merchant_id": merchant_id,
        "psp_order_code": "cart-7",
        "pricing_currency": "USD",
        "pricing_amount": "100.00",
        "fee_amount": "0",
        "payable_currency": "ETH_USDT",
    })
}

/// Sends a transfer, and returns the transaction's id.
pub(crate) async fn sent(sandbox: &Sandbox, wallet_id: &str, request_id: &str) -> String {
    let created = post(sandbox, TRANSFER, &transfer(wallet_id, request_id)).await;
    assert_eq!(created["status"], "Submitted");
    created["transaction_id"].as_str().unwrap().to_owned()
}

pub(crate) async fn transaction(sandbox: &Sandbox, id: &str) -> Value {
    get(sandbox, &format!("/v2/transactions/{id}")).await
}

/// Asserts that the document allows an object of this schema.
pub(crate) fn assert_valid(schema: &str, object: &Value) {
    let schema = json!({ "$ref": format!("#/components/schemas/{schema}") });
    let problems = Specification::waas2().problems(&schema, object);
    assert!(problems.is_empty(), "{problems:?}: {object}");
}
