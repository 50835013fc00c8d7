//! What the sandbox sends: webhook events and callbacks, signed, retried and recorded.
#![allow(clippy::unwrap_used)] // a panic fails the test

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse as _, Response};
use cobo_sandbox::{
    AppKey, Attempt, Clock, DEMO_APP_KEY, DEMO_ORG_ID, DeliveryStatus, End, Message, Sandbox,
    Specification, UrlError,
};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use support::{Answer, Call, demo_key, key};

const NOW_MS: u64 = 1_700_000_000_000;
const MINUTE: Duration = Duration::from_secs(60);
const ENDPOINTS: &str = "/v2/webhooks/endpoints";
/// An id that nothing has.
const UNKNOWN: &str = "f47ac10b-58cc-4372-a567-0e02b2c3d479";
const TRANSFER: &str = "/v2/transactions/transfer";

/// A server of an app on loopback.
struct App {
    url: String,
    received: Arc<Mutex<Vec<(HeaderMap, Vec<u8>)>>>,
}

impl App {
    /// Answers the nth request, from 0, with `answer(n)`.
    async fn start(answer: impl Fn(usize) -> Response + Clone + Send + Sync + 'static) -> Self {
        let received = Arc::new(Mutex::new(Vec::new()));
        let log = received.clone();
        let handler = async move |headers: HeaderMap, body: Bytes| {
            let number = {
                let mut log = log.lock().unwrap();
                log.push((headers, body.to_vec()));
                log.len() - 1
            };
            answer(number)
        };
        let router = axum::Router::new().fallback(handler);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook?from=cobo", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, received }
    }

    async fn answering(status: StatusCode, text: &'static str) -> Self {
        Self::start(move |_| (status, text).into_response()).await
    }

    fn bodies(&self) -> Vec<Value> {
        let received = self.received.lock().unwrap();
        let bodies = received.iter();
        bodies
            .map(|(_, body)| serde_json::from_slice(body).unwrap())
            .collect()
    }
}

async fn sandbox() -> Sandbox {
    let key = AppKey::from_hex(DEMO_APP_KEY).unwrap();
    let builder = Sandbox::waas2().org_key(key, DEMO_ORG_ID);
    let builder = builder.clock(Clock::fixed(NOW_MS));
    builder.start().await.unwrap()
}

fn event(url: &str) -> Message {
    let data = json!({ "data_type": "Chains", "chains": [] });
    Message::event(url, "wallet.chain.enabled", data)
}

/// Asserts that the sandbox signed these headers and this body, at this time.
fn assert_signed(sandbox: &Sandbox, headers: &HeaderMap, body: &[u8], at_ms: u64) {
    let answer = Answer {
        status: StatusCode::OK,
        headers: headers.clone(),
        body: body.to_vec(),
    };
    answer.assert_signed_by(&sandbox.response_public_key());
    assert_eq!(headers["biz-timestamp"], at_ms.to_string().as_str());
}

#[tokio::test]
async fn delivered_event_is_signed_and_its_answer_recorded() {
    let sandbox = sandbox().await;
    let app = App::answering(StatusCode::CREATED, "thanks").await;
    let delivery = sandbox.deliver(event(&app.url).id("event-1"));
    assert_eq!(delivery.ended().await, DeliveryStatus::Success);
    assert_eq!(delivery.id(), "event-1");
    assert_eq!(delivery.event_type(), Some("wallet.chain.enabled"));

    let (headers, body) = app.received.lock().unwrap()[0].clone();
    assert_signed(&sandbox, &headers, &body, NOW_MS);
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["content-length"], body.len().to_string().as_str());
    assert_eq!(
        app.bodies(),
        [json!({
            "event_id": "event-1",
            "url": app.url,
            "created_timestamp": NOW_MS,
            "type": "wallet.chain.enabled",
            "data": { "data_type": "Chains", "chains": [] },
            "status": "Retrying",
            "retries_left": 9,
            "next_retry_timestamp": NOW_MS + 60_000,
        })]
    );
    let [attempt] = &delivery.attempts()[..] else {
        panic!("one attempt succeeded");
    };
    assert_eq!(attempt.at_ms, NOW_MS);
    assert_eq!(attempt.status, Some(StatusCode::CREATED));
    assert_eq!((attempt.answer.as_str(), &attempt.error), ("thanks", &None));
    assert_eq!(attempt.body, body);
    assert_eq!(sandbox.deliveries()[0].id(), "event-1");
    assert_ne!(
        sandbox.deliver(event(&app.url)).id(),
        sandbox.deliver(event(&app.url)).id()
    );
}

