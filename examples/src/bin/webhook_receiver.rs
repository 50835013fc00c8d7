//! Webhooks and callbacks: a server that verifies what Cobo sends, records events before it
//! acknowledges them, and decides about transactions. The program signs with a test key in place of
//! Cobo's.

#![allow(clippy::print_stdout)] // prints the result of each step

use std::error::Error;
use std::io;
use std::time::Duration;

use cobo_auth::{
    Clock, Ed25519Signer, InboundVerifier, ResponseKeys, Signer, SystemClock, double_sha256,
};
use cobo_axum::{Inbox, MemoryLog, callback};
use cobo_waas2::webhooks::{CallbackRequest, Decision, Router};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let cobo = Ed25519Signer::from_seed(&[7; 32]);
    let key = cobo.public_key().to_string();
    let verifier = InboundVerifier::from_keys(ResponseKeys::from_hex([key.as_str()])?)?;

    let (done, mut handled) = mpsc::unbounded_channel();
    let inbox = Inbox::builder(verifier.clone(), MemoryLog::new(10_000), handlers(done)).start();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let app = app(&inbox, verifier);
    tokio::spawn(async move { axum::serve(listener, app).await });

    let webhook = format!("{url}/webhook");
    let event = r#"{"event_id":"e-1","url":"https://app.example/webhook","type":"token.suspended",
        "created_timestamp":1795000000000,"data":{"data_type":"SuspendedToken",
        "token_ids":"ETH_USDT","operation_type":"Added"}}"#;
    let forged = event.replace("ETH_USDT", "BTC");
    println!(
        "1. a webhook: {}",
        post(&cobo, &webhook, event, event).await?
    );
    println!("2. handled: {}", handled.recv().await.unwrap_or_default());
    println!(
        "3. the same again: {}",
        post(&cobo, &webhook, event, event).await?
    );
    println!(
        "4. a forged one: {}",
        post(&cobo, &webhook, event, &forged).await?
    );

    let transaction = r#"{"transaction_id":"t-1","request_id":"order-1024","wallet_id":"w-1",
        "status":"Submitted","source":{},"destination":{},
        "initiator_type":"API","created_timestamp":1795000000000,"updated_timestamp":1795000000000}"#;
    let decision = post(&cobo, &format!("{url}/callback"), transaction, transaction).await?;
    println!("5. a callback: {decision}");

    inbox.shutdown().await;
    println!("6. handled in all: {}", 1 + handled.len());
    Ok(())
}

/// What the app does for each type of event. Events arrive in any order, and possibly twice.
fn handlers(done: mpsc::UnboundedSender<String>) -> Router {
    Router::new()
        .on_suspended_token(move |event| {
            let sent = done.send(format!("{} is suspended", event.data.token_ids));
            async move { sent.map_err(io::Error::other) }
        })
        .otherwise(async |event| {
            println!("not of interest: {}", event.type_);
            Ok::<_, io::Error>(())
        })
}

/// The routes for Cobo.
fn app(inbox: &Inbox, verifier: InboundVerifier) -> axum::Router {
    axum::Router::new().route("/webhook", inbox.route()).route(
        "/callback",
        callback(verifier, Duration::from_secs(5), async |transaction| {
            Ok::<_, io::Error>(decide(&transaction))
        }),
    )
}

/// A real app looks the request up in its own records and compares wallet, token, amount and recipient:
/// a person with the API key can choose any `request_id`.
fn decide(transaction: &CallbackRequest) -> Decision {
    match transaction.request_id.as_deref() {
        Some(id) if id.starts_with("order-") => Decision::Approve,
        _ => Decision::Deny("not one of our orders".to_owned()),
    }
}

/// Posts `body` with a signature for `signed`, as Cobo does. Returns the status and the text.
async fn post(
    cobo: &Ed25519Signer,
    url: &str,
    signed: &str,
    body: &str,
) -> Result<String, Box<dyn Error + Send + Sync>> {
    let timestamp = SystemClock.unix_millis().to_string();
    let digest = double_sha256([signed.as_bytes(), b"|", timestamp.as_bytes()]);
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([]);
    let response = http
        .build()?
        .post(url)
        .header("BIZ-TIMESTAMP", timestamp)
        .header("BIZ-RESP-SIGNATURE", cobo.sign(&digest).await?.to_hex())
        .body(body.to_owned())
        .send()
        .await?;
    let status = response.status().as_u16();
    Ok(format!("{status} {}", response.text().await?))
}
