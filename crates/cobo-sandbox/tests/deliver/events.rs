//! Events that the state of the sandbox causes.

use super::*;

#[tokio::test]
async fn state_changes_become_events_for_registered_endpoints() {
    let sandbox = sandbox().await;
    let app = App::answering(StatusCode::OK, "").await;
    // Older than the endpoint: no event.
    wallet(&sandbox).await;
    let all = [
        "wallets.created",
        "wallets.addresses.created",
        "wallets.transaction.created",
        "wallets.transaction.updated",
        "wallets.transaction.succeeded",
        "wallets.transaction.failed",
    ];
    let endpoint = register(&sandbox, &app.url, &all).await;
    assert_eq!(endpoint["status"], "STATUS_ACTIVE");
    assert!(sandbox.deliveries().is_empty());

    let wallet_id = wallet(&sandbox).await;
    let addresses = json!({ "chain_id": "ETH", "count": 2 });
    let target = format!("/v2/wallets/{wallet_id}/addresses");
    let addresses = post(&sandbox, &target, &addresses).await;
    let id = sent(&sandbox, &wallet_id, "r-1").await;
    sandbox
        .script_end("create_transfer_transaction", [End::fails("no gas")])
        .unwrap();
    sandbox.advance_to_end();

    let events = delivered(&sandbox).await;
    let shown: Vec<(&str, u64, &str)> = events
        .iter()
        .map(|(event_type, body)| {
            let at_ms = body["created_timestamp"].as_u64().unwrap() - NOW_MS;
            let status = body["data"]["status"].as_str().unwrap_or_default();
            (event_type.as_str(), at_ms, status)
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("wallets.created", 0, ""),
            ("wallets.addresses.created", 0, ""),
            ("wallets.transaction.created", 0, "Submitted"),
            ("wallets.transaction.updated", 0, "Submitted"),
            ("wallets.transaction.updated", 5_000, "PendingSignature"),
            ("wallets.transaction.updated", 10_000, "Broadcasting"),
            ("wallets.transaction.updated", 15_000, "Confirming"),
            ("wallets.transaction.succeeded", 60_000, "Completed"),
            ("wallets.transaction.updated", 60_000, "Completed"),
        ]
    );
    assert_eq!(
        events[0].1["data"]["wallet"]["wallet_id"],
        wallet_id.as_str()
    );
    let created = events[1].1["data"]["addresses"].as_array().unwrap();
    assert_eq!(created.len(), 2);
    for (event, answer) in created.iter().zip(addresses.as_array().unwrap()) {
        assert_eq!(event["address"], answer["address"]);
        assert_eq!(event["wallet_id"], wallet_id.as_str());
    }
    assert_eq!(events[7].1["data"]["transaction_id"], id.as_str());

    // The next one fails.
    sent(&sandbox, &wallet_id, "r-2").await;
    sandbox.advance_to_end();
    let events = delivered(&sandbox).await;
    let failed = &events[events.len() - 2];
    assert_eq!(failed.0, "wallets.transaction.failed");
    assert_eq!(failed.1["data"]["failed_reason"], "no gas");
}

