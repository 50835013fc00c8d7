//! Every response is signed. The helper verifies each answer of every test; here are the kinds of answers there are.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use cobo_sandbox::{DEMO_ORG_ID, Sandbox};
use reqwest::Method;
use support::*;

#[tokio::test]
async fn responses_are_signed_in_dashed_and_underscored_headers() {
    let sandbox = Sandbox::start().await.unwrap();
    get_token(&sandbox, DEMO_ORG_ID).await.assert_ok(200);
    get_token(&sandbox, "unknown").await.assert_ok(400);
    let unsigned = Call::unsigned(Method::GET, TOKEN, "");
    unsigned.send(&sandbox).await.assert_api_error(401, 2024);
    info(&sandbox, "unknown").await.assert_api_error(500, 1000);
}

#[tokio::test]
async fn error_responses_to_unknown_paths_and_methods_are_signed() {
    let sandbox = Sandbox::start().await.unwrap();
    for path in [
        "/",
        "/v2",
        "/v2/oauth/token/",
        "/oauth/token",
        "/v2/OAuth/token",
        "/v2/oauth%2Ftoken",
        "/v2/wallets?limit=1",
    ] {
        Call::get(path)
            .send(&sandbox)
            .await
            .assert_api_error(404, 2021);
    }
    let put = Call::unsigned(Method::PUT, INFO, "").sign(&demo_key());
    let answer = put.send(&sandbox).await;
    answer.assert_api_error(405, 2021);
    assert_eq!(answer.headers["allow"], "GET");
}

#[tokio::test]
async fn head_response_is_signed_over_an_empty_body() {
    let sandbox = Sandbox::start().await.unwrap();
    let head = Call::unsigned(Method::HEAD, INFO, "").sign(&demo_key());
    let answer = head.send(&sandbox).await;
    answer.assert_ok(405);
    assert!(answer.body.is_empty());
}

#[tokio::test]
async fn refusal_of_a_body_above_the_size_limit_is_signed() {
    const LIMIT: usize = 1024 * 1024;
    let sandbox = Sandbox::start().await.unwrap();
    let call = |length| Call::unsigned(Method::POST, TOKEN, vec![b' '; length]).sign(&demo_key());
    let answer = call(LIMIT).send(&sandbox).await;
    answer.assert_oauth_error(400, "invalid_request", "JSON object");
    for length in [LIMIT + 1, 4 * LIMIT] {
        call(length)
            .send(&sandbox)
            .await
            .assert_api_error(413, 2006);
    }
    let received = sandbox.received();
    assert!(received[0].accepted);
    assert!(!received[1].accepted && received[1].body.is_empty());
}

#[tokio::test]
async fn each_error_response_has_a_unique_error_id() {
    let sandbox = Sandbox::start().await.unwrap();
    let first = info(&sandbox, "unknown").await.text("error_id");
    let second = info(&sandbox, "unknown").await.text("error_id");
    assert_ne!(first, second);
}

#[tokio::test]
async fn response_key_is_random_for_each_sandbox_unless_configured() {
    let one = Sandbox::start().await.unwrap();
    let other = Sandbox::start().await.unwrap();
    assert_ne!(one.response_public_key(), other.response_public_key());

    let given = Sandbox::builder()
        .response_seed(&[7; 32])
        .start()
        .await
        .unwrap();
    assert_eq!(
        given.response_public_key(),
        "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c"
    );
    get_token(&given, DEMO_ORG_ID).await.assert_ok(200);
}
