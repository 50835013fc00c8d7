//! Answers that a test scripted: for which operations, and how they are sent.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use cobo_sandbox::{
    Answer, Clock, DEMO_CLIENT_ID, DEMO_ORG_ID, Sandbox, ScriptError, Specification,
};
use http::StatusCode;
use serde_json::{Value, json};
use support::*;

const DOCUMENT: &str = include_str!("specification.yaml");
const OWN: [&str; 5] = [
    "get_token",
    "refresh_token",
    "exchange_permission_token",
    "refresh_permission_token",
    "get_org_info",
];

async fn with_document() -> Sandbox {
    let document = Specification::from_text(DOCUMENT).unwrap();
    let builder = Sandbox::builder().specification(document);
    builder.start().await.unwrap()
}

/// A call of one of the sandbox's own operations that succeeds without a script.
async fn call_of(sandbox: &Sandbox, operation: &str) -> Call {
    match operation {
        "get_token" => Call::get(&token_target(DEMO_CLIENT_ID, DEMO_ORG_ID, "org_implicit")),
        "refresh_token" => Call::post(TOKEN, &refresh_body(&pair(sandbox).await.1)),
        "exchange_permission_token" => Call::post(EXCHANGE, &exchange_body()),
        "refresh_permission_token" => {
            let exchanged = Call::post(EXCHANGE, &exchange_body()).send(sandbox).await;
            let token = exchanged.text("refresh_token");
            Call::post(PERMISSION_REFRESH, &json!({ "refresh_token": token }))
        }
        _ => Call::get(INFO).bearer(&pair(sandbox).await.0),
    }
}

fn exchange_body() -> Value {
    json!({ "permission_type": "payment_orders_payin" })
}

fn throttled() -> Answer {
    Answer::error(StatusCode::TOO_MANY_REQUESTS, 2026)
}

#[tokio::test]
async fn built_in_operations_can_be_scripted_with_and_without_a_document() {
    for sandbox in [Sandbox::start().await.unwrap(), with_document().await] {
        for operation in OWN {
            let call = call_of(&sandbox, operation).await;
            sandbox.script(operation, [throttled()]).unwrap();
            call.send(&sandbox).await.assert_api_error(429, 2026);
            // The script has ended.
            let call = call_of(&sandbox, operation).await;
            assert!(call.send(&sandbox).await.status.is_success(), "{operation}");
        }
    }
}

#[tokio::test]
async fn document_operation_id_scripts_the_built_in_operation_of_the_same_path() {
    let document = DOCUMENT.replace("  /wallets/check:", "  /organizations/info:");
    let document = Specification::from_text(&document).unwrap();
    let sandbox = Sandbox::builder().specification(document);
    let sandbox = sandbox.start().await.unwrap();
    let ids: Vec<&str> = sandbox.operation_ids().collect();
    assert!(
        ids.contains(&"get_org_info") && !ids.contains(&"check_wallets"),
        "{ids:?}"
    );
    for id in ["check_wallets", "get_org_info"] {
        sandbox.script(id, [throttled()]).unwrap();
        let call = call_of(&sandbox, "get_org_info").await;
        call.send(&sandbox).await.assert_api_error(429, 2026);
    }
}

#[tokio::test]
async fn refused_request_does_not_consume_a_scripted_response() {
    let sandbox = with_document().await;
    sandbox.script("get_org_info", [throttled()]).unwrap();
    sandbox.script("list_wallets", [throttled()]).unwrap();
    let (token, _) = pair(&sandbox).await;
    for target in [INFO, "/v2/wallets"] {
        let unsigned = Call::unsigned(reqwest::Method::GET, target, "").bearer(&token);
        unsigned.send(&sandbox).await.assert_api_error(401, 2024);
        let repeated = || {
            let call = Call::unsigned(reqwest::Method::GET, target, "").bearer(&token);
            let nonce = format!("once for {target}");
            call.sign_with_nonce(&demo_key(), &nonce)
        };
        Call::get(target)
            .send(&sandbox)
            .await
            .assert_api_error(401, 2024);
        let dead = Call::get(target).bearer("unknown").send(&sandbox).await;
        dead.assert_api_error(500, 1000);
        if target != INFO {
            let violation = Call::get(&format!("{target}?other=1")).bearer(&token);
            violation.send(&sandbox).await.assert_api_error(400, 2006);
        }
        repeated().send(&sandbox).await.assert_api_error(429, 2026);
        repeated().send(&sandbox).await.assert_api_error(401, 2024);
    }
}

