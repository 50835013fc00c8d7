//! Balances that deposits and transfers change.

use std::time::Duration;

use cobo_sandbox::{DepositError, End, Sandbox};
use serde_json::{Value, json};

use super::setup::{TRANSFER, assert_valid, get, post, post_nothing, sandbox, transfer, wallet};
use super::support::Call;

const TOKEN: &str = "ETH_USDT";

pub(super) async fn address(sandbox: &Sandbox, wallet_id: &str) -> String {
    let body = json!({ "chain_id": "ETH", "count": 1 });
    let target = format!("/v2/wallets/{wallet_id}/addresses");
    let created = post(sandbox, &target, &body).await;
    created[0]["address"].as_str().unwrap().to_owned()
}

/// Total and available balance of each token or address.
async fn balances(sandbox: &Sandbox, target: &str, key: &str) -> Vec<(String, String, String)> {
    let list = get(sandbox, target).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let items = list["data"].as_array().unwrap().iter();
    items
        .map(|item| {
            let balance = &item["balance"];
            assert_valid("Balance", balance);
            (
                text(&item[key]),
                text(&balance["total"]),
                text(&balance["available"]),
            )
        })
        .collect()
}

fn owned(key: &str, total: &str, available: &str) -> Vec<(String, String, String)> {
    vec![(key.to_owned(), total.to_owned(), available.to_owned())]
}

#[tokio::test]
async fn deposits_and_transfers_change_the_balance_of_their_wallets() {
    let sandbox = sandbox().await;
    let (from, to) = (wallet(&sandbox).await, wallet(&sandbox).await);
    let tokens = |wallet_id: &str| format!("/v2/wallets/{wallet_id}/tokens");
    let funding = address(&sandbox, &from).await;
    let receiving = address(&sandbox, &to).await;
    assert_eq!(balances(&sandbox, &tokens(&from), "token_id").await, []);

    let id = sandbox
        .deposit(&funding, TOKEN, "10.000000000000000001")
        .unwrap();
    let deposit = get(&sandbox, &format!("/v2/transactions/{id}")).await;
    assert_valid("TransactionDetail", &deposit);
    assert_eq!(deposit["type"], "Deposit");
    assert_eq!(deposit["status"], "Confirming");
    assert_eq!(deposit["wallet_id"], from.as_str());
    assert_eq!(deposit["destination"]["address"], funding.as_str());
    assert_eq!(deposit["chain_id"], "ETH");
    // It counts when it is completed.
    assert_eq!(balances(&sandbox, &tokens(&from), "token_id").await, []);
    sandbox.advance_to_end();
    let all = "10.000000000000000001";
    let found = balances(&sandbox, &tokens(&from), "token_id").await;
    assert_eq!(found, owned(TOKEN, all, all));

    let mut body = transfer(&from, "order-1");
    body["destination"]["account_output"]["address"] = json!(receiving);
    post(&sandbox, TRANSFER, &body).await;
    let found = balances(&sandbox, &tokens(&from), "token_id").await;
    assert_eq!(found, owned(TOKEN, all, "8.500000000000000001"));
    assert_eq!(balances(&sandbox, &tokens(&to), "token_id").await, []);
    sandbox.advance_to_end();
    let rest = "8.500000000000000001";
    let found = balances(&sandbox, &tokens(&from), "token_id").await;
    assert_eq!(found, owned(TOKEN, rest, rest));
    let found = balances(&sandbox, &tokens(&to), "token_id").await;
    assert_eq!(found, owned(TOKEN, "1.5", "1.5"));
    let target = format!("/v2/wallets/{to}/addresses/{receiving}/tokens?token_ids={TOKEN}");
    let found = balances(&sandbox, &target, "token_id").await;
    assert_eq!(found, owned(TOKEN, "1.5", "1.5"));
    let target = format!("/v2/wallets/{to}/tokens/{TOKEN}");
    let found = balances(&sandbox, &target, "address").await;
    assert_eq!(found, owned(&receiving, "1.5", "1.5"));
    let other = format!("/v2/wallets/{to}/tokens?token_ids=BTC");
    assert_eq!(balances(&sandbox, &other, "token_id").await, []);
}

#[tokio::test]
async fn failed_transfer_gives_its_amount_back_and_a_missing_deposit_shows_as_negative() {
    let sandbox = sandbox().await;
    let wallet_id = wallet(&sandbox).await;
    let tokens = format!("/v2/wallets/{wallet_id}/tokens");
    sandbox
        .script_end("create_transfer_transaction", [End::fails("no signer")])
        .unwrap();
    post(&sandbox, TRANSFER, &transfer(&wallet_id, "order-1")).await;
    let found = balances(&sandbox, &tokens, "token_id").await;
    assert_eq!(found, owned(TOKEN, "0", "-1.5"));
    sandbox.advance_to_end();
    assert_eq!(balances(&sandbox, &tokens, "token_id").await, []);

    post(&sandbox, TRANSFER, &transfer(&wallet_id, "order-2")).await;
    sandbox.advance(Duration::from_secs(60));
    let found = balances(&sandbox, &tokens, "token_id").await;
    assert_eq!(found, owned(TOKEN, "-1.5", "-1.5"));
}

#[tokio::test]
async fn balances_of_an_unknown_wallet_and_invalid_deposits_are_refused() {
    let sandbox = sandbox().await;
    let target = "/v2/wallets/f47ac10b-58cc-4372-a567-0e02b2c3d479/tokens";
    let answer = Call::get(target).send(&sandbox).await;
    answer.assert_api_error(404, 2028);

    let wallet_id = wallet(&sandbox).await;
    let known = address(&sandbox, &wallet_id).await;
    let error = sandbox.deposit("0xabc", TOKEN, "1").unwrap_err();
    assert_eq!(error, DepositError::UnknownAddress("0xabc".to_owned()));
    for amount in ["", "0", "0.00", "-1", "1e3", "a lot"] {
        let error = sandbox.deposit(&known, TOKEN, amount).unwrap_err();
        assert_eq!(error, DepositError::InvalidAmount(amount.to_owned()));
    }
    let plain = Sandbox::start().await.unwrap();
    let error = plain.deposit(&known, TOKEN, "1").unwrap_err();
    assert_eq!(error.to_string(), "this sandbox keeps no state");
}

#[tokio::test]
async fn only_exchange_wallets_can_be_deleted() {
    let sandbox = sandbox().await;
    let delete = |wallet_id: &str| {
        let target = format!("/v2/wallets/{wallet_id}/delete");
        post_nothing(&target)
    };
    let custodial = wallet(&sandbox).await;
    let answer = delete(&custodial).send(&sandbox).await;
    answer.assert_api_error(400, 2006);

    let exchange = json!({
        "name": "Exchange",
        "wallet_type": "Exchange",
        "wallet_subtype": "Main",
        "exchange_id": "binance",
        "apikey": "key",
        "secret": "secret",
    });
    let created = post(&sandbox, "/v2/wallets", &exchange).await;
    let id = created["wallet_id"].as_str().unwrap();
    let answer = delete(id).send(&sandbox).await.assert_ok(201).json();
    assert_eq!(answer, json!({ "submitted": true }));
    let listed = get(&sandbox, "/v2/wallets").await;
    assert_eq!(listed["pagination"]["total_count"], 1);
    assert_eq!(listed["data"][0]["wallet_id"], custodial.as_str());
    delete(id).send(&sandbox).await.assert_api_error(404, 2028);
}
