//! The two kinds of keys: an app's, which needs an organization's access token, and an organization's own.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use cobo_sandbox::{AppKey, DEMO_APP_KEY, DEMO_ORG_ID, Sandbox, Specification, StartError};
use support::*;

const DOCUMENT: &str = include_str!("specification.yaml");
const OWN_SEED: &str = "0101010101010101010101010101010101010101010101010101010101010101";
const OWN_ORG: &str = "organization-with-a-key";

fn own_key() -> AppKey {
    let key = key(OWN_SEED);
    AppKey::from_hex(&hex::encode(key.verifying_key().as_bytes())).unwrap()
}

fn call(target: &str) -> Call {
    Call::unsigned(reqwest::Method::GET, target, "").sign(&key(OWN_SEED))
}

async fn sandbox() -> Sandbox {
    let builder = Sandbox::builder().org_key(own_key(), OWN_ORG);
    builder.start().await.unwrap()
}

#[tokio::test]
async fn request_signed_with_an_organization_key_needs_no_token() {
    let sandbox = sandbox().await;
    let answer = call(INFO).send(&sandbox).await;
    assert_eq!(answer.assert_ok(200).text("org_id"), OWN_ORG);
    // It has not installed the app.
    assert_eq!(sandbox.org_ids(), [DEMO_ORG_ID]);
    assert_eq!(sandbox.app_keys(), [DEMO_APP_KEY]);
}

#[tokio::test]
async fn organization_key_with_an_access_token_is_refused() {
    let sandbox = sandbox().await;
    let (token, _) = pair(&sandbox).await;
    for token in [&*token, "unknown"] {
        let answer = call(INFO).bearer(token).send(&sandbox).await;
        answer.assert_api_error(401, 2024);
    }
}

#[tokio::test]
async fn organization_key_cannot_call_oauth_operations() {
    let sandbox = sandbox().await;
    let target = token_target(sandbox.client_id(), DEMO_ORG_ID, "org_implicit");
    call(&target)
        .send(&sandbox)
        .await
        .assert_api_error(401, 2024);
}

#[tokio::test]
async fn organization_key_and_token_return_the_same_organization() {
    let builder = Sandbox::builder().org_key(own_key(), DEMO_ORG_ID);
    let sandbox = builder.start().await.unwrap();
    let (token, _) = pair(&sandbox).await;
    let by_token = info(&sandbox, &token).await;
    let by_key = call(INFO).send(&sandbox).await;
    assert_eq!(by_token.assert_ok(200).json(), by_key.assert_ok(200).json());

    // Without the app the organization still has its key.
    assert!(sandbox.remove(DEMO_ORG_ID));
    info(&sandbox, &token).await.assert_api_error(500, 1000);
    call(INFO).send(&sandbox).await.assert_ok(200);
}

#[tokio::test]
async fn organization_keys_can_be_added_and_removed_after_start() {
    let sandbox = Sandbox::start().await.unwrap();
    call(INFO).send(&sandbox).await.assert_api_error(401, 2024);
    sandbox.add_org_key(own_key(), OWN_ORG);
    call(INFO).send(&sandbox).await.assert_ok(200);
    assert!(sandbox.remove_app_key(&own_key()));
    call(INFO).send(&sandbox).await.assert_api_error(401, 2024);
    assert!(!sandbox.remove_app_key(&own_key()));
}

#[tokio::test]
async fn same_key_for_an_app_and_an_organization_is_an_error() {
    let builder = Sandbox::builder().app_key(own_key());
    let started = builder.org_key(own_key(), OWN_ORG).start().await;
    assert!(matches!(started, Err(StartError::KeyOfBoth)));
}

/// The document's `security` says that `list_wallets` needs a signature only.
#[tokio::test]
async fn documented_operations_always_require_a_token_from_an_app() {
    let document = Specification::from_text(DOCUMENT).unwrap();
    let builder = Sandbox::builder().org_key(own_key(), OWN_ORG);
    let sandbox = builder.specification(document).start().await.unwrap();
    let list = "/v2/wallets";
    Call::get(list)
        .send(&sandbox)
        .await
        .assert_api_error(401, 2024);
    let dead = Call::get(list).bearer("unknown").send(&sandbox).await;
    dead.assert_api_error(500, 1000);
    let (token, _) = pair(&sandbox).await;
    Call::get(list)
        .bearer(&token)
        .send(&sandbox)
        .await
        .assert_ok(200);
    call(list).send(&sandbox).await.assert_ok(200);
    call(list)
        .bearer(&token)
        .send(&sandbox)
        .await
        .assert_api_error(401, 2024);
    // The token comes before the document's rules: these are not violations.
    assert_eq!(sandbox.violation_count(), 0);
}

#[tokio::test]
async fn specification_only_accepts_any_bearer_token_from_an_app() {
    let document = Specification::from_text(DOCUMENT).unwrap();
    let builder = Sandbox::builder()
        .specification(document)
        .specification_only(true);
    let sandbox = builder.org_key(own_key(), OWN_ORG).start().await.unwrap();
    let list = "/v2/wallets";
    Call::get(list)
        .send(&sandbox)
        .await
        .assert_api_error(401, 2024);
    Call::get(list)
        .bearer("any")
        .send(&sandbox)
        .await
        .assert_ok(200);
    call(list).send(&sandbox).await.assert_ok(200);
    call(list)
        .bearer("any")
        .send(&sandbox)
        .await
        .assert_api_error(401, 2024);
}

#[tokio::test]
async fn oauth_and_credential_none_operations_need_no_token() {
    let document = DOCUMENT.replace("  /files:\n", "  /oauth/files:\n");
    let document = document.replace(
        "operationId: list_wallets",
        "operationId: list_wallets\n      x-cobo-credential: none",
    );
    let document = Specification::from_text(&document).unwrap();
    let builder = Sandbox::builder()
        .specification(document)
        .specification_only(true);
    let sandbox = builder.org_key(own_key(), OWN_ORG).start().await.unwrap();
    Call::get("/v2/wallets").send(&sandbox).await.assert_ok(200);
    // Not refused for a token, but for what the document says of the body.
    let upload = || Call::unsigned(reqwest::Method::POST, "/v2/oauth/files", "");
    let answer = upload().sign(&demo_key()).send(&sandbox).await;
    answer.assert_api_error(400, 2003);
    let answer = upload().sign(&key(OWN_SEED)).send(&sandbox).await;
    answer.assert_api_error(401, 2024);
}