#[tokio::test]
async fn failed_event_is_sent_again_when_the_clock_is_advanced() {
    let sandbox = sandbox().await;
    let app = App::start(|number| match number {
        0 => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        1 => (StatusCode::FOUND, [("location", "/elsewhere")]).into_response(),
        2 => StatusCode::NO_CONTENT.into_response(),
        _ => StatusCode::OK.into_response(),
    })
    .await;
    let delivery = sandbox.deliver(event(&app.url));
    assert_eq!(delivery.attempted(1).await.len(), 1);
    assert_eq!(delivery.next_attempt_ms(), Some(NOW_MS + 60_000));
    sandbox.advance(MINUTE - Duration::from_millis(1));
    assert_eq!(app.bodies().len(), 1);
    sandbox.clock().advance(Duration::from_millis(1));
    assert_eq!(delivery.attempted(2).await.len(), 2);
    assert_eq!(delivery.status(), DeliveryStatus::Retrying);
    assert_eq!(sandbox.finish(&delivery).await, DeliveryStatus::Success);

    let minutes = |attempt: &Attempt| (attempt.at_ms - NOW_MS) / 60_000;
    let attempts = delivery.attempts();
    let times: Vec<u64> = attempts.iter().map(minutes).collect();
    assert_eq!(times, [0, 1, 3, 7]);
    for attempt in &attempts {
        assert_signed(&sandbox, &attempt.headers, &attempt.body, attempt.at_ms);
    }
    let bodies = app.bodies();
    assert_eq!(bodies.len(), 4);
    for (left, body) in (6..=9).rev().zip(&bodies) {
        assert_eq!(body["retries_left"], left);
        assert_eq!(body["event_id"], delivery.id());
        assert_eq!(body["created_timestamp"], NOW_MS);
    }
    assert_eq!(delivery.next_attempt_ms(), None);
}

#[tokio::test]
async fn event_fails_after_ten_attempts_and_a_callback_after_thirty() {
    let sandbox = sandbox().await;
    // The commonest mistake: JSON in place of plain text.
    let app = App::answering(StatusCode::OK, r#"{"result":"ok"}"#).await;
    let asked = sandbox.deliver(Message::callback(
        &app.url,
        json!({ "transaction_id": "t" }),
    ));
    assert_eq!(sandbox.finish(&asked).await, DeliveryStatus::Failed);
    assert_eq!(asked.attempts().len(), 30);
    assert_eq!(asked.event_type(), None);
    assert_eq!(app.bodies()[29], json!({ "transaction_id": "t" }));

    let app = App::answering(StatusCode::BAD_REQUEST, "").await;
    let delivery = sandbox.deliver(event(&app.url));
    assert_eq!(sandbox.finish(&delivery).await, DeliveryStatus::Failed);
    let bodies = app.bodies();
    assert_eq!(bodies.len(), 10);
    assert_eq!(bodies[9]["retries_left"], 0);
    assert_eq!(bodies[9].get("next_retry_timestamp"), None);
    sandbox.advance(MINUTE * 10_000);
    assert_eq!(delivery.attempted(11).await.len(), 10);
}

#[tokio::test]
async fn callback_is_decided_by_exactly_ok_or_deny() {
    let sandbox = sandbox().await;
    for (status, text, accepted) in [
        (200, "ok", true),
        (201, "deny", true),
        (200, "OK", false),
        (200, "ok\n", false),
        (200, "", false),
        (202, "ok", false),
        (503, "deny", false),
    ] {
        let app = App::answering(StatusCode::from_u16(status).unwrap(), text).await;
        let asked = sandbox.deliver(Message::callback(&app.url, json!({})));
        asked.attempted(1).await;
        let succeeded = asked.status() == DeliveryStatus::Success;
        assert_eq!(succeeded, accepted, "{status} {text:?}");
    }
}

#[tokio::test]
async fn tampered_message_does_not_have_the_signature_of_its_body() {
    let sandbox = sandbox().await;
    let app = App::answering(StatusCode::OK, "").await;
    sandbox.deliver(event(&app.url).tampered()).ended().await;
    let (headers, mut body) = app.received.lock().unwrap()[0].clone();
    assert_eq!(body.pop(), Some(b' '));
    assert_signed(&sandbox, &headers, &body, NOW_MS);
}

#[tokio::test]
async fn url_that_cannot_be_posted_to_is_reported_and_not_retried() {
    let sandbox = sandbox().await;
    let demo = AppKey::from_hex(DEMO_APP_KEY).unwrap();
    for (url, error) in [
        ("hook", UrlError::Invalid),
        ("https://127.0.0.1/", UrlError::NotHttp),
        (
            "http://app.example/",
            UrlError::Remote("app.example".to_owned()),
        ),
    ] {
        let delivery = sandbox.deliver(event(url));
        assert_eq!(delivery.ended().await, DeliveryStatus::Failed);
        let attempts = delivery.attempts();
        assert_eq!(attempts.len(), 1);
        assert_eq!(attempts[0].error, Some(error.to_string()));
        assert_eq!(sandbox.set_callback(&demo, url), Err(error));
    }
}

#[tokio::test]
async fn missing_or_slow_answer_is_a_failed_attempt_with_its_reason() {
    let slow = axum::Router::new().fallback(async || -> Response { std::future::pending().await });
    let endless = axum::Router::new().fallback(async || {
        let chunk = || Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 1024]));
        Body::from_stream(futures_util::stream::repeat_with(chunk))
    });
    let limit = Duration::from_millis(100);
    let sandbox = Sandbox::builder()
        .answer_limit(limit)
        .clock(Clock::fixed(NOW_MS));
    let sandbox = sandbox.start().await.unwrap();
    let mut urls = vec![("http://127.0.0.1:1/".to_owned(), "cannot connect")];
    for (router, reason) in [
        (slow, "no answer within 100ms"),
        (endless, "no complete answer"),
    ] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        urls.push((format!("http://{}", listener.local_addr().unwrap()), reason));
        tokio::spawn(async move { axum::serve(listener, router).await });
    }
    for (url, reason) in urls {
        let delivery = sandbox.deliver(event(&url));
        let attempts = delivery.attempted(1).await;
        assert_eq!(attempts[0].status, None);
        let error = attempts[0].error.clone().unwrap();
        assert!(error.starts_with(reason), "{error}");
        assert_eq!(delivery.status(), DeliveryStatus::Retrying);
    }
}

