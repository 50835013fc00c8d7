//! The extractor of user info tokens, on a sandbox that is the portal.

#![cfg(feature = "user-info")]
#![allow(clippy::unwrap_used)] // a panic fails the test

mod support;

use axum::extract::State;
use axum::routing::{get, post};
use cobo_auth::{Environment, ResponseKeys, Secret, UserInfoVerifier};
use cobo_axum::{Rejection, UserInfo};
use cobo_sandbox::{Answer, Sandbox};
use http::StatusCode;
use serde_json::json;
use support::{http, send, serve, values};

/// Serves an app: `GET /` takes the token from the header, `POST /` from the body.
async fn app(sandbox: &Sandbox) -> String {
    let environment = Environment::custom(sandbox.base_url(), ResponseKeys::unverified()).unwrap();
    let builder = UserInfoVerifier::builder_without_client(&environment, sandbox.client_id());
    let verifier = builder.issuer(sandbox.portal_url()).build().unwrap();
    let from_header = get(async |UserInfo(user): UserInfo| user.sub);
    let from_body = post(
        async |State(verifier): State<UserInfoVerifier>, token: String| {
            let user = verifier.verify(&Secret::new(token)).await?;
            Ok::<_, Rejection>(user.sub)
        },
    );
    let app = axum::Router::new()
        .route("/", from_header)
        .route("/body", from_body);
    serve(app.with_state(verifier)).await
}

async fn get_with(url: &str, authorization: &[&str]) -> (u16, String) {
    let request = authorization
        .iter()
        .fold(http().get(url), |request, value| {
            request.header("authorization", *value)
        });
    send(request).await
}

#[tokio::test]
async fn genuine_token_reaches_the_handler_and_others_are_answered_with_401() {
    let sandbox = Sandbox::start().await.unwrap();
    let url = app(&sandbox).await;
    let token = sandbox.user_info_token(json!({ "sub": "77" }));
    let good = format!("Bearer {token}");
    assert_eq!(get_with(&url, &[&good]).await, (200, "77".to_owned()));
    let lower = format!("bearer {token}");
    assert_eq!(get_with(&url, &[&lower]).await, (200, "77".to_owned()));

    let of = |claims| format!("Bearer {}", sandbox.user_info_token(claims));
    let basic = format!("Basic {token}");
    for (name, headers, text) in [
        ("no header", vec![], "no token"),
        ("no scheme", vec![token.clone()], "no token"),
        ("another scheme", vec![basic], "no token"),
        ("no token", vec!["Bearer ".to_owned()], "no token"),
        ("two headers", vec![good.clone(), good.clone()], "no token"),
        (
            "no JWT",
            vec!["Bearer hunter2".to_owned()],
            "malformed token",
        ),
        (
            "cut off",
            vec![good[..good.len() - 6].to_owned()],
            "invalid token",
        ),
        ("expired", vec![of(json!({ "exp": 1 }))], "token expired"),
        (
            "another app",
            vec![of(json!({ "aud": "another" }))],
            "invalid token",
        ),
        (
            "another issuer",
            vec![of(json!({ "iss": "https://x/" }))],
            "invalid token",
        ),
        ("no user", vec![of(json!({ "sub": null }))], "invalid token"),
    ] {
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        let answer = get_with(&url, &headers).await;
        assert_eq!(answer, (401, text.to_owned()), "{name}");
    }
    assert_eq!(sandbox.received().len(), 1, "one request for the keys");
}

/// RFC 9110 requires the header with a 401, and RFC 6750 says what it has for a bearer token.
#[tokio::test]
async fn a_401_says_that_a_bearer_token_is_expected_and_whether_it_was_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    let url = app(&sandbox).await;
    let expired = sandbox.user_info_token(json!({ "exp": 1 }));
    let with = |authorization: &str| http().get(&url).header("authorization", authorization);
    let in_body = http().post(format!("{url}/body")).body(expired.clone());
    for (request, challenge) in [
        (http().get(&url), "Bearer"),
        (with("Basic dXNlcg=="), "Bearer"),
        (
            with(&format!("Bearer {expired}")),
            r#"Bearer error="invalid_token""#,
        ),
        (in_body, r#"Bearer error="invalid_token""#),
    ] {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 401);
        assert_eq!(values(&response, "www-authenticate"), [challenge]);
        assert_eq!(
            values(&response, "content-type"),
            ["text/plain; charset=utf-8"]
        );
    }

    let failure = Answer::error(StatusCode::INTERNAL_SERVER_ERROR, 2000);
    sandbox.rotate_portal_key();
    sandbox.script("get_jwks", [failure]).unwrap();
    let url = app(&sandbox).await;
    let token = format!("Bearer {}", sandbox.user_info_token(json!({})));
    let unavailable = http().get(&url).header("authorization", token);
    let response = unavailable.send().await.unwrap();
    assert_eq!(response.status(), 503);
    assert!(!response.headers().contains_key("www-authenticate"));
}

#[tokio::test]
async fn token_from_another_place_is_verified_in_the_handler() {
    let sandbox = Sandbox::start().await.unwrap();
    let url = format!("{}/body", app(&sandbox).await);
    let token = sandbox.user_info_token(json!({}));
    let answer = send(http().post(&url).body(token)).await;
    assert_eq!(answer, (200, "1234".to_owned()));
    let expired = sandbox.user_info_token(json!({ "exp": 1 }));
    let answer = send(http().post(&url).body(expired)).await;
    assert_eq!(answer, (401, "token expired".to_owned()));
}

#[tokio::test]
async fn answer_is_503_while_the_keys_cannot_be_fetched() {
    let sandbox = Sandbox::start().await.unwrap();
    let failure = Answer::error(StatusCode::INTERNAL_SERVER_ERROR, 2000);
    sandbox.script("get_jwks", [failure]).unwrap();
    let url = app(&sandbox).await;
    let token = format!("Bearer {}", sandbox.user_info_token(json!({})));
    let answer = get_with(&url, &[&token]).await;
    assert_eq!(answer, (503, "try again later".to_owned()));
}
