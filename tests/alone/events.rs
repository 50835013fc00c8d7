//! The `tracing` spans of calls, and the events of the token source, of the verifier of user info tokens and of
//! the inbox. These tests have their own binary, since callsites cache across threads whether there is a
//! subscriber.

#![allow(clippy::unwrap_used)] // a panic fails the test

use std::collections::BTreeMap;
use std::time::Duration;

use cobo_auth::{
    Credential as _, Environment, FixedToken, InboundVerifier, ResponseKeys, RetryPolicy, Secret,
};
use cobo_axum::{Inbox, MemoryLog};
use cobo_oauth::{MemoryStore, TokenStore as _};
use cobo_sandbox::{Answer, DEMO_ORG_ID, Message, Sandbox};
use cobo_tests::canned::{self, Canned};
use cobo_tests::capture::{Capture, Secrets};
use cobo_tests::client;
use cobo_tests::failing::Failing;
use cobo_waas2::webhooks::Router;
use http::{Method, StatusCode};
use serde_json::json;
use tokio::net::TcpListener;

#[tokio::test]
async fn token_events_are_logged_without_secrets() {
    let capture = Capture::start();
    let sandbox = Sandbox::start().await.unwrap();
    let store = MemoryStore::new();
    let tokens = client::tokens_in(&sandbox, store.clone());
    let mut secrets = Secrets::default();

    // The token is obtained, refused, refreshed, and finally refused permanently.
    let first = tokens.token(DEMO_ORG_ID).await.unwrap();
    let pair = store.load(DEMO_ORG_ID).await.unwrap().unwrap();
    secrets.pair(&pair.access_token, &pair.refresh_token);
    tokens.credential(DEMO_ORG_ID).rejected(&first);
    let second = tokens.token(DEMO_ORG_ID).await.unwrap();
    let pair = store.load(DEMO_ORG_ID).await.unwrap().unwrap();
    secrets.pair(&pair.access_token, &pair.refresh_token);
    sandbox.remove(DEMO_ORG_ID);
    tokens.invalidate(DEMO_ORG_ID).await.unwrap();
    tokens.token(DEMO_ORG_ID).await.unwrap_err();
    let unstored = client::tokens_in(&sandbox, Failing::Down);
    unstored.forget(DEMO_ORG_ID).await.unwrap_err();
    unstored.token(DEMO_ORG_ID).await.unwrap_err();

    let obtained = capture.said("obtained an access token");
    let told = |field: &str| obtained.iter().map(|event| event[field].clone()).collect();
    let grants: Vec<String> = told("grant");
    assert_eq!(grants, ["get_token", "refresh_token"]);
    let generations: Vec<String> = told("generation");
    assert_eq!(
        generations,
        [first.generation(), second.generation()].map(|g| g.to_string())
    );
    let refused = capture.said("a server rejected the access token");
    assert_eq!(refused[0]["generation"], first.generation().to_string());
    assert_eq!(refused[0]["kept"], "false");
    let failed = capture.said("`get_token` failed");
    assert_eq!(failed[0]["kind"], "GrantRefused");
    let unstored = capture.said("the token store failed");
    assert!(unstored[0]["error"].contains("it is down"), "{unstored:?}");
    for event in obtained
        .iter()
        .chain(&refused)
        .chain(&failed)
        .chain(&unstored)
    {
        assert_eq!(event["org_id"], DEMO_ORG_ID);
    }
    capture.has_none_of(&secrets);
}

