//! User info tokens: a server that lets in only users of Cobo's portal, and checks their roles. The
//! sandbox is the portal.

#![allow(clippy::print_stdout)] // prints the result of each step

use std::error::Error;

use cobo_auth::http::StatusCode;
use cobo_auth::{RoleName, UserInfoVerifier};
use cobo_axum::UserInfo;
use cobo_sandbox::Sandbox;
use serde_json::json;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let portal = Sandbox::start().await?;
    let client = cobo_examples::client(&portal)?;
    let verifier = UserInfoVerifier::builder(&client, portal.client_id())
        .issuer(portal.portal_url()) // not needed for Cobo's own environments
        .build()?;

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/approve", listener.local_addr()?);
    let app = app(verifier);
    tokio::spawn(async move { axum::serve(listener, app).await });

    let approver = portal.user_info_token(json!({ "role_names": ["Approver"] }));
    println!("1. an approver: {}", post(&url, &approver).await?);
    let viewer = portal.user_info_token(json!({ "role_names": ["Viewer"] }));
    println!("2. a viewer: {}", post(&url, &viewer).await?);
    let expired = portal.user_info_token(json!({ "exp": 1_700_000_000 }));
    println!("3. an old token: {}", post(&url, &expired).await?);
    let other = portal.user_info_token(json!({ "aud": "another-app" }));
    println!("4. another app's token: {}", post(&url, &other).await?);
    println!("5. no token: {}", post(&url, "").await?);
    println!("6. requests for the keys: {}", portal.received().len());
    Ok(())
}

/// The routes for the app's page.
fn app(verifier: UserInfoVerifier) -> axum::Router {
    axum::Router::new()
        .route("/approve", axum::routing::post(approve))
        .with_state(verifier)
}

/// Only a user whose token verifies gets here.
async fn approve(UserInfo(user): UserInfo) -> (StatusCode, String) {
    if user.role_names.contains(&RoleName::Approver) {
        (StatusCode::OK, format!("approved by {}", user.sub))
    } else {
        (StatusCode::FORBIDDEN, "not an approver".to_owned())
    }
}

/// Posts with a token, as the app's page does. Returns the status and the text.
async fn post(url: &str, token: &str) -> Result<String, reqwest::Error> {
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([]);
    let request = http.build()?.post(url).bearer_auth(token);
    let response = request.send().await?;
    let status = response.status().as_u16();
    Ok(format!("{status} {}", response.text().await?))
}