#[tokio::test]
async fn waiting_for_a_delivery_ends_when_the_sandbox_stops() {
    let sandbox = sandbox().await;
    let app = App::answering(StatusCode::BAD_GATEWAY, "").await;
    let delivery = sandbox.deliver(event(&app.url));
    delivery.attempted(1).await;
    sandbox.shutdown().await;
    assert_eq!(delivery.ended().await, DeliveryStatus::Retrying);
}

async fn post(sandbox: &Sandbox, target: &str, body: &Value) -> Value {
    let answer = Call::post(target, body).send(sandbox).await;
    answer.assert_ok(201).json()
}

async fn wallet(sandbox: &Sandbox) -> String {
    let wallet =
        json!({ "name": "Treasury", "wallet_type": "Custodial", "wallet_subtype": "Asset" });
    let wallet = post(sandbox, "/v2/wallets", &wallet).await;
    wallet["wallet_id"].as_str().unwrap().to_owned()
}

async fn transfer(sandbox: &Sandbox, wallet_id: &str, request_id: &str) -> String {
    let body = json!({
        "request_id": request_id,
        "source": { "source_type": "Asset", "wallet_id": wallet_id },
        "token_id": "ETH_USDT",
        "destination": {
            "destination_type": "Address",
            "account_output": { "address": "0xabc", "amount": "1.50" },
        },
    });
    let created = post(sandbox, TRANSFER, &body).await;
    assert_eq!(created["status"], "Submitted");
    created["transaction_id"].as_str().unwrap().to_owned()
}

async fn status(sandbox: &Sandbox, transaction_id: &str) -> Value {
    let answer = Call::get(&format!("/v2/transactions/{transaction_id}"));
    answer.send(sandbox).await.assert_ok(200).json()["status"].clone()
}

#[tokio::test]
async fn transfer_waits_for_the_callback_of_its_key() {
    let sandbox = sandbox().await;
    let wallet_id = wallet(&sandbox).await;
    // The first answer is not a decision, the second approves.
    let app = App::start(|number| ["yes", "ok"][number].into_response()).await;
    let demo = AppKey::from_hex(DEMO_APP_KEY).unwrap();
    sandbox.set_callback(&demo, &app.url).unwrap();

    let id = transfer(&sandbox, &wallet_id, "r-1").await;
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
    let schema = json!({ "$ref": "#/components/schemas/Transaction" });
    assert!(Specification::waas2().problems(&schema, body).is_empty());

    // A message is signed without asking, and so is everything after the callback was removed.
    sandbox.remove_callback(&demo);
    let id = transfer(&sandbox, &wallet_id, "r-2").await;
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
    let id = transfer(&sandbox, &wallet_id, "r-1").await;
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
    let id = transfer(&sandbox, &wallet_id, "r-1").await;
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
    let id = transfer(&sandbox, &wallet_id, "r-1").await;
    let asked = sandbox.deliveries()[0].clone();
    asked.attempted(1).await;
    let cancel = format!("/v2/transactions/{id}/cancel");
    let call = Call::unsigned(http::Method::POST, &cancel, "").sign(&demo_key());
    call.send(&sandbox).await.assert_ok(201);
    assert_eq!(sandbox.finish(&asked).await, DeliveryStatus::Success);
    assert_eq!(status(&sandbox, &id).await, "Failed");
}

