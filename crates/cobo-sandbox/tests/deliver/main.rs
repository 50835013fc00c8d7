//! What the sandbox sends: webhook events and callbacks, signed, retried and recorded.
#![allow(clippy::unwrap_used)] // a panic fails the test

#[path = "../support/waas2.rs"]
mod setup;
#[path = "../support/mod.rs"]
mod support;

mod callbacks;
mod events;
mod listed;
mod messages;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse as _, Response};
use cobo_sandbox::{
    AppKey, Attempt, Clock, DEMO_APP_KEY, DeliveryStatus, End, Message, Sandbox, UrlError,
};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use setup::{
    ENDPOINTS, NOW_MS, TRANSFER, UNKNOWN, assert_valid, custodial, get, order, post, post_nothing,
    put, sandbox, sent, transaction, transfer, wallet,
};
use support::{Answer, Call, key};

const MINUTE: Duration = Duration::from_secs(60);

/// Headers and body of a request.
type Received = (HeaderMap, Vec<u8>);

/// A server of an app on loopback.
struct App {
    url: String,
    received: Arc<Mutex<Vec<Received>>>,
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

async fn status(sandbox: &Sandbox, transaction_id: &str) -> Value {
    transaction(sandbox, transaction_id).await["status"].clone()
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
        assert_valid("WebhookEventData", &body["data"]);
        events.push((delivery.event_type().unwrap().to_owned(), body));
    }
    events
}
