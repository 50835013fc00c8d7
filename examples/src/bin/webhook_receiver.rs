//! Webhooks: a server that verifies what Cobo sends, records it before it acknowledges it, and handles
//! it in the background. The sandbox sends, in place of Cobo.

#![allow(clippy::print_stdout)] // prints the result of each step

use std::error::Error;
use std::io;

use cobo_auth::InboundVerifier;
use cobo_axum::{Inbox, MemoryLog};
use cobo_sandbox::{Delivery, Message, Sandbox};
use cobo_waas2::webhooks::Router;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::start().await?;
    let verifier = InboundVerifier::new(&cobo_examples::environment(&sandbox)?)?;

    let (done, mut handled) = mpsc::unbounded_channel();
    let inbox = Inbox::builder(verifier, MemoryLog::new(10_000), handlers(done)).start()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/webhook", listener.local_addr()?);
    let app = app(&inbox);
    tokio::spawn(async move { axum::serve(listener, app).await });

    let data = json!({
        "data_type": "SuspendedToken",
        "token_ids": "ETH_USDT",
        "operation_type": "Added",
    });
    let event = Message::event(&url, "token.suspended.deposit", data).id("event-1");
    let sent = sandbox.deliver(event.clone());
    println!("1. a webhook: {}", answer(&sent).await);
    println!("2. handled: {}", handled.recv().await.unwrap_or_default());
    let again = sandbox.deliver(event.clone());
    println!("3. the same again: {}", answer(&again).await);
    let forged = sandbox.deliver(event.tampered());
    println!("4. a forged one: {}", answer(&forged).await);

    inbox.shutdown().await;
    println!("5. handled in all: {}", 1 + handled.len());
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

/// The route for Cobo.
fn app(inbox: &Inbox) -> axum::Router {
    axum::Router::new().route("/webhook", inbox.route())
}

/// The answer to the first attempt.
async fn answer(delivery: &Delivery) -> String {
    match delivery.attempted(1).await.first() {
        Some(attempt) => match attempt.status {
            Some(status) => format!("{} {}", status.as_u16(), attempt.answer),
            None => attempt.error.clone().unwrap_or_default(),
        },
        None => "the sandbox has stopped".to_owned(),
    }
}