#[tokio::test]
async fn unknown_operation_is_an_error_with_similar_ids() {
    let sandbox = with_document().await;
    for (id, similar) in [
        ("list_wallet", &["list_wallets"][..]),
        ("listWallets", &["list_wallets"]),
        ("get_tokens", &["get_token"]),
        ("Get-Org-Info", &["get_org_info"]),
        ("something_else", &[]),
        ("", &[]),
    ] {
        let error = sandbox.script(id, [throttled()]).unwrap_err();
        let expected = ScriptError::NoOperation {
            operation_id: id.to_owned(),
            similar: similar.iter().map(|id| (*id).to_owned()).collect(),
            has_document: true,
        };
        assert_eq!(error, expected);
        assert_eq!(sandbox.script_pages(id, []).unwrap_err(), expected);
    }
    assert_eq!(
        sandbox.script("list_wallet", []).unwrap_err().to_string(),
        "the sandbox has no operation `list_wallet`; similar: list_wallets"
    );
    let plain = Sandbox::start().await.unwrap();
    assert_eq!(
        plain.script("list_wallets", []).unwrap_err().to_string(),
        "the sandbox has no operation `list_wallets`; it was started without a document and has its own operations \
         only: give it one with `SandboxBuilder::specification`"
    );
}

#[tokio::test]
async fn built_in_operations_cannot_be_scripted_with_specification_only() {
    let document = Specification::from_text(DOCUMENT).unwrap();
    let builder = Sandbox::builder()
        .specification(document)
        .specification_only(true);
    let sandbox = builder.start().await.unwrap();
    for operation in OWN {
        let error = sandbox.script(operation, [throttled()]).unwrap_err();
        assert!(
            matches!(error, ScriptError::NoOperation { .. }),
            "{operation}"
        );
    }
}

#[tokio::test]
async fn scripted_headers_are_added_or_replace_the_default() {
    let sandbox = Sandbox::start().await.unwrap();
    let answer = throttled()
        .header("Retry-After", "7")
        .header("X-Twice", "one")
        .header("X-Twice", "two")
        .header("Cache-Control", "max-age=5");
    sandbox.script("get_token", [answer]).unwrap();
    let answer = get_token(&sandbox, DEMO_ORG_ID).await;
    answer.assert_api_error(429, 2026);
    assert_eq!(answer.headers["retry-after"], "7");
    let twice: Vec<_> = answer.headers.get_all("x-twice").iter().collect();
    assert_eq!(twice, ["one", "two"]);
    let cached: Vec<_> = answer.headers.get_all("cache-control").iter().collect();
    assert_eq!(cached, ["max-age=5"]);
}

#[tokio::test]
async fn invalid_scripted_header_is_an_error_and_nothing_is_scripted() {
    let sandbox = with_document().await;
    for (name, value) in [
        ("a b", "c"),
        ("", "c"),
        ("X-Line", "a\nb"),
        ("Content-Length", "1"),
        ("transfer-encoding", "chunked"),
    ] {
        let answers = [throttled(), throttled().header(name, value)];
        let error = sandbox.script("get_token", answers).unwrap_err();
        assert_eq!(error, ScriptError::InvalidHeader(name.to_owned()));
        let pages = [cobo_sandbox::Page::error(throttled().header(name, value))];
        let error = sandbox.script_pages("list_wallets", pages).unwrap_err();
        assert_eq!(error, ScriptError::InvalidHeader(name.to_owned()));
    }
    get_token(&sandbox, DEMO_ORG_ID).await.assert_ok(200);
}

#[tokio::test]
async fn scripted_text_body_is_sent_unchanged() {
    let sandbox = Sandbox::start().await.unwrap();
    let page = Answer::text(StatusCode::BAD_GATEWAY, "<html>").header("Content-Type", "text/html");
    let answers = [page, Answer::text(StatusCode::OK, "{\"a\"")];
    sandbox.script("get_token", answers).unwrap();
    let html = get_token(&sandbox, DEMO_ORG_ID).await;
    assert_eq!(html.assert_ok(502).body, b"<html>");
    assert_eq!(html.headers["content-type"], "text/html");
    let plain = get_token(&sandbox, DEMO_ORG_ID).await;
    assert_eq!(plain.assert_ok(200).body, b"{\"a\"");
    assert_eq!(plain.headers["content-type"], "text/plain");
}

#[tokio::test]
async fn scripted_timestamp_is_sent_and_signed() {
    let clock = Clock::fixed(1_700_000_000_000);
    let sandbox = Sandbox::builder().clock(clock).start().await.unwrap();
    let answers = [throttled().timestamp(1_600_000_000_000), throttled()];
    sandbox.script("get_token", answers).unwrap();
    for expected in ["1600000000000", "1700000000000"] {
        // `get_token` verifies the signature.
        let answer = get_token(&sandbox, DEMO_ORG_ID).await;
        assert_eq!(answer.headers["biz-timestamp"], expected);
    }
}

fn get_token_call() -> Call {
    Call::get(&token_target(DEMO_CLIENT_ID, DEMO_ORG_ID, "org_implicit"))
}