#[tokio::test]
async fn logs_show_no_part_of_a_user_info_token() {
    let capture = Capture::start();
    let sandbox = Sandbox::start().await.unwrap();
    let client = client::auth(&sandbox);
    let mut secrets = Secrets::default();
    let failure = Answer::error(StatusCode::INTERNAL_SERVER_ERROR, 2000);
    sandbox.script("get_jwks", [failure]).unwrap();
    let claims = [
        json!({ "sub": "hunter2" }),
        json!({ "sub": "hunter2", "exp": 1 }),
    ];
    for claims in claims {
        let token = sandbox.user_info_token(claims);
        token.split('.').for_each(|part| secrets.add(part));
        let token = Secret::new(token);
        for _ in 0..2 {
            let verified = client::user_info(&client, &sandbox).verify(&token).await;
            tracing::info!(error = ?verified.err(), "verified");
        }
    }
    secrets.add("hunter2");
    assert_eq!(
        capture.said("fetched the keys of user info tokens").len(),
        3
    );
    let text = capture.text();
    assert!(
        text.contains("could not fetch the keys of user info tokens"),
        "{text}"
    );
    assert!(
        text.contains("KeysUnavailable") && text.contains("Expired"),
        "{text}"
    );
    capture.has_none_of(&secrets);
}

#[tokio::test]
async fn inbox_warns_at_its_start_if_the_router_has_no_otherwise() {
    let ignoring = Router::new().otherwise(async |_| Ok::<_, std::io::Error>(()));
    for (router, warns) in [(ignoring, false), (Router::new(), true)] {
        let capture = Capture::start();
        let verifier = InboundVerifier::new(&Environment::production()).unwrap();
        let inbox = Inbox::builder(verifier, MemoryLog::new(1), router);
        inbox.start().unwrap().shutdown().await;
        let text = capture.text();
        assert_eq!(text.contains("has no `otherwise`"), warns, "{text}");
    }
}

#[tokio::test]
async fn panic_of_a_filter_is_logged_without_its_message() {
    let capture = Capture::start();
    let sandbox = Sandbox::start().await.unwrap();
    let keys = ResponseKeys::from_hex([sandbox.response_public_key().as_str()]).unwrap();
    let verifier = InboundVerifier::from_keys(keys).unwrap();
    let handlers = Router::new().otherwise(async |_| Ok::<_, std::io::Error>(()));
    let inbox = Inbox::builder(verifier, MemoryLog::new(1), handlers)
        .filter(|_| panic!("hunter2"))
        .start()
        .unwrap();
    let app = axum::Router::new().route("/", inbox.route());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });

    let data = json!({ "data_type": "Chains", "chains": [] });
    let event = Message::event(url, "wallets.chains.enabled", data);
    let delivery = sandbox.deliver(event.id("e-1"));
    let attempts = delivery.attempted(1).await;
    assert_eq!(attempts[0].status, Some(StatusCode::OK));
    let said = capture.said(
        "the filter panicked: the event is recorded, so that it is not lost; mend the filter",
    );
    assert_eq!(said[0]["event_id"], "e-1");
    assert!(!capture.text().contains("hunter2"));
    inbox.shutdown().await;
}

