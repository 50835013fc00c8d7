//! What the server refuses before it looks at what is asked.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use cobo_sandbox::{AppKey, DEMO_APP_KEY, DEMO_CLIENT_ID, DEMO_ORG_ID, Sandbox};
use ed25519_dalek::SigningKey;
use reqwest::Method;
use reqwest::header::HeaderValue;
use support::*;

const HEADERS: [&str; 3] = ["biz-api-key", "biz-api-nonce", "biz-api-signature"];

fn good() -> Call {
    Call::get(&token_target(DEMO_CLIENT_ID, DEMO_ORG_ID, "org_implicit"))
}

#[tokio::test]
async fn missing_empty_or_repeated_signature_header_is_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    for name in HEADERS {
        let mut missing = good();
        missing.headers.remove(name);
        let empty = good().header(name, "");
        let mut repeated = good();
        let value = repeated.headers[name].clone();
        repeated.headers.append(name, value);
        let mut foreign = good();
        foreign
            .headers
            .insert(name, HeaderValue::from_bytes(b"\xe9").unwrap());
        for call in [missing, empty, repeated, foreign] {
            let answer = call.send(&sandbox).await;
            answer.assert_api_error(401, 2024);
            let message = answer.text("error_message").to_lowercase();
            assert!(message.contains(name), "{message}");
        }
    }
}

#[tokio::test]
async fn unsigned_request_is_refused_on_every_path() {
    let sandbox = Sandbox::start().await.unwrap();
    for target in [TOKEN, INFO, "/v2/nowhere", "/"] {
        let call = Call::unsigned(Method::GET, target, "");
        call.send(&sandbox).await.assert_api_error(401, 2024);
    }
}

#[tokio::test]
async fn request_signed_with_an_unknown_key_is_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    let stranger = SigningKey::from_bytes(&[9; 32]);
    let target = token_target(DEMO_CLIENT_ID, DEMO_ORG_ID, "org_implicit");
    let unknown = Call::unsigned(Method::GET, &target, "").sign(&stranger);
    unknown
        .clone()
        .send(&sandbox)
        .await
        .assert_api_error(401, 2024);
    // A known key over a stranger's signature.
    let borrowed = unknown.header("biz-api-key", DEMO_APP_KEY);
    borrowed.send(&sandbox).await.assert_api_error(401, 2024);
}

#[tokio::test]
async fn request_that_differs_from_the_signed_message_is_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut other_order = good();
    other_order.target =
        format!("{TOKEN}?grant_type=org_implicit&client_id={DEMO_CLIENT_ID}&org_id={DEMO_ORG_ID}");
    let mut other_escape = good();
    other_escape.target = other_escape.target.replace("_implicit", "%5Fimplicit");
    let mut other_method = good();
    other_method.method = Method::DELETE;
    let mut other_body = Call::post(TOKEN, &refresh_body("x"));
    other_body.body.push(b' ');
    let other_nonce = good().header("biz-api-nonce", "other");
    for call in [
        other_order,
        other_escape,
        other_method,
        other_body,
        other_nonce,
    ] {
        call.send(&sandbox).await.assert_api_error(401, 2024);
    }
}

#[tokio::test]
async fn upper_case_hex_in_signature_headers_is_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    for name in ["biz-api-key", "biz-api-signature"] {
        let call = good();
        let upper = call.headers[name].to_str().unwrap().to_uppercase();
        let answer = call.header(name, &upper).send(&sandbox).await;
        answer.assert_api_error(401, 2024);
    }
}

#[tokio::test]
async fn any_nonce_text_is_accepted_once_and_refused_when_repeated() {
    let sandbox = Sandbox::start().await.unwrap();
    let unsigned = || Call::unsigned(Method::GET, good().target.as_str(), "");
    for nonce in ["any random string!", "1795288948543", "0"] {
        let call = unsigned().sign_with_nonce(&demo_key(), nonce);
        call.clone().send(&sandbox).await.assert_ok(200);
        call.send(&sandbox).await.assert_api_error(401, 2024);
    }
    // Nor is it accepted for another request.
    let call = Call::unsigned(Method::GET, INFO, "").sign_with_nonce(&demo_key(), "0");
    call.send(&sandbox).await.assert_api_error(401, 2024);
}

#[tokio::test]
async fn nonce_of_a_request_with_a_bad_signature_stays_unused() {
    let sandbox = Sandbox::start().await.unwrap();
    let call = good();
    let forged = call.clone().header("biz-api-signature", &"0".repeat(128));
    forged.send(&sandbox).await.assert_api_error(401, 2024);
    call.send(&sandbox).await.assert_ok(200);
}

#[tokio::test]
async fn nonce_that_contains_a_bar_is_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    let call = Call::unsigned(Method::GET, INFO, "").sign_with_nonce(&demo_key(), "1|a=b");
    call.send(&sandbox).await.assert_api_error(401, 2024);
}

#[tokio::test]
async fn repeated_nonce_is_accepted_if_reuse_is_allowed() {
    let sandbox = Sandbox::builder()
        .allow_nonce_reuse(true)
        .start()
        .await
        .unwrap();
    let call = good();
    call.clone().send(&sandbox).await.assert_ok(200);
    call.send(&sandbox).await.assert_ok(200);
}

#[tokio::test]
async fn app_keys_can_be_added_and_removed_after_start() {
    let sandbox = Sandbox::start().await.unwrap();
    let signing = SigningKey::from_bytes(&[9; 32]);
    let key = AppKey::from_hex(&hex::encode(signing.verifying_key().as_bytes())).unwrap();
    let call = || Call::unsigned(Method::GET, &good().target, "").sign(&signing);

    call().send(&sandbox).await.assert_api_error(401, 2024);
    sandbox.add_app_key(key);
    assert_eq!(sandbox.app_keys(), [DEMO_APP_KEY, &key.to_string()]);
    call().send(&sandbox).await.assert_ok(200);
    good().send(&sandbox).await.assert_ok(200);
    assert!(sandbox.remove_app_key(&key));
    call().send(&sandbox).await.assert_api_error(401, 2024);
}

#[tokio::test]
async fn configured_app_keys_replace_the_demo_key() {
    let signing = SigningKey::from_bytes(&[9; 32]);
    let key = AppKey::from_hex(&hex::encode(signing.verifying_key().as_bytes())).unwrap();
    let sandbox = Sandbox::builder().app_key(key).start().await.unwrap();
    assert_eq!(sandbox.app_secret(), None);
    assert_eq!(sandbox.app_keys(), [key.to_string()]);
    good().send(&sandbox).await.assert_api_error(401, 2024);
}
