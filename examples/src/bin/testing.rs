//! Tests of an app: its calls fail in the ways that they can fail with Cobo.
//!
//! In your project these functions are tests: put `#[tokio::test]` above them.

#![allow(clippy::print_stdout)] // prints which tests passed

use std::error::Error;
use std::time::Duration;

use cobo_auth::http::{Method, StatusCode};
use cobo_oauth::{OAuthClient, TokenError, TokenSource};
use cobo_sandbox::{Answer, DEMO_ORG_ID, Sandbox};

/// The app under test: it returns the id of the organization that it acts for.
async fn organization_id(client: &cobo_auth::Client) -> Result<String, cobo_auth::Error> {
    let response = client
        .request(Method::GET, "/organizations/info")
        .send()
        .await?;
    let info: serde_json::Value = response.json()?;
    Ok(info["org_id"].as_str().unwrap_or_default().to_owned())
}

/// A client of the app, with a token source, as in production.
fn client(sandbox: &Sandbox) -> Result<cobo_auth::Client, Box<dyn Error>> {
    let auth = cobo_examples::client(sandbox)?;
    let tokens = TokenSource::new(OAuthClient::new(auth.clone()), sandbox.client_id());
    Ok(auth.with_credential(tokens.credential(DEMO_ORG_ID)))
}

async fn expired_token_is_replaced() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::start().await?;
    let client = client(&sandbox)?;
    assert_eq!(organization_id(&client).await?, DEMO_ORG_ID);

    sandbox.advance(Duration::from_secs(12 * 60 * 60)); // every access token has expired
    assert_eq!(organization_id(&client).await?, DEMO_ORG_ID);
    Ok(())
}

async fn temporary_failure_is_repeated() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::start().await?;
    let from_a_gateway = Answer::text(StatusCode::BAD_GATEWAY, "<html>").unsigned();
    let lost = Answer::as_usual().dropped();
    sandbox.script("get_org_info", [from_a_gateway, lost])?;
    assert_eq!(organization_id(&client(&sandbox)?).await?, DEMO_ORG_ID);
    Ok(())
}

async fn removed_app_is_reported() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::start().await?;
    sandbox.remove(DEMO_ORG_ID);
    let Err(error) = organization_id(&client(&sandbox)?).await else {
        return Err("the app is not installed, so the call must fail".into());
    };
    assert!(!error.is_retryable(), "{error}");
    let why = TokenError::of(&error).ok_or("not an error of the token source")?;
    assert!(why.is_not_installed(), "{error}");
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    expired_token_is_replaced().await?;
    temporary_failure_is_repeated().await?;
    removed_app_is_reported().await?;
    println!("3 tests passed");
    Ok(())
}
