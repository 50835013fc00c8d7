//! Retries: what the client repeats by itself, and how an app finds out whether a failed write was
//! carried out.

#![allow(clippy::print_stdout)] // prints the result of each step

use std::error::Error;
use std::time::Duration;

use cobo_auth::http::{Method, StatusCode};
use cobo_auth::{Client, ErrorKind, Execution, FixedToken, RetryPolicy};
use cobo_sandbox::{Answer, DEMO_ORG_ID, Sandbox};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::start().await?;
    let client = patient(&sandbox)?;

    // Two failures of the server. A read is repeated, and the caller does not notice.
    let unavailable = || Answer::error(StatusCode::SERVICE_UNAVAILABLE, 2000);
    sandbox.script("get_token", [unavailable(), unavailable()])?;
    let token = client
        .request(Method::GET, "/oauth/token")
        .query("client_id", sandbox.client_id())
        .query("org_id", DEMO_ORG_ID)
        .query("grant_type", "org_implicit")
        .send()
        .await?;
    println!(
        "1. a read succeeded at attempt {}",
        sandbox.received().len()
    );
    let token: serde_json::Value = token.json()?;

    // A write that is carried out, and whose answer is lost. It is not repeated.
    sandbox.clear_received();
    sandbox.script("refresh_token", [Answer::as_usual().dropped()])?;
    let request = json!({
        "client_id": sandbox.client_id(),
        "grant_type": "refresh_token",
        "refresh_token": token["refresh_token"],
    });
    let write = client.request(Method::POST, "/oauth/token").json(&request);
    match write.send().await {
        Ok(_) => println!("2. the write succeeded"),
        Err(error) => println!("2. {}", next_step(&error, false)),
    }
    println!("3. a write was sent {} time", sandbox.received().len());

    // A write that Cobo refuses certainly changed nothing.
    let access_token = token["access_token"].as_str().unwrap_or_default();
    let refused = client
        .request(Method::POST, "/transactions/transfer")
        .credential(FixedToken::new(access_token)?)
        .json(json!({"request_id": "order-1024"}));
    match refused.send().await {
        Ok(_) => println!("4. the write succeeded"),
        Err(error) => {
            println!("4. {}", next_step(&error, false));
            println!("5. after a restart: {}", next_step(&error, true));
        }
    }
    Ok(())
}

fn patient(sandbox: &Sandbox) -> Result<Client, Box<dyn Error>> {
    let client = cobo_examples::client(sandbox)?;
    Ok(client.with_retry(
        RetryPolicy::standard()
            .max_attempts(5)
            .deadline(Duration::from_secs(120)),
    ))
}

/// What an app does after a write failed. `sent_before`: an earlier call sent the same request id, and may
/// have been carried out. So it is after a restart with a stored id.
fn next_step(error: &cobo_auth::Error, sent_before: bool) -> &'static str {
    // Only if Cobo signed it, and signed it recently: without that, code 30001 proves nothing.
    if error.kind() == ErrorKind::RequestIdTaken {
        return "Cobo took a request with this request_id: look it up, and compare";
    }
    match error.execution() {
        Execution::Executed => "carried out: read the result from `success_body`",
        // It is about this call only.
        Execution::NotExecuted if sent_before => {
            "an earlier call may have been carried out: look the request_id up"
        }
        Execution::NotExecuted if error.is_retryable() => "not carried out: send it again later",
        Execution::NotExecuted => "not carried out: correct the request first",
        // `Unknown`, and whatever a later version adds.
        _ => "unknown: look the request_id up before you send it again",
    }
}
