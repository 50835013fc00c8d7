//! Logs and metrics of calls and tokens.

#![allow(clippy::print_stdout)] // prints what was counted

use std::error::Error;

use cobo_auth::http::{Method, StatusCode};
use cobo_oauth::{OAuthClient, TokenSource};
use cobo_sandbox::{Answer, DEMO_ORG_ID, Sandbox};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Logs: any subscriber of the crate `tracing` receives them.
    let default = "warn,cobo_auth=debug,cobo_oauth=debug";
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt().with_env_filter(filter).init();

    // Metrics: install the recorder of your exporter here. This one keeps the values in memory.
    let recorder = DebuggingRecorder::new();
    let counted = recorder.snapshotter();
    recorder.install()?;

    let sandbox = Sandbox::start().await?;
    let auth = cobo_examples::client(&sandbox)?;
    let tokens = TokenSource::new(OAuthClient::new(auth.clone()), sandbox.client_id());
    let client = auth.with_credential(tokens.credential(DEMO_ORG_ID));
    let unavailable = Answer::error(StatusCode::SERVICE_UNAVAILABLE, 2000);
    sandbox.script("get_org_info", [unavailable])?;
    let response = client
        .request(Method::GET, "/organizations/info")
        .send()
        .await?;
    println!("the call succeeded with {}", response.status());

    // The state of each organization's token, for a health check.
    if let Some(state) = tokens.state(DEMO_ORG_ID) {
        println!("a valid token: {}", state.valid);
    }

    for (key, _, _, value) in counted.snapshot().into_vec() {
        let (_, key) = key.into_parts();
        if let DebugValue::Counter(count) = value {
            let labels = key
                .labels()
                .map(|label| format!("{}={}", label.key(), label.value()));
            let labels: Vec<_> = labels.collect();
            println!("{}{{{}}} {count}", key.name(), labels.join(","));
        }
    }
    Ok(())
}
