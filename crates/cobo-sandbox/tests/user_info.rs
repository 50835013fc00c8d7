//! User info tokens, and the JWKS with which they are verified.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cobo_sandbox::{Clock, DEMO_CLIENT_ID, Sandbox};
use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::{Value, json};
use support::*;

const JWKS: &str = "/v2/oauth/authorize/jwks.json";
const NOW: u64 = 1_700_000_000;

fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

async fn keys(sandbox: &Sandbox) -> Vec<Value> {
    let answer = Call::unsigned(reqwest::Method::GET, JWKS, "")
        .send(sandbox)
        .await;
    let body = answer.assert_ok(200).json();
    body["keys"].as_array().unwrap().clone()
}

/// Verifies a token with these keys, and returns its claims; `None` if its key is not among them.
fn claims(token: &str, keys: &[Value]) -> Option<Value> {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (header, payload) = message.split_once('.').unwrap();
    let header: Value = serde_json::from_slice(&decode(header)).unwrap();
    assert_eq!(header["alg"], "EdDSA");
    let key = keys.iter().find(|key| key["kid"] == header["kid"])?;
    assert_eq!(
        (&key["kty"], &key["crv"]),
        (&json!("OKP"), &json!("Ed25519"))
    );
    let key = decode(key["x"].as_str().unwrap()).try_into().unwrap();
    let signature = Signature::from_slice(&decode(signature)).unwrap();
    let key = VerifyingKey::from_bytes(&key).unwrap();
    key.verify_strict(message.as_bytes(), &signature).unwrap();
    Some(serde_json::from_slice(&decode(payload)).unwrap())
}

#[tokio::test]
async fn token_has_the_documented_claims_and_verifies_with_the_jwks() {
    let sandbox = Sandbox::builder().clock(Clock::fixed(NOW * 1_000));
    let sandbox = sandbox.start().await.unwrap();
    let keys = keys(&sandbox).await;
    let expected = json!({
        "sub": "1234", "email": "user@example.com", "role_names": ["Admin"],
        "iss": format!("http://{}/", sandbox.address()), "aud": DEMO_CLIENT_ID,
        "iat": NOW, "exp": NOW + 300, "jti": "00000000000000000000000000000001",
    });
    let token = sandbox.user_info_token(json!({}));
    assert_eq!(claims(&token, &keys).unwrap(), expected);

    let changed = sandbox.user_info_token(json!({ "sub": "7", "email": null, "extra": [1] }));
    let changed = claims(&changed, &keys).unwrap();
    assert_eq!(
        (&changed["sub"], &changed["extra"]),
        (&json!("7"), &json!([1]))
    );
    assert!(changed.get("email").is_none());
    assert_ne!(changed["jti"], expected["jti"]);
}

#[tokio::test]
async fn jwks_has_the_current_key_and_the_one_before_it() {
    let sandbox = Sandbox::start().await.unwrap();
    let token = || sandbox.user_info_token(json!({}));
    let first = token();
    assert_eq!(keys(&sandbox).await.len(), 1);
    sandbox.rotate_portal_key();
    let second = token();
    let after_one = keys(&sandbox).await;
    assert_eq!(after_one.len(), 2);
    assert!(claims(&first, &after_one).is_some() && claims(&second, &after_one).is_some());
    sandbox.rotate_portal_key();
    let after_two = keys(&sandbox).await;
    assert_eq!(after_two.len(), 2);
    assert!(claims(&first, &after_two).is_none() && claims(&second, &after_two).is_some());
    assert!(claims(&token(), &after_two).is_some());
}

#[tokio::test]
async fn only_the_jwks_needs_no_signature() {
    let sandbox = Sandbox::start().await.unwrap();
    for (method, target) in [
        (reqwest::Method::POST, JWKS),
        (reqwest::Method::GET, "/v2/oauth/authorize/jwks"),
        (reqwest::Method::GET, TOKEN),
    ] {
        let call = Call::unsigned(method, target, "");
        call.send(&sandbox).await.assert_api_error(401, 2024);
    }
}
