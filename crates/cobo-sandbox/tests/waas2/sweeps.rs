//! Auto-sweep tasks collect the balances of a wallet at its sweep-to address.

use std::time::Duration;

use cobo_sandbox::{End, Sandbox};
use serde_json::{Value, json};

use super::setup::{
    TRANSFER, UNKNOWN, assert_valid, get, post, post_nothing, sandbox, transaction, transfer,
    wallet,
};
use super::support::Call;

const TASKS: &str = "/v2/auto_sweep/tasks";
const ADDRESSES: &str = "/v2/auto_sweep/sweep_to_addresses";
const TOKEN: &str = "ETH_USDT";

async fn web3_wallet(sandbox: &Sandbox) -> String {
    let body = json!({ "name": "Users", "wallet_type": "Custodial", "wallet_subtype": "Web3" });
    let wallet = post(sandbox, "/v2/wallets", &body).await;
    wallet["wallet_id"].as_str().unwrap().to_owned()
}

async fn mpc_wallet(sandbox: &Sandbox) -> String {
    let vault = json!({ "name": "Vault", "vault_type": "Org-Controlled" });
    let vault = post(sandbox, "/v2/wallets/mpc/vaults", &vault).await;
    let body = json!({
        "name": "Users",
        "wallet_type": "MPC",
        "wallet_subtype": "Org-Controlled",
        "vault_id": vault["vault_id"],
    });
    let wallet = post(sandbox, "/v2/wallets", &body).await;
    wallet["wallet_id"].as_str().unwrap().to_owned()
}

async fn addresses(sandbox: &Sandbox, wallet_id: &str, count: usize) -> Vec<String> {
    let body = json!({ "chain_id": "ETH", "count": count });
    let target = format!("/v2/wallets/{wallet_id}/addresses");
    let made = post(sandbox, &target, &body).await;
    let made = made.as_array().unwrap().iter();
    made.map(|it| it["address"].as_str().unwrap().to_owned())
        .collect()
}

fn sweep(wallet_id: &str) -> Value {
    json!({ "wallet_id": wallet_id, "token_id": TOKEN })
}

fn by_id(task: &Value) -> String {
    format!("{TASKS}/{}", task["task_id"].as_str().unwrap())
}

#[tokio::test]
async fn auto_sweep_task_sends_each_balance_to_the_sweep_to_address() {
    let sandbox = sandbox().await;
    let wallet_id = web3_wallet(&sandbox).await;
    let funded = addresses(&sandbox, &wallet_id, 3).await;
    sandbox.deposit(&funded[0], TOKEN, "1.5").unwrap();
    sandbox.deposit(&funded[2], TOKEN, "2").unwrap();
    sandbox.deposit(&funded[1], "BTC", "7").unwrap();
    sandbox.advance_to_end();
    let body = json!({ "wallet_id": wallet_id, "chain_id": "ETH" });
    let to = post(&sandbox, ADDRESSES, &body).await;
    assert_valid("SweepToAddress", &to);

    let created = post(&sandbox, TASKS, &sweep(&wallet_id)).await;
    assert_valid("AutoSweepTask", &created);
    assert_eq!(created["status"], "Submitted");
    assert_eq!(created["transaction_ids"], json!([]));
    assert_eq!(get(&sandbox, &by_id(&created)).await, created);
    sandbox.advance(Duration::from_secs(5));

    let task = get(&sandbox, &by_id(&created)).await;
    assert_valid("AutoSweepTask", &task);
    assert_eq!(task["status"], "TransactionCreated");
    let mut sent = Vec::new();
    for id in task["transaction_ids"].as_array().unwrap() {
        let made = transaction(&sandbox, id.as_str().unwrap()).await;
        assert_valid("TransactionDetail", &made);
        assert_eq!(made["status"], "Submitted");
        assert_eq!(made["type"], "Withdrawal");
        assert_eq!(made["cobo_category"], json!(["AutoSweep"]));
        let output = &made["destination"]["account_output"];
        assert_eq!(output["address"], to["address"]);
        let from = made["source"]["address"].as_str().unwrap();
        sent.push((from.to_owned(), output["amount"].clone()));
    }
    sent.sort_by_key(|(_, amount)| amount.to_string());
    let expected = [
        (funded[0].clone(), json!("1.5")),
        (funded[2].clone(), json!("2")),
    ];
    assert_eq!(sent, expected);

    let listed = get(&sandbox, &format!("{TASKS}?wallet_id={wallet_id}")).await;
    assert_eq!(listed["data"], json!([task]));
    let others = get(&sandbox, &format!("{TASKS}?wallet_id={UNKNOWN}")).await;
    assert_eq!(others["data"], json!([]));
    sandbox.advance_to_end();
    let balances = get(&sandbox, &format!("/v2/wallets/{wallet_id}/tokens/{TOKEN}")).await;
    let holders = balances["data"].as_array().unwrap().iter();
    let holders = holders.filter(|it| it["balance"]["total"] != "0");
    let holders: Vec<_> = holders
        .map(|it| (&it["address"], &it["balance"]["total"]))
        .collect();
    assert_eq!(holders, [(&to["address"], &json!("3.5"))]);

    // What is at the sweep-to address is not swept again.
    sandbox
        .deposit(to["address"].as_str().unwrap(), TOKEN, "4")
        .unwrap();
    sandbox.advance_to_end();
    let again = post(&sandbox, TASKS, &sweep(&wallet_id)).await;
    sandbox.advance_to_end();
    let again = get(&sandbox, &by_id(&again)).await;
    assert_eq!(again["failed_reasons"], json!(["no balance to sweep"]));
    let cancel = post_nothing(&format!("{}/cancel", by_id(&again)));
    cancel.send(&sandbox).await.assert_api_error(400, 2006);
}

