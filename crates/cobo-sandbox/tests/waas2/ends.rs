//! Ends that are scripted to happen at once.

use cobo_sandbox::End;

use super::setup::{NOW_MS, TRANSFER, assert_valid, get, post, sandbox, transfer, wallet};

#[tokio::test]
async fn end_at_once_is_reached_without_a_move_of_the_clock() {
    let sandbox = sandbox().await;
    let wallet_id = wallet(&sandbox).await;
    let ends = [
        End::succeeds().at_once(),
        End::fails("no signer").at_once(),
        End::stays("Broadcasting").at_once(),
    ];
    sandbox
        .script_end("create_transfer_transaction", ends)
        .unwrap();
    for request_id in ["1", "2", "3", "4"] {
        let sent = post(&sandbox, TRANSFER, &transfer(&wallet_id, request_id)).await;
        assert_eq!(sent["status"], "Submitted");
    }
    let listed = get(&sandbox, "/v2/transactions").await;
    let transactions = listed["data"].as_array().unwrap();
    let states: Vec<_> = transactions.iter().map(|it| &it["status"]).collect();
    assert_eq!(states, ["Completed", "Failed", "Broadcasting", "Submitted"]);
    assert_eq!(transactions[1]["failed_reason"], "no signer");
    for transaction in transactions {
        assert_valid("Transaction", transaction);
        assert_eq!(transaction["updated_timestamp"], NOW_MS);
    }
    sandbox.advance_to_end();
    assert_eq!(sandbox.now_ms(), NOW_MS + 60_000, "the fourth ends then");
}