/// The fields of a span.
fn fields<const N: usize>(fields: [(&str, &str); N]) -> BTreeMap<String, String> {
    let fields = fields.into_iter();
    fields
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[tokio::test]
async fn each_request_of_a_call_is_a_span_with_the_fields_of_opentelemetry() {
    let capture = Capture::start();
    let unavailable = canned::plain("503 Service Unavailable", "retry-after: 0\r\n", "");
    let token = r#"{"access_token":"hunter2","token_type":"Bearer","expires_in":1}"#;
    let ok = canned::signed("200 OK", token);
    let server = Canned::start([unavailable, ok]).await;
    let retry = RetryPolicy::standard().base_delay(Duration::ZERO);
    let client = client::builder(server.environment()).retry(retry).build();
    let client = client.unwrap();
    let oauth = cobo_oauth::OAuthClient::new(client.clone());
    let call = oauth.get_token().client_id("hunter2").org_id("hunter2");
    let app = tracing::info_span!("app", job = "report");
    let call = call.grant_type("org_implicit").send();
    tracing::Instrument::instrument(call, app).await.unwrap();

    let port = url::Url::parse(server.base_url()).unwrap().port();
    let port = port.unwrap().to_string();
    let request = [
        ("otel.name", "GET /oauth/token"),
        ("otel.kind", "client"),
        ("http.request.method", "GET"),
        ("server.address", "127.0.0.1"),
        ("server.port", port.as_str()),
        ("url.template", "/oauth/token"),
    ];
    let mut failed = fields(request);
    failed.extend(fields([
        ("attempt", "1"),
        ("http.response.status_code", "503"),
        ("error.type", "unexpected"),
        ("otel.status_code", "ERROR"),
    ]));
    let mut succeeded = fields(request);
    succeeded.extend(fields([
        ("attempt", "2"),
        ("http.request.resend_count", "1"),
        ("http.response.status_code", "200"),
    ]));
    let call = fields([("otel.name", "get_token"), ("operation", "get_token")]);
    let spans = capture.spans("attempt");
    let shown: Vec<_> = spans.iter().map(|span| span.fields.clone()).collect();
    assert_eq!(shown, [failed, succeeded]);
    assert!(spans.iter().all(|span| span.parent == call), "{spans:?}");
    let spans = capture.spans("cobo");
    assert_eq!((spans.len(), &spans[0].fields), (1, &call));
    assert_eq!(spans[0].parent, fields([("job", "report")]));

    // A request without a document: its path and its query are in no span of a request.
    let call = client.request(Method::GET, "/wallets/hunter2");
    let call = call.query("code", "hunter2");
    let call = call.credential(FixedToken::new("hunter2").unwrap());
    call.send().await.unwrap();
    let spans = capture.spans("attempt");
    assert_eq!(spans[2].fields["otel.name"], "GET");
    assert!(!format!("{:?}", spans[2].fields).contains("hunter2"));
    assert!(!spans[2].fields.contains_key("url.template"));
    assert_eq!(capture.spans("cobo")[1].fields["otel.name"], "raw");
}

#[tokio::test]
async fn failure_without_a_response_is_in_the_spans() {
    let capture = Capture::start();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v2", listener.local_addr().unwrap());
    let silent = Environment::custom(&base_url, ResponseKeys::unverified()).unwrap();
    let patient = RetryPolicy::none();
    let hasty = patient.clone().deadline(Duration::from_millis(500));
    let [hasty, patient] = [hasty, patient].map(|policy| {
        let client = client::builder(silent.clone()).retry(policy);
        client.build().unwrap()
    });
    let late = hasty.request(Method::GET, "/coins").send().await;
    late.unwrap_err();
    drop(listener);
    let refused = patient.request(Method::GET, "/coins").send().await;
    refused.unwrap_err();
    let unbuilt = patient.request(Method::GET, "/a?b").send().await;
    unbuilt.unwrap_err();

    let kinds = |name| -> Vec<String> {
        let spans = capture.spans(name).into_iter();
        let fields = spans.map(|span| span.fields);
        fields
            .inspect(|fields| assert_eq!(fields["otel.status_code"], "ERROR"))
            .inspect(|fields| assert!(!fields.contains_key("http.response.status_code")))
            .map(|fields| fields["error.type"].clone())
            .collect()
    };
    assert_eq!(kinds("attempt"), ["timeout", "connect"]);
    assert_eq!(kinds("cobo"), ["timeout", "connect", "invalid_request"]);
}

#[tokio::test]
async fn request_for_a_token_is_below_the_call_that_needs_it() {
    let capture = Capture::start();
    let sandbox = Sandbox::start().await.unwrap();
    let tokens = client::tokens(&sandbox);
    let client = client::auth(&sandbox).with_credential(tokens.credential(DEMO_ORG_ID));
    let call = client.request(Method::GET, "/organizations/info");
    call.send().await.unwrap();
    tokens.shutdown().await;

    let spans = capture.spans("cobo");
    let operations: Vec<_> = spans.iter().map(|span| &span.fields["operation"]).collect();
    assert_eq!(operations, ["get_token", "GET /organizations/info"]);
    assert_eq!(spans[0].parent, spans[1].fields);
    // The span of the call's request starts when the token is there.
    let parents = capture.spans("attempt").into_iter();
    let parents: Vec<_> = parents
        .map(|span| span.parent["operation"].clone())
        .collect();
    assert_eq!(parents, ["get_token", "GET /organizations/info"]);
}