#[tokio::test]
async fn mpc_wallet_is_swept_and_an_asset_wallet_is_refused() {
    let sandbox = sandbox().await;
    let mpc = mpc_wallet(&sandbox).await;
    let funded = addresses(&sandbox, &mpc, 1).await;
    sandbox.deposit(&funded[0], TOKEN, "1").unwrap();
    sandbox.advance_to_end();
    post(&sandbox, TASKS, &sweep(&mpc)).await;
    sandbox.advance(Duration::from_secs(5));
    let [task] = sandbox
        .created("create_auto_sweep_task")
        .try_into()
        .unwrap();
    let [id] = task["transaction_ids"].as_array().unwrap().as_slice() else {
        panic!("{task}");
    };
    let made = transaction(&sandbox, id.as_str().unwrap()).await;
    assert_eq!(made["source"]["source_type"], "Org-Controlled");
    assert_eq!(made["source"]["address"], funded[0].as_str());

    let asset = wallet(&sandbox).await;
    let address = json!({ "wallet_id": asset, "chain_id": "ETH" });
    for (target, body) in [(TASKS, sweep(&asset)), (ADDRESSES, address)] {
        let refused = Call::post(target, &body).send(&sandbox).await;
        refused.assert_api_error(400, 2006);
    }
    assert_eq!(get(&sandbox, &by_id(&task)).await, task);
}

#[tokio::test]
async fn handle_sees_a_task_together_with_its_transactions_and_advances_to_their_end() {
    let sandbox = sandbox().await;
    let wallet_id = web3_wallet(&sandbox).await;
    let created = || {
        let created = sandbox.created("create_auto_sweep_task");
        let [task]: [Value; 1] = created.try_into().unwrap();
        task
    };
    let funded = addresses(&sandbox, &wallet_id, 1).await;
    sandbox.deposit(&funded[0], TOKEN, "1").unwrap();
    sandbox.advance_to_end();
    post(&sandbox, TASKS, &sweep(&wallet_id)).await;
    // Not through the handle, so nothing but the next method sees that the task is due.
    sandbox.clock().advance(Duration::from_secs(5));
    assert_eq!(created()["transaction_ids"].as_array().unwrap().len(), 1);
    sandbox.advance_to_end();
    let id = created()["transaction_ids"][0].clone();
    let made = transaction(&sandbox, id.as_str().unwrap()).await;
    assert_eq!(made["status"], "Completed");
}

#[tokio::test]
async fn sandbox_advances_to_the_end_of_transactions_that_are_made_on_the_way() {
    let sandbox = sandbox().await;
    let wallet_id = web3_wallet(&sandbox).await;
    let funded = addresses(&sandbox, &wallet_id, 1).await;
    sandbox.deposit(&funded[0], TOKEN, "1").unwrap();
    sandbox.advance_to_end();
    let task = post(&sandbox, TASKS, &sweep(&wallet_id)).await;
    sandbox.advance_to_end();
    let task = get(&sandbox, &by_id(&task)).await;
    let id = task["transaction_ids"][0].as_str().unwrap();
    assert_eq!(transaction(&sandbox, id).await["status"], "Completed");
}

