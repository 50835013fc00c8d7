//! Tokens end when their time is over, or when a test ends them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use cobo_sandbox::{Clock, DEMO_ORG_ID, Sandbox};
use support::*;

const SECOND: Duration = Duration::from_secs(1);

async fn stopped_clock() -> Sandbox {
    let clock = Clock::fixed(1_700_000_000_000);
    Sandbox::builder().clock(clock).start().await.unwrap()
}

#[tokio::test]
async fn access_token_expires_after_43199_seconds() {
    let sandbox = stopped_clock().await;
    let (access, _) = pair(&sandbox).await;
    sandbox.advance(SECOND * 43_198);
    info(&sandbox, &access).await.assert_ok(200);
    sandbox.advance(SECOND);
    info(&sandbox, &access).await.assert_api_error(500, 1000);
}

#[tokio::test]
async fn refresh_token_expires_after_30_days() {
    let sandbox = stopped_clock().await;
    let (_, first) = pair(&sandbox).await;
    let (_, second) = pair(&sandbox).await;
    sandbox.advance(SECOND * (30 * 86_400 - 1));
    refresh(&sandbox, &first).await.assert_ok(200);
    sandbox.advance(SECOND);
    let expired = refresh(&sandbox, &second).await;
    expired.assert_oauth_error(400, "invalid_grant", "refresh token");
    // The app is still installed, so it can begin anew.
    pair(&sandbox).await;
}

#[tokio::test]
async fn token_lifetimes_can_be_set_before_and_after_start() {
    let sandbox = Sandbox::builder()
        .clock(Clock::fixed(0))
        .access_ttl(SECOND * 60)
        .refresh_ttl(SECOND * 120)
        .start()
        .await
        .unwrap();
    let answer = get_token(&sandbox, DEMO_ORG_ID).await;
    assert_eq!(answer.json()["expires_in"], 60);
    sandbox.set_access_ttl(SECOND * 30);
    sandbox.set_refresh_ttl(SECOND * 40);
    let later = get_token(&sandbox, DEMO_ORG_ID).await;
    assert_eq!(later.json()["expires_in"], 30);

    // What was issued before keeps the life it was given.
    sandbox.advance(SECOND * 40);
    info(&sandbox, &answer.text("access_token"))
        .await
        .assert_ok(200);
    info(&sandbox, &later.text("access_token"))
        .await
        .assert_api_error(500, 1000);
    refresh(&sandbox, &later.text("refresh_token"))
        .await
        .assert_oauth_error(400, "invalid_grant", "refresh token");
    refresh(&sandbox, &answer.text("refresh_token"))
        .await
        .assert_ok(200);
}

#[tokio::test]
async fn expire_access_tokens_invalidates_only_the_tokens_of_that_organization() {
    let sandbox = Sandbox::builder()
        .org_id("one")
        .org_id("two")
        .start()
        .await
        .unwrap();
    let one = get_token(&sandbox, "one").await;
    let two = get_token(&sandbox, "two").await;
    sandbox.expire_access_tokens("one");
    info(&sandbox, &one.text("access_token"))
        .await
        .assert_api_error(500, 1000);
    info(&sandbox, &two.text("access_token"))
        .await
        .assert_ok(200);

    let renewed = refresh(&sandbox, &one.text("refresh_token")).await;
    info(&sandbox, &renewed.text("access_token"))
        .await
        .assert_ok(200);

    sandbox.expire_refresh_tokens("two");
    refresh(&sandbox, &two.text("refresh_token"))
        .await
        .assert_oauth_error(400, "invalid_grant", "refresh token");
    info(&sandbox, &two.text("access_token"))
        .await
        .assert_ok(200);
}
