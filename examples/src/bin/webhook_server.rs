//! A server for webhooks and callbacks, from its start to its stop: handlers that share the state of the
//! app, updates that arrive in the wrong order, and a stop that loses nothing. The sandbox sends, in place
//! of Cobo.

#![allow(clippy::print_stdout)] // prints the result of each step

use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cobo_auth::InboundVerifier;
use cobo_axum::{Inbox, MemoryLog, callback};
use cobo_sandbox::{Message, Sandbox};
use cobo_waas2::webhooks::{CallbackRequest, Decision, Latest, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

/// The state of the app. A real app has its database here.
struct App {
    /// The request ids of the orders that the app has sent.
    orders: Vec<String>,
    /// The state of each transaction.
    states: Mutex<BTreeMap<String, String>>,
    latest: Latest,
    /// Tells `main` what was handled.
    handled: mpsc::UnboundedSender<String>,
}

impl App {
    async fn save(&self, transaction: &str, state: &str) -> io::Result<()> {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        states.insert(transaction.to_owned(), state.to_owned());
        self.tell(format!("{transaction} is {state}"))
    }

    fn tell(&self, what: impl Into<String>) -> io::Result<()> {
        self.handled.send(what.into()).map_err(io::Error::other)
    }

    /// A real app compares wallet, token, amount and recipient, too.
    async fn decide(&self, transaction: &CallbackRequest) -> io::Result<Decision> {
        match &transaction.request_id {
            Some(id) if self.orders.contains(id) => Ok(Decision::Approve),
            _ => Ok(Decision::Deny("not one of our orders".to_owned())),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::start().await?;
    // In production: `InboundVerifier::new(&Environment::production())?`.
    let verifier = InboundVerifier::new(&cobo_examples::environment(&sandbox)?)?;
    let (handled, mut was_handled) = mpsc::unbounded_channel();
    let app = Arc::new(App {
        orders: vec!["order-1024".to_owned()],
        states: Mutex::default(),
        latest: Latest::new(100_000),
        handled,
    });

    // In production `RedbLog`, or your own `EventLog`: a `MemoryLog` is lost with the process.
    let log = MemoryLog::new(10_000);
    let inbox = Inbox::builder(verifier.clone(), log, handlers(&app))
        .max_attempts(30)
        .pauses(Duration::from_secs(2), Duration::from_secs(3600))
        .start()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    // In production, end `stopped` at SIGTERM: `tokio::signal`.
    let (stop, stopped) = oneshot::channel::<()>();
    let routes = routes(&inbox, verifier, &app);
    let server = tokio::spawn(async move {
        let stopped = async { stopped.await.unwrap_or_default() };
        let server = axum::serve(listener, routes);
        server.with_graceful_shutdown(stopped).await
    });

    let webhook = format!("{url}/webhook");
    for (number, state, updated) in [(1, "Completed", 2_000), (2, "Confirming", 1_000)] {
        let mut data = transaction(state, updated);
        data["data_type"] = json!("Transaction");
        sandbox.deliver(Message::event(
            &webhook,
            "wallets.transaction.updated",
            data,
        ));
        let handled = was_handled.recv().await.unwrap_or_default();
        println!("{number}. {handled}");
    }
    let asked = Message::callback(format!("{url}/callback"), transaction("Submitted", 500));
    for attempt in sandbox.deliver(asked).attempted(1).await {
        println!("3. the callback: {}", attempt.answer);
    }

    // The server first: it takes no more requests, and answers those that it has.
    let _ = stop.send(());
    server.await??;
    // Then the workers: the handlers that are running come to their end.
    inbox.shutdown().await;
    println!("4. stopped");
    Ok(())
}

/// The handlers. Each call gets its own clone of `app`.
fn handlers(app: &Arc<App>) -> Router {
    let app = app.clone();
    Router::new()
        .on_transaction(move |event| {
            let app = app.clone();
            async move {
                let (id, state) = (&event.data.transaction_id, &event.data.status);
                // A newer update of this transaction may have been handled already.
                if !app.latest.admit(id, event.data.updated_timestamp) {
                    return app.tell(format!("{state} is older than the state that is known"));
                }
                app.save(id, state.as_str()).await
            }
        })
        // This closure uses no state, so it can be an `async` closure.
        .otherwise(async |event| {
            println!("not of interest: {}", event.type_);
            Ok::<_, io::Error>(())
        })
}

/// The routes for Cobo.
fn routes(inbox: &Inbox, verifier: InboundVerifier, app: &Arc<App>) -> axum::Router {
    let app = app.clone();
    let decide = callback(verifier, Duration::from_secs(5), move |transaction| {
        let app = app.clone();
        async move { app.decide(&transaction).await }
    });
    axum::Router::new()
        .route("/webhook", inbox.route())
        .route("/callback", decide)
}

/// A transaction in JSON.
fn transaction(state: &str, updated: u64) -> Value {
    json!({
        "transaction_id": "t-1",
        "request_id": "order-1024",
        "wallet_id": "w-1",
        "status": state,
        "source": {},
        "destination": {},
        "initiator_type": "API",
        "created_timestamp": 500,
        "updated_timestamp": updated,
    })
}
