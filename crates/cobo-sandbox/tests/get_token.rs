//! `get_token`: what it gives, and what it refuses.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use cobo_sandbox::{DEMO_CLIENT_ID, DEMO_ORG_ID, Sandbox};
use reqwest::Method;
use support::*;

#[tokio::test]
async fn get_token_returns_a_token_pair_with_five_fields() {
    let sandbox = Sandbox::start().await.unwrap();
    let answer = get_token(&sandbox, DEMO_ORG_ID).await;
    answer.assert_ok(200);
    let body = answer.json();
    assert_eq!(body.as_object().unwrap().len(), 5);
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["scope"], "");
    assert_eq!(body["expires_in"], 43_199);
    assert_ne!(answer.text("access_token"), answer.text("refresh_token"));
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn get_token_keeps_earlier_tokens_valid() {
    let sandbox = Sandbox::start().await.unwrap();
    let (access, refresh_token) = pair(&sandbox).await;
    let (other, _) = pair(&sandbox).await;
    assert_ne!(access, other);
    info(&sandbox, &access).await.assert_ok(200);
    info(&sandbox, &other).await.assert_ok(200);
    refresh(&sandbox, &refresh_token).await.assert_ok(200);
}

#[tokio::test]
async fn get_token_with_an_unknown_client_organization_or_grant_type_is_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    for (client, org, grant, error, about) in [
        (
            "x",
            DEMO_ORG_ID,
            "org_implicit",
            "invalid_client",
            "client_id",
        ),
        (
            DEMO_CLIENT_ID,
            "x",
            "org_implicit",
            "invalid_grant",
            "organization",
        ),
        (
            DEMO_CLIENT_ID,
            DEMO_ORG_ID,
            "x",
            "unsupported_grant_type",
            "org_implicit",
        ),
    ] {
        let answer = Call::get(&token_target(client, org, grant))
            .send(&sandbox)
            .await;
        answer.assert_oauth_error(400, error, about);
    }
}

#[tokio::test]
async fn get_token_error_names_a_missing_empty_or_repeated_parameter() {
    let sandbox = Sandbox::start().await.unwrap();
    let all = token_target(DEMO_CLIENT_ID, DEMO_ORG_ID, "org_implicit");
    for name in ["client_id", "org_id", "grant_type"] {
        let renamed = all.replace(&format!("{name}="), &format!("not_{name}="));
        let empty = all.replace(&format!("{name}="), &format!("{name}=&old="));
        let repeated = format!("{all}&{name}=org_implicit");
        for (target, what) in [
            (renamed, "missing"),
            (empty, "missing"),
            (repeated, "repeated"),
        ] {
            let answer = Call::get(&target).send(&sandbox).await;
            answer.assert_oauth_error(400, "invalid_request", &format!("{name} is {what}"));
        }
    }
}

#[tokio::test]
async fn get_token_accepts_parameters_in_any_order_and_escaping() {
    let sandbox = Sandbox::builder().org_id("a b/é").start().await.unwrap();
    for org_id in ["a+b%2F%C3%A9", "a%20b/%c3%a9"] {
        let target =
            format!("{TOKEN}?org_id={org_id}&grant_type=org%5Fimplicit&client_id={DEMO_CLIENT_ID}");
        Call::get(&target).send(&sandbox).await.assert_ok(200);
    }
}

#[tokio::test]
async fn access_token_identifies_its_organization() {
    let sandbox = Sandbox::builder()
        .org_id("one")
        .org_id("two")
        .start()
        .await
        .unwrap();
    for org_id in ["two", "one"] {
        let token = get_token(&sandbox, org_id).await.text("access_token");
        assert_eq!(info(&sandbox, &token).await.text("org_id"), org_id);
    }
}

#[tokio::test]
async fn other_methods_are_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        let call = Call::unsigned(method, TOKEN, "").sign(&demo_key());
        let answer = call.send(&sandbox).await;
        answer.assert_api_error(405, 2021);
        assert_eq!(answer.headers["allow"], "GET, POST");
    }
}