#[tokio::test]
async fn sweep_to_address_is_made_only_for_a_balance_and_is_not_created_by_a_call() {
    let sandbox = sandbox().await;
    let wallet_id = web3_wallet(&sandbox).await;
    let funded = addresses(&sandbox, &wallet_id, 1).await;
    let listed = async || {
        let listed = get(&sandbox, &format!("{ADDRESSES}?wallet_id={wallet_id}")).await;
        listed["data"].as_array().unwrap().len()
    };
    // One that is paid out again: a source without a balance.
    sandbox.deposit(&funded[0], TOKEN, "1").unwrap();
    sandbox.advance_to_end();
    let mut out = transfer(&wallet_id, "r-1");
    out["source"]["source_type"] = json!("Web3");
    out["source"]["address"] = json!(funded[0]);
    out["destination"]["account_output"]["amount"] = json!("1");
    post(&sandbox, TRANSFER, &out).await;
    sandbox.advance_to_end();
    post(&sandbox, TASKS, &sweep(&wallet_id)).await;
    sandbox.advance_to_end();
    assert_eq!(listed().await, 0);

    sandbox.deposit(&funded[0], TOKEN, "1").unwrap();
    sandbox.advance_to_end();
    post(&sandbox, TASKS, &sweep(&wallet_id)).await;
    sandbox.advance_to_end();
    assert_eq!(listed().await, 1);
    let by_calls = sandbox.created("create_wallet_sweep_to_addresses");
    assert_eq!(by_calls, [] as [Value; 0]);
}

#[tokio::test]
async fn auto_sweep_task_without_transactions_stays_submitted() {
    let sandbox = sandbox().await;
    let wallet_id = web3_wallet(&sandbox).await;
    let funded = addresses(&sandbox, &wallet_id, 1).await;
    sandbox.deposit(&funded[0], TOKEN, "1").unwrap();
    sandbox.advance_to_end();
    let fails = [End::fails("no coin for the fee")];
    sandbox.script_end("create_auto_sweep_task", fails).unwrap();
    let failed = post(&sandbox, TASKS, &sweep(&wallet_id)).await;
    let cancelled = post(&sandbox, TASKS, &sweep(&wallet_id)).await;
    let cancel = post_nothing(&format!("{}/cancel", by_id(&cancelled)));
    cancel.send(&sandbox).await.assert_ok(200);
    sandbox.advance_to_end();
    for (task, reasons) in [
        (failed, json!(["no coin for the fee"])),
        (cancelled, json!([])),
    ] {
        let task = get(&sandbox, &by_id(&task)).await;
        assert_valid("AutoSweepTask", &task);
        assert_eq!(task["status"], "Submitted");
        assert_eq!(task["transaction_ids"], json!([]));
        assert_eq!(task["failed_reasons"], reasons);
        let again = post_nothing(&format!("{}/cancel", by_id(&task)));
        again.send(&sandbox).await.assert_api_error(400, 2006);
    }

    let done = post(&sandbox, TASKS, &sweep(&wallet_id)).await;
    sandbox.advance_to_end();
    let cancel = post_nothing(&format!("{}/cancel", by_id(&done)));
    cancel.send(&sandbox).await.assert_api_error(400, 2006);
    let unknown = Call::post(TASKS, &sweep(UNKNOWN)).send(&sandbox).await;
    unknown.assert_api_error(404, 2028);
}

#[tokio::test]
async fn new_sweep_to_address_makes_the_earlier_one_of_its_chain_invalid() {
    let sandbox = sandbox().await;
    let wallet_id = web3_wallet(&sandbox).await;
    let body = |chain_id: &str| json!({ "wallet_id": wallet_id, "chain_id": chain_id });
    for chain_id in ["ETH", "BTC", "ETH"] {
        let made = post(&sandbox, ADDRESSES, &body(chain_id)).await;
        assert_eq!(made["status"], "Valid");
    }
    let listed = get(&sandbox, &format!("{ADDRESSES}?wallet_id={wallet_id}")).await;
    let listed = listed["data"].as_array().unwrap().iter();
    let listed: Vec<_> = listed
        .map(|it| {
            (
                it["chain_id"].as_str().unwrap(),
                it["status"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [("ETH", "Invalid"), ("BTC", "Valid"), ("ETH", "Valid")];
    assert_eq!(listed, expected);
}