#[tokio::test]
async fn time_that_passes_alone_publishes_events_too() {
    let sandbox = sandbox().await;
    let app = App::answering(StatusCode::OK, "").await;
    register(&sandbox, &app.url, &["wallets.transaction.succeeded"]).await;
    let wallet_id = wallet(&sandbox).await;
    sent(&sandbox, &wallet_id, "r-1").await;
    // Not through the handle, so only the clock tells.
    sandbox.clock().advance(MINUTE);
    let events = loop {
        let events = delivered(&sandbox).await;
        if !events.is_empty() {
            break events;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(events[0].1["data"]["status"], "Completed");
}

#[tokio::test]
async fn transaction_of_an_auto_sweep_has_an_event_for_each_of_its_states() {
    let sandbox = sandbox().await;
    let app = App::answering(StatusCode::OK, "").await;
    let wallet = json!({ "name": "Users", "wallet_type": "Custodial", "wallet_subtype": "Web3" });
    let wallet = post(&sandbox, "/v2/wallets", &wallet).await;
    let wallet_id = wallet["wallet_id"].as_str().unwrap();
    let target = format!("/v2/wallets/{wallet_id}/addresses");
    let body = json!({ "chain_id": "ETH", "count": 1 });
    let funded = post(&sandbox, &target, &body).await;
    let funded = funded[0]["address"].as_str().unwrap();
    sandbox.deposit(funded, "ETH", "1").unwrap();
    sandbox.advance_to_end();
    register(&sandbox, &app.url, &["wallets.transaction.updated"]).await;

    let start_ms = sandbox.now_ms();
    let task = json!({ "wallet_id": wallet_id, "token_id": "ETH" });
    post(&sandbox, "/v2/auto_sweep/tasks", &task).await;
    // One step of the clock, over several states.
    sandbox.advance(Duration::from_secs(12));
    let events = delivered(&sandbox).await;
    let shown: Vec<(u64, &str)> = events
        .iter()
        .map(|(_, body)| {
            let at_ms = body["created_timestamp"].as_u64().unwrap() - start_ms;
            (at_ms, body["data"]["status"].as_str().unwrap())
        })
        .collect();
    assert_eq!(shown, [(5_000, "Submitted"), (10_000, "PendingSignature")]);
}

#[tokio::test]
async fn only_active_endpoints_of_the_organization_get_the_subscribed_events() {
    let sandbox = sandbox().await;
    let app = App::answering(StatusCode::OK, "").await;
    register(&sandbox, &app.url, &["wallets.updated"]).await;
    let endpoint = register(&sandbox, &app.url, &["wallets.created"]).await;
    wallet(&sandbox).await;
    assert_eq!(delivered(&sandbox).await.len(), 1);

    let other = key(&"07".repeat(32));
    let public = hex::encode(other.verifying_key().as_bytes());
    sandbox.add_org_key(AppKey::from_hex(&public).unwrap(), "another");
    let call = Call::unsigned(http::Method::POST, "/v2/wallets", custodial().to_string());
    call.sign(&other).send(&sandbox).await.assert_ok(201);
    assert_eq!(delivered(&sandbox).await.len(), 1);

    let target = format!("{ENDPOINTS}?event_type=wallets.created");
    let listed = get(&sandbox, &target).await;
    assert_eq!(listed["data"], json!([endpoint]));
    let target = format!("{ENDPOINTS}/{}", endpoint["endpoint_id"].as_str().unwrap());
    put(&sandbox, &target, &json!({ "status": "STATUS_INACTIVE" })).await;
    wallet(&sandbox).await;
    assert_eq!(delivered(&sandbox).await.len(), 1);
}

#[tokio::test]
async fn test_event_is_sent_to_all_endpoints_of_the_organization() {
    let sandbox = sandbox().await;
    let app = App::answering(StatusCode::OK, "").await;
    let trigger = "/v2/webhooks/events/trigger";
    register(&sandbox, &app.url, &["wallets.created"]).await;
    register(&sandbox, &app.url, &["wallets.updated"]).await;
    let body = json!({
        "event_type": "wallets.transaction.failed",
        "override_data": { "transaction_id": UNKNOWN },
    });
    assert_eq!(
        post(&sandbox, trigger, &body).await,
        json!({ "triggered": true })
    );
    let events = delivered(&sandbox).await;
    assert_eq!(events.len(), 2);
    assert_eq!(events[0].0, "wallets.transaction.failed");
    assert_eq!(
        events[0].1["data"]["transaction_id"],
        body["override_data"]["transaction_id"]
    );

    let body = json!({ "event_type": "wallets.mpc.tss_request.created" });
    post(&sandbox, trigger, &body).await;
    let events = delivered(&sandbox).await;
    assert_eq!(events[3].1["data"]["data_type"], "TSSRequest");

    let body = json!({ "event_type": "wallets.created" });
    let refused = Call::post(trigger, &body).send(&sandbox).await;
    refused.assert_api_error(400, 2006);
}

#[tokio::test]
async fn vault_order_and_refund_changes_become_events() {
    let sandbox = sandbox().await;
    let app = App::answering(StatusCode::OK, "").await;
    let all = [
        "mpc_vaults.created",
        "payment.order.status.updated",
        "payment.refund.status.updated",
    ];
    register(&sandbox, &app.url, &all).await;
    let project = json!({ "name": "Users", "participants": 3, "threshold": 2 });
    let project = post(&sandbox, "/v2/wallets/mpc/projects", &project).await;
    let vault = json!({
        "name": "Vault",
        "vault_type": "User-Controlled",
        "project_id": project["project_id"],
    });
    let vault = post(&sandbox, "/v2/wallets/mpc/vaults", &vault).await;
    let merchant = json!({ "name": "Shop" });
    let merchant = post(&sandbox, "/v2/payments/merchants", &merchant).await;
    let order = post(
        &sandbox,
        "/v2/payments/orders",
        &order(&merchant["merchant_id"]),
    )
    .await;
    sandbox.advance_to_end();
    let refund = json!({
        "request_id": "refund-7",
        "merchant_id": merchant["merchant_id"],
        "order_id": order["order_id"],
        "payable_amount": "40.00",
        "token_id": "ETH_USDT",
        "refund_type": "Merchant",
        "to_address": "0xabc",
    });
    post(&sandbox, "/v2/payments/refunds", &refund).await;

    let events = delivered(&sandbox).await;
    assert_eq!(events[0].1["data"]["vault_id"], vault["vault_id"]);
    let states: Vec<_> = events[1..]
        .iter()
        .map(|(_, body)| (&body["data"]["data_type"], &body["data"]["status"]))
        .map(|(kind, status)| (kind.as_str().unwrap(), status.as_str().unwrap()))
        .collect();
    assert_eq!(
        states,
        [
            ("PaymentOrder", "Pending"),
            ("PaymentOrder", "Processing"),
            ("PaymentOrder", "Completed"),
            ("PaymentRefund", "Pending"),
        ]
    );
}

#[tokio::test]
async fn tss_requests_payouts_and_payments_from_outside_have_events() {
    let sandbox = sandbox().await;
    let app = App::answering(StatusCode::OK, "").await;
    let all = [
        "wallets.mpc.tss_request.created",
        "wallets.mpc.tss_request.succeeded",
        "wallets.transaction.succeeded",
        "payment.payout.status.updated",
        "payment.settlement.status.updated",
        "payment.transaction.created",
        "payment.transaction.completed",
    ];
    register(&sandbox, &app.url, &all).await;
    let vault = json!({ "name": "Vault", "vault_type": "Org-Controlled" });
    let vault = post(&sandbox, "/v2/wallets/mpc/vaults", &vault).await;
    let target = format!(
        "/v2/wallets/mpc/vaults/{}/tss_requests",
        vault["vault_id"].as_str().unwrap()
    );
    let request = json!({ "type": "KeyGen", "target_key_share_holder_group_id": "group-1" });
    post(&sandbox, &target, &request).await;
    let payout = json!({
        "request_id": "payout-1",
        "source_account": "developer",
        "payout_channel": "Crypto",
        "payout_params": [{ "token_id": "ETH_USDT", "amount": "7.5" }],
        "recipient_info": { "address": "0xabc", "token_id": "ETH_USDT" },
    });
    post(&sandbox, "/v2/payments/payouts", &payout).await;
    let settlement = json!({
        "request_id": "settlement-1",
        "settlement_type": "Psp",
        "settlements": [{ "token_id": "ETH_USDT", "amount": "1", "crypto_address": "0xabc" }],
    });
    post(&sandbox, "/v2/payments/settlement_requests", &settlement).await;
    let target = "/v2/payments/topup/address?custom_payer_id=ann&token_id=ETH_USDT";
    let top_up = Call::get(target).send(&sandbox).await.assert_ok(200).json();
    let wallet_id = wallet(&sandbox).await;
    let target = format!("/v2/wallets/{wallet_id}/addresses");
    let own = post(&sandbox, &target, &json!({ "chain_id": "ETH", "count": 1 })).await;
    for address in [&top_up["address"], &own[0]["address"]] {
        let address = address.as_str().unwrap();
        sandbox.deposit(address, "ETH_USDT", "20").unwrap();
    }
    sandbox.advance_to_end();

    let mut types: Vec<String> = delivered(&sandbox)
        .await
        .into_iter()
        .map(|(event_type, body)| format!("{event_type} {}", body["data"]["status"]))
        .collect();
    types.sort();
    assert_eq!(
        types,
        [
            r#"payment.payout.status.updated "Completed""#,
            r#"payment.payout.status.updated "Pending""#,
            r#"payment.payout.status.updated "Preparing""#,
            r#"payment.payout.status.updated "Transferring""#,
            r#"payment.settlement.status.updated "Completed""#,
            r#"payment.settlement.status.updated "Pending""#,
            r#"payment.settlement.status.updated "Processing""#,
            r#"payment.transaction.completed "Completed""#,
            r#"payment.transaction.created "Confirming""#,
            r#"wallets.mpc.tss_request.created "PendingKeyHolderConfirmation""#,
            r#"wallets.mpc.tss_request.succeeded "Success""#,
            r#"wallets.transaction.succeeded "Completed""#,
        ]
    );
}
