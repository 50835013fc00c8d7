//! Gets an organization's access token, uses it, and refreshes it.
//!
//! Without settings it runs on a sandbox inside the process. With `COBO_ENV` (`development` or
//! `production`), `COBO_APP_SECRET`, `COBO_CLIENT_ID` and `COBO_ORG_ID` set, it talks to Cobo.

#![allow(clippy::print_stdout)] // prints the result of each step

use std::env;
use std::error::Error;

use cobo_auth::http::Method;
use cobo_auth::{Ed25519Signer, Environment, ResponseKeys, Secret};
use cobo_oauth::{OAuthClient, models};
use cobo_sandbox::Sandbox;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (app, _sandbox) = match env::var("COBO_ENV") {
        Ok(name) => (App::from_env(&name)?, None),
        Err(_) => {
            let sandbox = Sandbox::start().await?;
            (App::on(&sandbox)?, Some(sandbox))
        }
    };
    println!("talking to {}", app.environment.base_url());
    let auth = cobo_auth::Client::new(app.environment, app.signer)?;
    let client = OAuthClient::new(auth.clone());

    let issued = client
        .get_token()
        .client_id(&app.client_id)
        .org_id(&app.org_id)
        .grant_type("org_implicit")
        .send()
        .await?;
    println!(
        "1. got an access token for {} s: {:?}",
        issued.expires_in, issued.access_token
    );

    let organization = organization(&auth, &issued.access_token).await?;
    println!("2. called the API with it: organization {organization}");

    let refresh_token = issued
        .refresh_token
        .clone()
        .ok_or("no refresh token was issued")?;
    let renewed = client
        .refresh_token()
        .refresh_token_request(refresh(&app.client_id, &refresh_token))
        .send()
        .await?;
    println!(
        "3. refreshed it for {} s: {:?}",
        renewed.expires_in, renewed.access_token
    );

    let organization = self::organization(&auth, &renewed.access_token).await?;
    println!("4. called the API with the new one: organization {organization}");

    let again = client
        .refresh_token()
        .refresh_token_request(refresh(&app.client_id, &refresh_token));
    match again.send().await {
        Ok(_) => println!("5. the old refresh token still works, but do not rely on it"),
        Err(error) => println!("5. the old refresh token is dead: {error}"),
    }
    Ok(())
}

fn refresh(client_id: &str, token: &Secret) -> models::builder::RefreshTokenRequest {
    models::RefreshTokenRequest::builder()
        .client_id(client_id)
        .grant_type("refresh_token")
        .refresh_token(token.clone())
}

/// Calls an endpoint that is not in the OAuth specification, on behalf of the organization.
async fn organization(auth: &cobo_auth::Client, token: &Secret) -> Result<String, Box<dyn Error>> {
    let response = auth
        .request(Method::GET, "/organizations/info")
        .credential(cobo_auth::FixedToken::new(token.clone())?)
        .send()
        .await?;
    let organization: serde_json::Value = response.json()?;
    Ok(organization["org_id"]
        .as_str()
        .unwrap_or("without an id")
        .to_owned())
}

/// The settings: the environment, the app's key and client id, and the organization.
struct App {
    environment: Environment,
    signer: Ed25519Signer,
    client_id: String,
    org_id: String,
}

impl App {
    fn on(sandbox: &Sandbox) -> Result<Self, Box<dyn Error>> {
        let key = sandbox.response_public_key();
        Ok(Self {
            environment: Environment::custom(
                sandbox.base_url(),
                ResponseKeys::from_hex([key.as_str()])?,
            )?,
            signer: Ed25519Signer::from_hex(cobo_sandbox::DEMO_APP_SECRET)?,
            client_id: sandbox.client_id().to_owned(),
            org_id: sandbox
                .org_ids()
                .into_iter()
                .next()
                .ok_or("no organization")?,
        })
    }

    fn from_env(name: &str) -> Result<Self, Box<dyn Error>> {
        let variable = |name: &str| env::var(name).map_err(|_| format!("{name} is not set"));
        Ok(Self {
            environment: name.parse()?,
            signer: Ed25519Signer::from_hex(&variable("COBO_APP_SECRET")?)?,
            client_id: variable("COBO_CLIENT_ID")?,
            org_id: variable("COBO_ORG_ID")?,
        })
    }
}
