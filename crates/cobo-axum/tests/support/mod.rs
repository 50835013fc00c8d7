//! A server on loopback, and requests that are signed as Cobo signs them.

#![allow(clippy::unwrap_used, dead_code, unreachable_pub, missing_docs)]

pub mod bodies;
#[cfg(feature = "redb")]
pub mod disk;

use cobo_auth::{Clock as _, InboundVerifier, ResponseKeys, SystemClock, double_sha256};
use cobo_axum::{Inbox, NewEvent};
use cobo_waas2::webhooks::Router;
use ed25519_dalek::{Signer as _, SigningKey};
use tokio::sync::mpsc;

pub fn key() -> SigningKey {
    SigningKey::from_bytes(&[9; 32])
}

pub fn verifier() -> InboundVerifier {
    let key = hex::encode(key().verifying_key());
    InboundVerifier::from_keys(ResponseKeys::from_hex([key.as_str()]).unwrap()).unwrap()
}

/// Serves on loopback and returns the base URL.
pub async fn serve(app: axum::Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

pub fn http() -> reqwest::Client {
    // No certificates: a machine without any can run the tests.
    let http = reqwest::Client::builder().tls_certs_only([]).no_proxy();
    http.build().unwrap()
}

/// The values of a header of a response.
pub fn values<'a>(response: &'a reqwest::Response, name: &str) -> Vec<&'a str> {
    let values = response.headers().get_all(name).iter();
    values.map(|value| value.to_str().unwrap()).collect()
}

pub fn signature(body: &[u8], timestamp: u64) -> String {
    let digest = double_sha256([body, b"|", timestamp.to_string().as_bytes()]);
    hex::encode(key().sign(&digest).to_bytes())
}

/// A request signed at this time.
pub fn signed_at(url: &str, body: &[u8], timestamp: u64) -> reqwest::RequestBuilder {
    http()
        .post(url)
        .header("BIZ-TIMESTAMP", timestamp.to_string())
        .header("BIZ-RESP-SIGNATURE", signature(body, timestamp))
        .body(body.to_vec())
}

pub fn signed(url: &str, body: &[u8]) -> reqwest::RequestBuilder {
    signed_at(url, body, SystemClock.unix_millis())
}

/// Sends a request, and returns the status and the text of the answer.
pub async fn send(request: reqwest::RequestBuilder) -> (u16, String) {
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

/// An event about chains.
pub fn event(id: &str) -> Vec<u8> {
    format!(
        r#"{{"event_id":"{id}","url":"https://app.example/hook","created_timestamp":1701396866000,
            "type":"wallets.chains.enabled","data":{{"data_type":"Chains","chains":[]}}}}"#
    )
    .into_bytes()
}

/// The same, as a log records it.
pub fn new_event(id: &str) -> NewEvent {
    NewEvent {
        id: id.to_owned(),
        body: event(id).into(),
    }
}

/// What handlers report, in order.
pub type Handled = mpsc::UnboundedReceiver<String>;

pub fn report() -> (mpsc::UnboundedSender<String>, Handled) {
    mpsc::unbounded_channel()
}

/// Handlers that report the ID of each event.
pub fn reporting() -> (Router, Handled) {
    let (done, handled) = report();
    let router = Router::new().on_chains(move |event| {
        done.send(event.event_id.unwrap()).unwrap();
        async { Ok::<_, String>(()) }
    });
    (router, handled)
}

pub async fn url_of(inbox: &Inbox) -> String {
    serve(axum::Router::new().route("/", inbox.route())).await
}
