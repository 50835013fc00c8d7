//! Transfers that wait for a callback, and messages that are sent again.

use super::*;

#[tokio::test]
async fn transfer_waits_for_the_callback_of_its_key() {
    let sandbox = sandbox().await;
    let wallet_id = wallet(&sandbox).await;
    // The first answer is not a decision, the second approves.
    let app = App::start(|number| ["yes", "ok"][number].into_response()).await;
    let demo = AppKey::from_hex(DEMO_APP_KEY).unwrap();
    sandbox.set_callback(&demo, &app.url).unwrap();

    let id = sent(&sandbox, &wallet_id, "r-1").await;
    let asked = sandbox.deliveries()[0].clone();
    asked.attempted(1).await;
    sandbox.advance_to_end();
    assert_eq!(status(&sandbox, &id).await, "PendingAuthorization");
    assert_eq!(sandbox.finish(&asked).await, DeliveryStatus::Success);
    assert_eq!(status(&sandbox, &id).await, "Submitted");
    sandbox.advance(Duration::from_secs(5));
    assert_eq!(status(&sandbox, &id).await, "PendingSignature");
    sandbox.advance_to_end();
    assert_eq!(status(&sandbox, &id).await, "Completed");
    let body = &app.bodies()[1];
    assert_eq!(body["transaction_id"], id.as_str());
    assert_eq!(body["request_id"], "r-1");
    assert_valid("Transaction", body);

    // A message is signed without asking, and so is everything after the callback was removed.
    sandbox.remove_callback(&demo);
    let id = sent(&sandbox, &wallet_id, "r-2").await;
    assert_eq!(status(&sandbox, &id).await, "Submitted");
    assert_eq!(app.bodies().len(), 2);
}

#[tokio::test]
async fn denied_transfer_is_rejected() {
    let sandbox = sandbox().await;
    let wallet_id = wallet(&sandbox).await;
    let app = App::answering(StatusCode::OK, "deny").await;
    let demo = AppKey::from_hex(DEMO_APP_KEY).unwrap();
    sandbox.set_callback(&demo, &app.url).unwrap();
    let id = sent(&sandbox, &wallet_id, "r-1").await;
    let asked = sandbox.deliveries()[0].clone();
    assert_eq!(asked.ended().await, DeliveryStatus::Success);
    assert_eq!(status(&sandbox, &id).await, "Rejected");
    sandbox.advance_to_end();
    assert_eq!(status(&sandbox, &id).await, "Rejected");
}

#[tokio::test]
async fn transfer_by_a_key_without_a_callback_does_not_wait() {
    let sandbox = sandbox().await;
    let wallet_id = wallet(&sandbox).await;
    let other = hex::encode(key(&"07".repeat(32)).verifying_key().as_bytes());
    let other = AppKey::from_hex(&other).unwrap();
    sandbox.set_callback(&other, "http://127.0.0.1:1/").unwrap();
    let id = sent(&sandbox, &wallet_id, "r-1").await;
    assert_eq!(status(&sandbox, &id).await, "Submitted");
    assert!(sandbox.deliveries().is_empty());
}

#[tokio::test]
async fn canceled_transfer_is_not_revived_by_its_callback() {
    let sandbox = sandbox().await;
    let wallet_id = wallet(&sandbox).await;
    let app = App::start(|number| ["later", "ok"][number].into_response()).await;
    let demo = AppKey::from_hex(DEMO_APP_KEY).unwrap();
    sandbox.set_callback(&demo, &app.url).unwrap();
    let id = sent(&sandbox, &wallet_id, "r-1").await;
    let asked = sandbox.deliveries()[0].clone();
    asked.attempted(1).await;
    let cancel = format!("/v2/transactions/{id}/cancel");
    post_nothing(&cancel).send(&sandbox).await.assert_ok(201);
    assert_eq!(sandbox.finish(&asked).await, DeliveryStatus::Success);
    assert_eq!(status(&sandbox, &id).await, "Failed");
}

#[tokio::test]
async fn failed_messages_are_sent_again_on_request() {
    let sandbox = sandbox().await;
    let app = App::start(|number| match number {
        0..10 => StatusCode::BAD_GATEWAY.into_response(),
        _ => StatusCode::OK.into_response(),
    })
    .await;
    let endpoint = register(&sandbox, &app.url, &["wallets.updated"]).await;
    let endpoint_id = endpoint["endpoint_id"].as_str().unwrap();
    let delivery = sandbox.deliver(event(&app.url));
    assert_eq!(sandbox.finish(&delivery).await, DeliveryStatus::Failed);
    let target = |id: &str| format!("{ENDPOINTS}/{endpoint_id}/events/{id}/retry");
    let call = post_nothing;

    let answer = call(&target(delivery.id())).send(&sandbox).await;
    assert_eq!(answer.assert_ok(201).json(), json!({ "retried": true }));
    let again = sandbox.deliveries()[1].clone();
    assert_eq!(again.ended().await, DeliveryStatus::Success);
    let bodies = app.bodies();
    assert_eq!(bodies.len(), 11);
    assert_eq!(bodies[10]["event_id"], bodies[0]["event_id"]);
    assert_eq!(bodies[10]["created_timestamp"], NOW_MS);

    let answer = call(&target(delivery.id())).send(&sandbox).await;
    answer.assert_api_error(400, 2006);
    let of_another = format!("{ENDPOINTS}/{UNKNOWN}/events/{}/retry", delivery.id());
    for target in [target(UNKNOWN), of_another] {
        let answer = call(&target).send(&sandbox).await;
        answer.assert_api_error(404, 2028);
    }

    // A callback whose attempts have failed, and a transfer that goes on when it is sent again.
    let wallet_id = wallet(&sandbox).await;
    let app = App::start(|number| ["later", "ok"][usize::from(number >= 30)].into_response()).await;
    let demo = AppKey::from_hex(DEMO_APP_KEY).unwrap();
    sandbox.set_callback(&demo, &app.url).unwrap();
    let id = sent(&sandbox, &wallet_id, "r-1").await;
    let asked = sandbox.deliveries()[2].clone();
    assert_eq!(sandbox.finish(&asked).await, DeliveryStatus::Failed);
    assert_eq!(status(&sandbox, &id).await, "PendingAuthorization");
    let target = format!("/v2/developers/callback_messages/{}/retry", asked.id());
    call(&target).send(&sandbox).await.assert_ok(201);
    let again = sandbox.deliveries()[3].clone();
    assert_eq!(again.ended().await, DeliveryStatus::Success);
    assert_eq!(status(&sandbox, &id).await, "Submitted");
}