async fn register(sandbox: &Sandbox, url: &str, events: &[&str]) -> Value {
    let body = json!({ "url": url, "subscribed_events": events });
    post(sandbox, ENDPOINTS, &body).await
}

/// The types of the events so far, and their data, after all were delivered.
async fn delivered(sandbox: &Sandbox) -> Vec<(String, Value)> {
    let mut events = Vec::new();
    for delivery in sandbox.deliveries() {
        assert_eq!(
            delivery.ended().await,
            DeliveryStatus::Success,
            "{delivery:?}"
        );
        let body: Value = serde_json::from_slice(&delivery.attempts()[0].body).unwrap();
        let schema = json!({ "$ref": "#/components/schemas/WebhookEventData" });
        let problems = Specification::waas2().problems(&schema, &body["data"]);
        assert!(problems.is_empty(), "{problems:?}: {body}");
        events.push((delivery.event_type().unwrap().to_owned(), body));
    }
    events
}

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
    let id = transfer(&sandbox, &wallet_id, "r-1").await;
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
    transfer(&sandbox, &wallet_id, "r-2").await;
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
    transfer(&sandbox, &wallet_id, "r-1").await;
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
    let body = json!({ "name": "n", "wallet_type": "Custodial", "wallet_subtype": "Asset" });
    let call = Call::unsigned(http::Method::POST, "/v2/wallets", body.to_string());
    call.sign(&other).send(&sandbox).await.assert_ok(201);
    assert_eq!(delivered(&sandbox).await.len(), 1);

    let target = format!("{ENDPOINTS}?event_type=wallets.created");
    let listed = Call::get(&target)
        .send(&sandbox)
        .await
        .assert_ok(200)
        .json();
    assert_eq!(listed["data"], json!([endpoint]));
    let target = format!("{ENDPOINTS}/{}", endpoint["endpoint_id"].as_str().unwrap());
    let body = json!({ "status": "STATUS_INACTIVE" }).to_string();
    let call = Call::unsigned(http::Method::PUT, &target, body);
    let call = call.header("content-type", "application/json");
    call.sign(&demo_key()).send(&sandbox).await.assert_ok(200);
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
async fn vaults_orders_and_refunds_have_events_of_their_own() {
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
    let order = json!({
        "merchant_id": merchant["merchant_id"],
        "psp_order_code": "cart-7",
        "pricing_currency": "USD",
        "pricing_amount": "100.00",
        "fee_amount": "0",
        "payable_currency": "ETH_USDT",
    });
    let order = post(&sandbox, "/v2/payments/orders", &order).await;
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
async fn failed_messages_are_sent_again_on_request() {
    let sandbox = sandbox().await;
    let app = App::start(|number| match number {
        0..10 => StatusCode::BAD_GATEWAY.into_response(),
        _ => StatusCode::OK.into_response(),
    })
    .await;
    let delivery = sandbox.deliver(event(&app.url));
    assert_eq!(sandbox.finish(&delivery).await, DeliveryStatus::Failed);
    let target = |id: &str| format!("{ENDPOINTS}/{UNKNOWN}/events/{id}/retry");
    let call = |target: &str| Call::unsigned(http::Method::POST, target, "").sign(&demo_key());

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
    let answer = call(&target(UNKNOWN)).send(&sandbox).await;
    answer.assert_api_error(404, 2028);

    // A callback whose attempts have failed, and a transfer that goes on when it is sent again.
    let wallet_id = wallet(&sandbox).await;
    let app = App::start(|number| ["later", "ok"][usize::from(number >= 30)].into_response()).await;
    let demo = AppKey::from_hex(DEMO_APP_KEY).unwrap();
    sandbox.set_callback(&demo, &app.url).unwrap();
    let id = transfer(&sandbox, &wallet_id, "r-1").await;
    let asked = sandbox.deliveries()[2].clone();
    assert_eq!(sandbox.finish(&asked).await, DeliveryStatus::Failed);
    assert_eq!(status(&sandbox, &id).await, "PendingAuthorization");
    let target = format!("/v2/developers/callback_messages/{}/retry", asked.id());
    call(&target).send(&sandbox).await.assert_ok(201);
    let again = sandbox.deliveries()[3].clone();
    assert_eq!(again.ended().await, DeliveryStatus::Success);
    assert_eq!(status(&sandbox, &id).await, "Submitted");
}
