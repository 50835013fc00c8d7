//! A Cobo Portal App: a web server that organizations install, and that acts for each of them.
//!
//! - `POST /callback?approval_result=…&org_id=…`: Cobo calls this when an organization installs the
//!   app or changes its permissions.
//! - `GET /organizations` calls Cobo on behalf of every organization that installed the app. The
//!   list comes from the token store, so the app does not need its own list, even after a restart.
//!
//! Without settings it runs on a sandbox inside the process: three organizations install the app,
//! it calls Cobo for them, restarts, calls again, and ends. With `COBO_ENV` (`development` or
//! `production`), `COBO_APP_SECRET`, `COBO_CLIENT_ID` and `COBO_TOKENS` (a directory for the
//! tokens) set it talks to Cobo, listens on `PORT` (default 8080) of this machine, and serves until
//! Ctrl-C. In production put a server in front of it that terminates TLS.

#![allow(clippy::print_stdout)] // prints what happens

use std::env;
use std::error::Error;
use std::future::Future;
use std::path::Path;

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use cobo_auth::http::Method;
use cobo_auth::{Ed25519Signer, Environment, ResponseKeys};
use cobo_oauth::{FileStore, InstallationError, InstallationOutcome, OAuthClient, TokenSource};
use cobo_sandbox::Sandbox;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    match env::var("COBO_ENV") {
        Ok(name) => serve(&name).await,
        Err(_) => show().await,
    }
}

/// The app's client and the tokens of the organizations that installed it.
#[derive(Clone)]
struct App {
    auth: cobo_auth::Client,
    tokens: TokenSource,
}

impl App {
    fn new(
        auth: cobo_auth::Client,
        client_id: &str,
        directory: impl AsRef<Path>,
    ) -> Result<Self, Box<dyn Error>> {
        let tokens = TokenSource::builder(OAuthClient::new(auth.clone()), client_id);
        let tokens = tokens.store(FileStore::open(directory)?).build();
        Ok(Self { auth, tokens })
    }

    fn router(&self) -> Router {
        Router::new()
            .route("/callback", post(callback))
            .route("/organizations", get(organizations))
            .with_state(self.clone())
    }
}

/// Handles Cobo's installation callback. Anyone can send one, so an organization is stored only
/// after Cobo has issued a token for it.
async fn callback(
    State(app): State<App>,
    RawQuery(query): RawQuery,
) -> Result<&'static str, (StatusCode, String)> {
    let query = query.unwrap_or_default();
    let outcome = app.tokens.on_installation(&query).await.map_err(|error| {
        let status = match &error {
            InstallationError::Token(error) if error.is_retryable() => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            InstallationError::Token(_) => StatusCode::FORBIDDEN,
            _ => StatusCode::BAD_REQUEST,
        };
        (status, error.to_string())
    })?;
    if let InstallationOutcome::Queued(installation) = outcome {
        // Many callbacks arrived before. The token source calls Cobo when this one's turn comes.
        println!("{} waits for its token", installation.org_id());
    }
    Ok("ok")
}

/// Calls Cobo on behalf of each organization. A failure of one does not affect the others.
async fn organizations(State(app): State<App>) -> Result<Json<Value>, (StatusCode, String)> {
    let installed = app.tokens.organizations().await;
    let installed =
        installed.map_err(|error| (StatusCode::SERVICE_UNAVAILABLE, error.to_string()))?;
    let mut answers = Vec::new();
    for org_id in installed {
        let client = app.auth.with_credential(app.tokens.credential(&org_id));
        let response = client.request(Method::GET, "/organizations/info").send();
        let answer = match response.await.and_then(|response| response.json::<Value>()) {
            Ok(organization) => json!({"org_id": org_id, "organization": organization}),
            Err(error) => json!({"org_id": org_id, "error": error.to_string()}),
        };
        answers.push(answer);
    }
    Ok(Json(Value::Array(answers)))
}

