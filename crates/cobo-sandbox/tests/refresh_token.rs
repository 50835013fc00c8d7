//! `refresh_token`: rotation, and what it refuses.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use cobo_sandbox::{DEMO_CLIENT_ID, Sandbox};
use reqwest::Method;
use serde_json::{Value, json};
use support::*;

#[tokio::test]
async fn refresh_returns_a_new_pair_and_invalidates_the_used_refresh_token() {
    let sandbox = Sandbox::start().await.unwrap();
    let (access, first) = pair(&sandbox).await;

    let answer = refresh(&sandbox, &first).await;
    answer.assert_ok(200);
    assert_eq!(answer.json().as_object().unwrap().len(), 5);
    let second = answer.text("refresh_token");
    assert_ne!(first, second);

    refresh(&sandbox, &first)
        .await
        .assert_oauth_error(400, "invalid_grant", "refresh token");
    // The old access token and the new refresh token live on.
    info(&sandbox, &access).await.assert_ok(200);
    info(&sandbox, &answer.text("access_token"))
        .await
        .assert_ok(200);
    refresh(&sandbox, &second).await.assert_ok(200);
}

#[tokio::test]
async fn refresh_with_an_unknown_access_or_permission_token_is_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    let (access, _) = pair(&sandbox).await;
    let exchange = json!({ "permission_type": "payment_orders_payin" });
    let permission = Call::post(EXCHANGE, &exchange).send(&sandbox).await;
    for token in ["unknown", &access, &permission.text("refresh_token")] {
        let answer = refresh(&sandbox, token).await;
        answer.assert_oauth_error(400, "invalid_grant", "refresh token");
    }
}

#[tokio::test]
async fn refused_refresh_keeps_the_refresh_token_valid() {
    let sandbox = Sandbox::start().await.unwrap();
    let (_, token) = pair(&sandbox).await;
    for (field, value, error) in [
        ("client_id", "x", "invalid_client"),
        ("grant_type", "org_implicit", "unsupported_grant_type"),
    ] {
        let mut body = refresh_body(&token);
        body[field] = value.into();
        let answer = Call::post(TOKEN, &body).send(&sandbox).await;
        answer.assert_oauth_error(400, error, field);
    }
    refresh(&sandbox, &token).await.assert_ok(200);
}

#[tokio::test]
async fn refresh_error_names_a_missing_empty_or_non_string_parameter() {
    let sandbox = Sandbox::start().await.unwrap();
    for name in ["client_id", "grant_type", "refresh_token"] {
        for (value, what) in [
            (None, "missing"),
            (Some(Value::Null), "missing"),
            (Some("".into()), "missing"),
            (Some(7.into()), "not a string"),
        ] {
            let mut body = refresh_body("x");
            let members = body.as_object_mut().unwrap();
            match value {
                Some(value) => members.insert(name.to_owned(), value),
                None => members.remove(name),
            };
            let answer = Call::post(TOKEN, &body).send(&sandbox).await;
            answer.assert_oauth_error(400, "invalid_request", &format!("{name} is {what}"));
        }
    }
}

#[tokio::test]
async fn refresh_body_that_is_not_a_json_object_is_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    let repeated = format!(r#"{{"client_id":"x","client_id":"{DEMO_CLIENT_ID}"}}"#);
    for (body, about) in [
        ("", "JSON object"),
        ("grant_type=refresh_token", "JSON object"),
        ("[]", "JSON object"),
        (&repeated, "client_id is repeated"),
    ] {
        let call = Call::unsigned(Method::POST, TOKEN, body).sign(&demo_key());
        let answer = call.send(&sandbox).await;
        answer.assert_oauth_error(400, "invalid_request", about);
    }
}

#[tokio::test]
async fn refresh_without_a_json_content_type_is_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    let (_, token) = pair(&sandbox).await;
    let call = || Call::post(TOKEN, &refresh_body(&token));

    let mut without = call();
    without.headers.remove("content-type");
    for call in [without, call().header("content-type", "text/plain")] {
        let answer = call.send(&sandbox).await;
        answer.assert_oauth_error(415, "invalid_request", "application/json");
    }
    let with_charset = call().header("content-type", "application/json; charset=utf-8");
    with_charset.send(&sandbox).await.assert_ok(200);
}

#[tokio::test]
async fn only_one_concurrent_refresh_with_the_same_token_succeeds() {
    let sandbox = Sandbox::start().await.unwrap();
    let (_, token) = pair(&sandbox).await;
    let calls = std::array::from_fn::<_, 8, _>(|_| refresh(&sandbox, &token));
    let mut succeeded = 0;
    let [a, b, c, d, e, f, g, h] = calls;
    let answers = tokio::join!(a, b, c, d, e, f, g, h);
    for answer in <[Answer; 8]>::from(answers) {
        match answer.status.as_u16() {
            200 => succeeded += 1,
            _ => answer.assert_oauth_error(400, "invalid_grant", "refresh token"),
        }
    }
    assert_eq!(succeeded, 1);
}
