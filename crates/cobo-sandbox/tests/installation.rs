//! An organization installs the app, and removes it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use cobo_sandbox::{DEMO_ORG_ID, Sandbox};
use support::*;

#[tokio::test]
async fn removed_app_gets_no_new_tokens_and_its_old_tokens_are_invalid() {
    let sandbox = Sandbox::start().await.unwrap();
    let (access, refresh_token) = pair(&sandbox).await;
    assert!(sandbox.remove(DEMO_ORG_ID));
    assert!(!sandbox.remove(DEMO_ORG_ID));
    assert!(sandbox.org_ids().is_empty());

    get_token(&sandbox, DEMO_ORG_ID).await.assert_oauth_error(
        400,
        "invalid_grant",
        "not installed",
    );
    refresh(&sandbox, &refresh_token).await.assert_oauth_error(
        400,
        "invalid_grant",
        "refresh token",
    );
    info(&sandbox, &access).await.assert_api_error(500, 1000);

    // Installing it again brings no old token back.
    assert!(sandbox.install(DEMO_ORG_ID));
    info(&sandbox, &access).await.assert_api_error(500, 1000);
    let (access, _) = pair(&sandbox).await;
    info(&sandbox, &access).await.assert_ok(200);
}

#[tokio::test]
async fn organization_installed_after_start_can_get_tokens() {
    let sandbox = Sandbox::start().await.unwrap();
    get_token(&sandbox, "new")
        .await
        .assert_oauth_error(400, "invalid_grant", "not installed");
    assert!(sandbox.install("new"));
    assert!(!sandbox.install("new"));
    assert_eq!(sandbox.org_ids(), [DEMO_ORG_ID, "new"]);
    let token = get_token(&sandbox, "new").await.text("access_token");
    assert_eq!(info(&sandbox, &token).await.text("org_id"), "new");
}

#[tokio::test]
async fn removing_one_organization_keeps_tokens_of_others_valid() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.install("other");
    let (access, _) = pair(&sandbox).await;
    sandbox.remove("other");
    info(&sandbox, &access).await.assert_ok(200);
}