async fn serve(environment: &str) -> Result<(), Box<dyn Error>> {
    let variable = |name: &str| env::var(name).map_err(|_| format!("{name} is not set"));
    let environment: Environment = environment.parse()?;
    let signer = Ed25519Signer::from_hex(&variable("COBO_APP_SECRET")?)?;
    let auth = cobo_auth::Client::new(environment, signer)?;
    let app = App::new(auth, &variable("COBO_CLIENT_ID")?, variable("COBO_TOKENS")?)?;
    let port = env::var("PORT").map_or(Ok(8080), |port| port.parse::<u16>())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let stopped = async {
        // If the signal handler cannot be installed, serve without a way to stop.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    run(listener, &app, stopped).await
}

/// Serves until it is stopped. Then waits until requests that were sent have finished and are
/// stored.
async fn run(
    listener: TcpListener,
    app: &App,
    stopped: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Box<dyn Error>> {
    let served = axum::serve(listener, app.router()).with_graceful_shutdown(stopped);
    served.await?;
    app.tokens.shutdown().await;
    Ok(())
}

/// An app that is running on the loopback interface.
struct Running {
    url: String,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Result<(), String>>,
}

impl Running {
    async fn start(app: App) -> Result<Self, Box<dyn Error>> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            let served = run(listener, &app, stopped).await;
            served.map_err(|error| error.to_string())
        });
        Ok(Self { url, stop, serving })
    }

    async fn stop(self) -> Result<(), Box<dyn Error>> {
        drop(self.stop);
        Ok(self.serving.await??)
    }
}

/// Demonstrates the app on a sandbox.
async fn show() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::start().await?;
    let key = sandbox.response_public_key();
    let keys = ResponseKeys::from_hex([key.as_str()])?;
    let environment = Environment::custom(sandbox.base_url(), keys)?;
    let signer = Ed25519Signer::from_hex(cobo_sandbox::DEMO_APP_SECRET)?;
    let auth = cobo_auth::Client::new(environment, signer)?;
    let temporary = tempfile::tempdir()?;
    let directory = temporary.path().join("tokens"); // created by the store, for this user only
    let app = App::new(auth.clone(), sandbox.client_id(), &directory)?;
    let running = Running::start(app).await?;
    let url = &running.url;

    let browser = reqwest::Client::builder().no_proxy().build()?;
    for org_id in ["org-a", "org-b", "org-c"] {
        sandbox.install(org_id);
        let callback = format!("{url}/callback?approval_result=1&org_id={org_id}");
        let answer = browser.post(callback).send().await?.error_for_status()?;
        println!("{org_id} installs the app: {}", answer.text().await?);
    }
    let callback = format!("{url}/callback?approval_result=1&org_id=org-x");
    let answer = browser.post(callback).send().await?;
    println!("somebody pretends that org-x did: {}", answer.status());
    if answer.status() != StatusCode::FORBIDDEN {
        return Err("it was believed".into());
    }

    let organizations = format!("{url}/organizations");
    let answer: Value = browser.get(&organizations).send().await?.json().await?;
    println!("called for each: {answer}");
    expect_served(&answer, &["org-a", "org-b", "org-c"])?;

    sandbox.expire_access_tokens("org-a");
    sandbox.remove("org-b");
    let answer: Value = browser.get(&organizations).send().await?.json().await?;
    println!("the token of org-a expired, org-b removed the app: {answer}");
    expect_served(&answer, &["org-a", "org-c"])?;
    running.stop().await?;

    let app = App::new(auth, sandbox.client_id(), &directory)?;
    let running = Running::start(app).await?;
    let organizations = format!("{}/organizations", running.url);
    let answer: Value = browser.get(&organizations).send().await?.json().await?;
    println!("called for each after a restart: {answer}");
    expect_served(&answer, &["org-a", "org-c"])?;
    running.stop().await
}

/// Checks that exactly the expected organizations were served. The app also returns failures as 200
/// OK.
fn expect_served(answers: &Value, expected: &[&str]) -> Result<(), Box<dyn Error>> {
    let answers = answers.as_array().map(Vec::as_slice).unwrap_or_default();
    let served = answers.iter().filter_map(|answer| {
        let org_id = answer["organization"]["org_id"].as_str()?;
        (answer["org_id"] == org_id).then_some(org_id)
    });
    let served: Vec<_> = served.collect();
    if served != expected {
        return Err(format!("{expected:?} were to be served, and {served:?} were").into());
    }
    Ok(())
}
