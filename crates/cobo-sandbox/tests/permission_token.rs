//! The permission tokens: exchange, refresh, and what they refuse.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use cobo_sandbox::{DEMO_ORG_ID, Sandbox};
use serde_json::{Value, json};
use support::*;

fn exchange() -> Call {
    Call::post(
        EXCHANGE,
        &json!({ "permission_type": "payment_orders_payin" }),
    )
}

async fn refresh_permission(sandbox: &Sandbox, token: &str) -> Answer {
    let body = json!({ "refresh_token": token });
    Call::post(PERMISSION_REFRESH, &body).send(sandbox).await
}

#[tokio::test]
async fn permission_exchange_and_refresh_return_a_token_pair_with_four_fields() {
    let sandbox = Sandbox::start().await.unwrap();
    let first = exchange().send(&sandbox).await;
    let second = refresh_permission(&sandbox, &first.text("refresh_token")).await;
    for answer in [&first, &second] {
        answer.assert_ok(201);
        let body = answer.json();
        assert_eq!(body.as_object().unwrap().len(), 4);
        assert_eq!(body["token_type"], "Bearer");
        assert_eq!(body["expires_in"], 3_600);
        assert!(!answer.text("access_token").is_empty());
    }
    assert_ne!(first.text("refresh_token"), second.text("refresh_token"));
}

#[tokio::test]
async fn used_permission_refresh_token_is_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    let token = exchange().send(&sandbox).await.text("refresh_token");
    refresh_permission(&sandbox, &token).await.assert_ok(201);
    let again = refresh_permission(&sandbox, &token).await;
    again.assert_oauth_error(400, "invalid_grant", "refresh token");
}

#[tokio::test]
async fn permission_refresh_token_expires_after_seven_days() {
    let sandbox = Sandbox::start().await.unwrap();
    let day = Duration::from_secs(24 * 60 * 60);
    let first = exchange().send(&sandbox).await.text("refresh_token");
    let second = exchange().send(&sandbox).await.text("refresh_token");
    sandbox.advance(day * 6);
    refresh_permission(&sandbox, &first).await.assert_ok(201);
    sandbox.advance(day);
    let expired = refresh_permission(&sandbox, &second).await;
    expired.assert_oauth_error(400, "invalid_grant", "refresh token");
}

#[tokio::test]
async fn permission_token_request_without_a_required_parameter_is_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    for (target, body, name) in [
        (EXCHANGE, json!({}), "permission_type"),
        (
            EXCHANGE,
            json!({ "permission_type": "x" }),
            "payment_orders_payin",
        ),
        (PERMISSION_REFRESH, json!({}), "refresh_token"),
        (
            PERMISSION_REFRESH,
            json!({ "refresh_token": Value::Null }),
            "refresh_token",
        ),
    ] {
        let answer = Call::post(target, &body).send(&sandbox).await;
        answer.assert_oauth_error(400, "invalid_request", name);
    }
}

#[tokio::test]
async fn permission_exchange_with_an_expired_optional_bearer_is_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    let (access, _) = pair(&sandbox).await;
    let bound = exchange().bearer(&access).send(&sandbox).await;
    bound.assert_ok(201);
    let unbound = exchange().send(&sandbox).await;

    sandbox.expire_access_tokens(DEMO_ORG_ID);
    let refused = exchange().bearer(&access).send(&sandbox).await;
    refused.assert_api_error(500, 1000);
    let malformed = exchange()
        .header("authorization", "Basic eDp5")
        .send(&sandbox)
        .await;
    malformed.assert_api_error(401, 2024);

    // A pair that an organization granted ends with its installation.
    sandbox.remove(DEMO_ORG_ID);
    let dead = refresh_permission(&sandbox, &bound.text("refresh_token")).await;
    dead.assert_oauth_error(400, "invalid_grant", "refresh token");
    let alive = refresh_permission(&sandbox, &unbound.text("refresh_token")).await;
    alive.assert_ok(201);
}

#[tokio::test]
async fn permission_and_organization_tokens_are_not_interchangeable() {
    let sandbox = Sandbox::start().await.unwrap();
    let (_, organization) = pair(&sandbox).await;
    let permission = exchange().send(&sandbox).await;
    info(&sandbox, &permission.text("access_token"))
        .await
        .assert_api_error(500, 1000);
    let crossed = refresh_permission(&sandbox, &organization).await;
    crossed.assert_oauth_error(400, "invalid_grant", "refresh token");
}

#[tokio::test]
async fn other_methods_are_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    for target in [EXCHANGE, PERMISSION_REFRESH] {
        let answer = Call::get(target).send(&sandbox).await;
        answer.assert_api_error(405, 2021);
        assert_eq!(answer.headers["allow"], "POST");
    }
}