#[tokio::test]
async fn unsigned_response_has_no_signature_or_timestamp_headers() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox
        .script("get_token", [throttled().unsigned()])
        .unwrap();
    let answer = get_token_call().send_to(&origin(&sandbox)).await;
    answer.assert_api_error(429, 2026);
    let names = answer.headers.keys();
    let signed: Vec<_> = names
        .filter(|name| name.as_str().starts_with("biz"))
        .collect();
    assert!(signed.is_empty(), "{signed:?}");
}

fn origin(sandbox: &Sandbox) -> String {
    format!("http://{}", sandbox.address())
}

async fn response(sandbox: &Sandbox, call: Call) -> reqwest::Result<reqwest::Response> {
    let url = format!("{}{}", origin(sandbox), call.target);
    let request = client().request(call.method, url).headers(call.headers);
    request.body(call.body).send().await
}

#[tokio::test]
async fn torn_response_has_headers_and_a_truncated_body() {
    let sandbox = Sandbox::start().await.unwrap();
    let whole = Answer::text(StatusCode::OK, "0123456789");
    let one = Answer::text(StatusCode::OK, "0");
    let answers = [whole.torn(), one.torn()];
    sandbox.script("get_token", answers).unwrap();
    for expected in ["01234", ""] {
        let mut response = response(&sandbox, get_token_call()).await.unwrap();
        assert_eq!(response.status(), 200);
        assert!(response.headers().contains_key("biz-timestamp"));
        let mut body = Vec::new();
        let error = loop {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend(chunk),
                Ok(None) => panic!("the body ended as it should"),
                Err(error) => break error,
            }
        };
        assert!(!error.is_timeout());
        assert_eq!(body, expected.as_bytes());
    }
}

#[tokio::test]
async fn dropped_response_closes_the_connection_before_any_byte() {
    let sandbox = Sandbox::start().await.unwrap();
    let empty = Answer::empty(StatusCode::NO_CONTENT);
    let answers = [throttled().dropped(), empty.torn()];
    sandbox.script("get_token", answers).unwrap();
    for _ in 0..2 {
        let error = response(&sandbox, get_token_call()).await.unwrap_err();
        assert!(!error.is_connect() && !error.is_timeout(), "{error:?}");
    }
    assert_eq!(sandbox.received().len(), 2);
    // Other connections go on.
    get_token(&sandbox, DEMO_ORG_ID).await.assert_ok(200);
}

#[tokio::test]
async fn request_with_a_dropped_usual_response_was_executed() {
    let sandbox = Sandbox::start().await.unwrap();
    let (_, refresh_token) = pair(&sandbox).await;
    sandbox
        .script("refresh_token", [Answer::as_usual().dropped()])
        .unwrap();
    let call = || Call::post(TOKEN, &refresh_body(&refresh_token));
    response(&sandbox, call()).await.unwrap_err();
    call()
        .send(&sandbox)
        .await
        .assert_oauth_error(400, "invalid_grant", "used");
    assert_eq!(sandbox.replayed_refresh_tokens(), 1);

    // What it would refuse it refuses, with what is scripted beside.
    let usual = Answer::as_usual().header("X-More", "1");
    sandbox.script("refresh_token", [usual]).unwrap();
    let refused = call().send(&sandbox).await;
    refused.assert_oauth_error(400, "invalid_grant", "used");
    assert_eq!(refused.headers["x-more"], "1");
}

#[tokio::test]
async fn reset_response_resets_the_connection() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.script("get_token", [throttled().reset()]).unwrap();
    let error = response(&sandbox, get_token_call()).await.unwrap_err();
    let mut cause = std::error::Error::source(&error);
    let mut kinds = Vec::new();
    while let Some(error) = cause {
        kinds.extend(error.downcast_ref().map(std::io::Error::kind));
        cause = error.source();
    }
    assert!(
        kinds.contains(&std::io::ErrorKind::ConnectionReset),
        "{error:?}"
    );
}

#[tokio::test]
async fn request_with_a_failure_after_execution_was_executed() {
    let sandbox = Sandbox::start().await.unwrap();
    let (_, refresh_token) = pair(&sandbox).await;
    sandbox
        .script("refresh_token", [throttled().after_execution()])
        .unwrap();
    let call = || Call::post(TOKEN, &refresh_body(&refresh_token));
    call().send(&sandbox).await.assert_api_error(429, 2026);
    call()
        .send(&sandbox)
        .await
        .assert_oauth_error(400, "invalid_grant", "used");
}

/// Time is paused: it moves only where something sleeps.
#[tokio::test(start_paused = true)]
async fn delayed_response_is_sent_after_the_delay() {
    let sandbox = Sandbox::start().await.unwrap();
    let delay = Duration::from_secs(24 * 60 * 60);
    sandbox
        .script("get_token", [Answer::as_usual().delay(delay)])
        .unwrap();
    let started = tokio::time::Instant::now();
    get_token(&sandbox, DEMO_ORG_ID).await.assert_ok(200);
    assert!(started.elapsed() >= delay);
}
