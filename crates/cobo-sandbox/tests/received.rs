//! A test can read what the sandbox received.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use cobo_sandbox::{DEMO_CLIENT_ID, DEMO_ORG_ID, Sandbox};
use reqwest::Method;
use support::*;

#[tokio::test]
async fn received_requests_are_kept_unchanged_with_their_status() {
    let sandbox = Sandbox::start().await.unwrap();
    let target = format!(
        "{TOKEN}?client_id={DEMO_CLIENT_ID}&org_id={DEMO_ORG_ID}&grant_type=org_implicit&x=%2f+~"
    );
    Call::unsigned(Method::GET, &target, "")
        .sign_with_nonce(&demo_key(), "n-1")
        .send(&sandbox)
        .await
        .assert_ok(200);
    let body = " {\"grant_type\" : \"é\" }\n";
    Call::unsigned(Method::POST, TOKEN, body)
        .sign(&demo_key())
        .bearer("b")
        .send(&sandbox)
        .await
        .assert_ok(400);
    Call::unsigned(Method::GET, INFO, "")
        .send(&sandbox)
        .await
        .assert_ok(401);

    let received = sandbox.received();
    let [first, second, third] = &received[..] else {
        panic!("{received:?}");
    };
    assert_eq!(first.method, Method::GET);
    assert_eq!(first.target, target);
    assert_eq!(first.path(), TOKEN);
    assert_eq!(first.nonce.as_deref(), Some("n-1"));
    assert!(first.accepted);
    assert_eq!(first.status, 200);

    assert_eq!(second.body, body);
    assert_eq!(second.headers["authorization"], "Bearer b");
    assert!(second.accepted, "its signature was good");
    assert_eq!(second.status, 400);

    assert_eq!(third.nonce, None);
    assert!(!third.accepted);
    assert_eq!(third.status, 401);

    sandbox.clear_received();
    assert!(sandbox.received().is_empty());
}

#[tokio::test]
async fn received_limit_keeps_only_the_newest_requests() {
    let sandbox = Sandbox::builder().received_limit(2).start().await.unwrap();
    for path in ["/1", "/2", "/3"] {
        Call::get(path).send(&sandbox).await.assert_ok(404);
    }
    let received = sandbox.received();
    let targets: Vec<_> = received.iter().map(|kept| &*kept.target).collect();
    assert_eq!(targets, ["/2", "/3"]);

    let none = Sandbox::builder().received_limit(0).start().await.unwrap();
    Call::get("/1").send(&none).await.assert_ok(404);
    assert!(none.received().is_empty());
}

#[tokio::test]
async fn debug_of_the_handle_shows_no_secret() {
    let sandbox = Sandbox::start().await.unwrap();
    assert_eq!(
        format!("{sandbox:?}"),
        format!(
            "Sandbox {{ base_url: {:?}, client_id: {DEMO_CLIENT_ID:?}, org_ids: [{DEMO_ORG_ID:?}], .. }}",
            sandbox.base_url()
        )
    );
}
