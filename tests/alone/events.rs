//! The `tracing` events of the token source, of the verifier of user info tokens and of the inbox. These tests
//! have their own binary, since callsites cache across threads whether there is a subscriber.

#![allow(clippy::unwrap_used)] // a panic fails the test

use cobo_auth::{Credential as _, Environment, InboundVerifier, Secret};
use cobo_axum::{Inbox, MemoryLog};
use cobo_oauth::{MemoryStore, TokenStore as _};
use cobo_sandbox::{Answer, DEMO_ORG_ID, Sandbox};
use cobo_tests::capture::{Capture, Secrets};
use cobo_tests::client;
use cobo_tests::failing::Failing;
use cobo_waas2::webhooks::Router;
use http::StatusCode;
use serde_json::json;

#[tokio::test]
async fn token_events_are_logged_without_secrets() {
    let capture = Capture::start();
    let sandbox = Sandbox::start().await.unwrap();
    let store = MemoryStore::new();
    let tokens = client::tokens_in(&sandbox, store.clone());
    let mut secrets = Secrets::default();

    // The token is obtained, refused, refreshed, and finally refused permanently.
    let first = tokens.token(DEMO_ORG_ID).await.unwrap();
    let pair = store.load(DEMO_ORG_ID).await.unwrap().unwrap();
    secrets.pair(&pair.access_token, &pair.refresh_token);
    tokens.credential(DEMO_ORG_ID).rejected(&first);
    let second = tokens.token(DEMO_ORG_ID).await.unwrap();
    let pair = store.load(DEMO_ORG_ID).await.unwrap().unwrap();
    secrets.pair(&pair.access_token, &pair.refresh_token);
    sandbox.remove(DEMO_ORG_ID);
    tokens.invalidate(DEMO_ORG_ID).await.unwrap();
    tokens.token(DEMO_ORG_ID).await.unwrap_err();
    let unstored = client::tokens_in(&sandbox, Failing::Down);
    unstored.forget(DEMO_ORG_ID).await.unwrap_err();
    unstored.token(DEMO_ORG_ID).await.unwrap_err();

    let obtained = capture.said("obtained an access token");
    let told = |field: &str| obtained.iter().map(|event| event[field].clone()).collect();
    let grants: Vec<String> = told("grant");
    assert_eq!(grants, ["get_token", "refresh_token"]);
    let generations: Vec<String> = told("generation");
    assert_eq!(
        generations,
        [first.generation(), second.generation()].map(|g| g.to_string())
    );
    let refused = capture.said("a server rejected the access token");
    assert_eq!(refused[0]["generation"], first.generation().to_string());
    assert_eq!(refused[0]["kept"], "false");
    let failed = capture.said("`get_token` failed");
    assert_eq!(failed[0]["kind"], "GrantRefused");
    let unstored = capture.said("the token store failed");
    assert!(unstored[0]["error"].contains("it is down"), "{unstored:?}");
    for event in obtained
        .iter()
        .chain(&refused)
        .chain(&failed)
        .chain(&unstored)
    {
        assert_eq!(event["org_id"], DEMO_ORG_ID);
    }
    capture.has_none_of(&secrets);
}

#[tokio::test]
async fn logs_show_no_part_of_a_user_info_token() {
    let capture = Capture::start();
    let sandbox = Sandbox::start().await.unwrap();
    let client = client::auth(&sandbox);
    let mut secrets = Secrets::default();
    let failure = Answer::error(StatusCode::INTERNAL_SERVER_ERROR, 2000);
    sandbox.script("get_jwks", [failure]).unwrap();
    let claims = [
        json!({ "sub": "hunter2" }),
        json!({ "sub": "hunter2", "exp": 1 }),
    ];
    for claims in claims {
        let token = sandbox.user_info_token(claims);
        token.split('.').for_each(|part| secrets.add(part));
        let token = Secret::new(token);
        for _ in 0..2 {
            let verified = client::user_info(&client, &sandbox).verify(&token).await;
            tracing::info!(error = ?verified.err(), "verified");
        }
    }
    secrets.add("hunter2");
    assert_eq!(
        capture.said("fetched the keys of user info tokens").len(),
        3
    );
    let text = capture.text();
    assert!(
        text.contains("could not fetch the keys of user info tokens"),
        "{text}"
    );
    assert!(
        text.contains("KeysUnavailable") && text.contains("Expired"),
        "{text}"
    );
    capture.has_none_of(&secrets);
}

#[tokio::test]
async fn inbox_warns_at_its_start_if_the_router_has_no_otherwise() {
    let ignoring = Router::new().otherwise(async |_| Ok::<_, std::io::Error>(()));
    for (router, warns) in [(ignoring, false), (Router::new(), true)] {
        let capture = Capture::start();
        let verifier = InboundVerifier::new(&Environment::production()).unwrap();
        let inbox = Inbox::builder(verifier, MemoryLog::new(1), router);
        inbox.start().unwrap().shutdown().await;
        let text = capture.text();
        assert_eq!(text.contains("has no `otherwise`"), warns, "{text}");
    }
}
