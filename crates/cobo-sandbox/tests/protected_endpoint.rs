//! `get_org_info`: what an access token opens.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use cobo_sandbox::{Clock, DEMO_ORG_ID, Sandbox};
use support::*;

#[tokio::test]
async fn protected_endpoint_returns_the_organization_of_the_token() {
    let clock = Clock::fixed(1_700_000_000_000);
    let sandbox = Sandbox::builder().clock(clock).start().await.unwrap();
    let (access, _) = pair(&sandbox).await;
    let answer = info(&sandbox, &access).await;
    answer.assert_ok(200);
    assert_eq!(
        answer.json(),
        serde_json::json!({
            "org_id": DEMO_ORG_ID,
            "biz_org_id": 1,
            "name": "Sandbox organization 1",
            "created_timestamp": 1_700_000_000_000_u64,
        })
    );
    assert_eq!(answer.headers["biz-timestamp"], "1700000000000");
}

#[tokio::test]
async fn protected_endpoint_without_a_valid_bearer_header_responds_401() {
    let sandbox = Sandbox::start().await.unwrap();
    let (access, _) = pair(&sandbox).await;
    Call::get(INFO)
        .send(&sandbox)
        .await
        .assert_api_error(401, 2024);
    for malformed in ["Bearer", "Bearer ", "Basic eDp5", &access] {
        let call = Call::get(INFO).header("authorization", malformed);
        call.send(&sandbox).await.assert_api_error(401, 2024);
    }
    let mut twice = Call::get(INFO).bearer(&access);
    let value = twice.headers["authorization"].clone();
    twice.headers.append("authorization", value);
    twice.send(&sandbox).await.assert_api_error(401, 2024);
}

#[tokio::test]
async fn bearer_scheme_is_case_insensitive() {
    let sandbox = Sandbox::start().await.unwrap();
    let (access, _) = pair(&sandbox).await;
    let call = Call::get(INFO).header("authorization", &format!("bearer {access}"));
    call.send(&sandbox).await.assert_ok(200);
}

#[tokio::test]
async fn unknown_access_token_is_refused_with_status_500() {
    let sandbox = Sandbox::start().await.unwrap();
    let (_, refresh_token) = pair(&sandbox).await;
    for token in ["unknown", &refresh_token] {
        info(&sandbox, token).await.assert_api_error(500, 1000);
    }
}

#[tokio::test]
async fn bearer_without_a_request_signature_is_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    let (access, _) = pair(&sandbox).await;
    let call = Call::unsigned(reqwest::Method::GET, INFO, "").bearer(&access);
    call.send(&sandbox).await.assert_api_error(401, 2024);
}
