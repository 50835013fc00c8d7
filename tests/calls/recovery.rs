//! An app that was away finds the events that it missed, and lets Cobo send them again.

use cobo_sandbox::{AppKey, DEMO_APP_KEY, DEMO_ORG_ID, DeliveryStatus, Sandbox};
use cobo_tests::canned::{self, Canned};
use cobo_tests::client;
use cobo_waas2::Waas2Client;
use cobo_waas2::models::{self, WebhookEventData, WebhookEventStatus, WebhookEventType};

#[tokio::test]
async fn event_that_was_missed_is_found_and_sent_again() {
    let key = AppKey::from_hex(DEMO_APP_KEY).unwrap();
    let sandbox = Sandbox::waas2().org_key(key, DEMO_ORG_ID);
    let sandbox = sandbox.start().await.unwrap();
    let client = Waas2Client::new(client::auth(&sandbox));
    let mut answers = vec![canned::plain("502 Bad Gateway", "", "away"); 10];
    answers.push(canned::plain("200 OK", "", ""));
    let app = Canned::start(answers).await;

    let endpoint = models::CreateWebhookEndpointRequest::builder()
        .url(app.base_url())
        .subscribed_events(vec![WebhookEventType::WalletsCreated]);
    let endpoint = client
        .create_webhook_endpoint()
        .create_webhook_endpoint_request(endpoint);
    let endpoint = endpoint.send().await.unwrap().into_inner();
    let endpoint_id = endpoint.endpoint_id.unwrap();
    let wallet = models::CreateCustodialWalletParams::builder()
        .name("Treasury")
        .wallet_subtype(models::WalletSubtype::Asset);
    let wallet = client.create_wallet().create_wallet_params(wallet);
    wallet.send().await.unwrap();
    let missed = sandbox.deliveries().remove(0);
    assert_eq!(sandbox.finish(&missed).await, DeliveryStatus::Failed);

    let failed = client
        .list_webhook_events()
        .endpoint_id(&endpoint_id)
        .status(WebhookEventStatus::Failed);
    let failed = failed.send().await.unwrap().into_inner();
    let [event] = failed.data.as_deref().unwrap() else {
        panic!("{failed:?}");
    };
    assert!(matches!(event.data, WebhookEventData::WalletInfo(_)));
    let event_id = event.event_id.clone().unwrap();
    let retry = client
        .retry_webhook_event_by_id()
        .endpoint_id(&endpoint_id)
        .event_id(&event_id);
    retry.send().await.unwrap();
    let again = sandbox.deliveries().remove(1);
    assert_eq!(again.ended().await, DeliveryStatus::Success);

    let found = client
        .get_webhook_event_by_id()
        .endpoint_id(&endpoint_id)
        .event_id(&event_id);
    let found = found.send().await.unwrap().into_inner();
    assert_eq!(found.status, Some(WebhookEventStatus::Success));
    let logs = client
        .list_webhook_event_logs()
        .endpoint_id(&endpoint_id)
        .event_id(&event_id)
        .limit(50);
    let logs = logs.send().await.unwrap().into_inner().data.unwrap();
    let successes: Vec<bool> = logs.iter().map(|log| log.success).collect();
    assert_eq!(successes, [vec![false; 10], vec![true]].concat());
    assert_eq!(logs[0].response_body.as_deref(), Some("away"));
}
