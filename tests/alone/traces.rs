//! What an operator sees of calls, and that it contains no secret: all TRACE output of this crate,
//! the HTTP libraries and the sandbox, for calls with every outcome.

#![allow(clippy::unwrap_used)] // a panic fails the test

use std::time::Duration;

use cobo_auth::{
    AccessToken, Client, Credential, Ed25519Signer, Environment, Error, ErrorKind, FixedToken,
    HttpOptions, ResponseKeys, RetryPolicy, Secret,
};
use cobo_oauth::models;
use cobo_sandbox::Sandbox;
use cobo_tests::canned::{self, Canned};
use cobo_tests::capture::{Capture, Secrets};
use cobo_tests::client;
use http::Method;
use tokio::net::TcpListener;

/// Part of every secret that these tests create.
const MARK: &str = "hunter2";
const RESPONSE_SEED: [u8; 32] = [0xd5; 32];
const STRANGER_SEED: [u8; 32] = [0xe7; 32];

#[tokio::test]
async fn sandbox_calls_are_traced_without_secrets() {
    let capture = Capture::start();
    let sandbox = Sandbox::builder()
        .response_seed(&RESPONSE_SEED)
        .start()
        .await
        .unwrap();
    let auth = quick(client::environment(&sandbox));
    let oauth = cobo_oauth::OAuthClient::new(auth.clone());
    let mut secrets = secrets();

    // Obtain, use, refresh, use.
    let issued = get_token(&oauth).send().await.unwrap();
    let first = secrets.pair(&issued.access_token, &issued.refresh_token);
    organization(&auth, &issued.access_token).await.unwrap();
    let renewed = refresh(&oauth, &first).send().await.unwrap();
    secrets.pair(&renewed.access_token, &renewed.refresh_token);
    organization(&auth, &renewed.access_token).await.unwrap();
    // A spent token, an expired one, an unknown one, and a request signed with an unknown key.
    let spent = refresh(&oauth, &first).send().await.unwrap_err();
    assert_eq!(spent.oauth_error(), Some("invalid_grant"));
    sandbox.advance(Duration::from_secs(43_200));
    let expired = organization(&auth, &renewed.access_token).await;
    let expired = expired.unwrap_err();
    assert!(expired.is_token_expired());
    let signer = Ed25519Signer::from_seed(&STRANGER_SEED);
    let stranger = Client::new(client::environment(&sandbox), signer).unwrap();
    let stranger = cobo_oauth::OAuthClient::new(stranger);
    let refused = get_token(&stranger).send().await.unwrap_err();
    assert!(refused.is_auth());
    permission_tokens(&oauth, &mut secrets).await;

    let succeeded = capture.event("get_token", "succeeded");
    assert_eq!(succeeded["attempt"], "1");
    assert_eq!(succeeded["status"], "200");
    assert!(succeeded["bytes"].parse::<usize>().unwrap() > 0);
    assert!(succeeded["duration_ms"].parse::<u64>().is_ok());

    let failed = capture.event("GET /organizations/info", "the call failed");
    assert_eq!(failed["attempt"], "3");
    assert_eq!(failed["status"], "500");
    assert_eq!(failed["code"], "1000");
    assert_eq!(failed["kind"], "Api");
    // Each failed attempt has its own error id; the error contains that of the last one.
    let ids = capture.fields("GET /organizations/info", "the call failed", "error_id");
    assert_eq!(ids, [expired.error_id().unwrap()]);
    // A field without a value is absent.
    let failed = capture.event("refresh_token", "the call failed");
    assert!(!failed.contains_key("code") && !failed.contains_key("error_id"));

    let targets = capture.targets();
    for target in ["cobo_auth::call", "reqwest::connect", "cobo_sandbox"] {
        assert!(
            targets.iter().any(|seen| seen.starts_with(target)),
            "nothing of {target} in {targets:?}"
        );
    }
    capture.has_none_of(&secrets);
}

#[tokio::test]
async fn attempts_and_failures_are_traced_without_secrets() {
    let capture = Capture::start();
    let token = r#"{"access_token":"hunter2-access","refresh_token":"hunter2-refresh"}"#;
    let api = r#"{"error_code":2000,"error_message":"hunter2-message","error_id":"e-7"}"#;
    let page = canned::plain("503 hunter2-reason", "retry-after: 0\r\n", "<p>hunter2</p>");
    let failed = canned::signed("500 Internal Server Error", api);

    // Three attempts, of which the last succeeds.
    let server = Canned::start([page, failed, canned::signed("200 OK", token)]).await;
    call(&quick(server.environment())).await.unwrap();

    let location = "location: https://hunter2:hunter2@evil.example/hunter2?hunter2\r\n";
    let other = canned::signature("{}");
    let large = canned::signed("200 OK", &MARK.repeat(1_000));
    for (answer, kind) in [
        (
            canned::plain("307 Moved", location, ""),
            ErrorKind::Redirect,
        ),
        (canned::plain("200 OK", "", token), ErrorKind::Unverified),
        (
            canned::plain("200 OK", &other, token),
            ErrorKind::Unverified,
        ),
        (large, ErrorKind::TooLarge),
        (b"hunter2\r\n\r\n".to_vec(), ErrorKind::Transport),
        (
            canned::plain("400 hunter2", "", "hunter2"),
            ErrorKind::Unexpected,
        ),
    ] {
        let server = Canned::start([answer]).await;
        let error = call(&quick(server.environment())).await.unwrap_err();
        assert_eq!(error.kind(), kind);
    }
    let server = Canned::start([canned::signed("200 OK", r#"{"access_token":"hunter2"#)]).await;
    let oauth = cobo_oauth::OAuthClient::new(quick(server.environment()));
    let error = get_token(&oauth).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(call(&quick(nobody())).await.is_err());

    let operation = "POST /things";
    assert_eq!(capture.event(operation, "succeeded")["attempt"], "3");
    let again = capture.fields(operation, "attempting again", "attempt");
    assert_eq!(again[..2], ["1", "2"]);
    let again = capture.event(operation, "attempting again");
    assert_eq!(again["status"], "503");
    assert!(again.contains_key("delay"));
    let again = |field| capture.fields(operation, "attempting again", field);
    assert_eq!(again("status")[..2], ["503", "500"]);
    assert_eq!(again("code"), ["2000"]);
    assert_eq!(again("error_id"), ["e-7"]);
    // One event for each failed call.
    let failed = |field| capture.fields(operation, "the call failed", field);
    assert_eq!(failed("status")[0], "307");
    assert_eq!(failed("kind").len(), 7);
    assert_eq!(failed("kind").last().unwrap(), "Connect");
    capture.has_none_of(&secrets());
}

/// Events of a call identify the call, for every subscriber.
#[tokio::test]
async fn retry_and_failure_events_name_operation_organization_and_attempt() {
    let capture = Capture::start();
    let api = r#"{"error_code":2000,"error_message":"hunter2-message","error_id":"e-8"}"#;
    let failed = canned::signed("500 Internal Server Error", api);
    let server = Canned::start([failed]).await;
    let client = quick(server.environment()).with_credential(OfOrganization);
    let error = client.request(Method::GET, "/coins").send().await;
    assert_eq!(error.unwrap_err().error_id(), Some("e-8"));
    let unsendable = client.request(Method::CONNECT, "/coins").send().await;
    unsendable.unwrap_err();

    let of = |operation, message, field| capture.fields(operation, message, field);
    for (message, attempts) in [
        ("attempting again", &["1", "2"][..]),
        ("the call failed", &["3"]),
    ] {
        assert_eq!(of("GET /coins", message, "attempt"), attempts);
        for (field, value) in [
            ("operation", "GET /coins"),
            ("org_id", "organization-7"),
            ("status", "500"),
            ("code", "2000"),
            ("error_id", "e-8"),
        ] {
            let expected = vec![value; attempts.len()];
            assert_eq!(
                of("GET /coins", message, field),
                expected,
                "{message}: {field}"
            );
        }
    }
    let unsent = of("CONNECT /coins", "the call failed", "attempt");
    assert_eq!(unsent, ["0"]);

    // A request that could not even be built.
    client
        .request(Method::GET, "/a?b")
        .send()
        .await
        .unwrap_err();
    let oauth = cobo_oauth::OAuthClient::new(client);
    oauth.get_token().send().await.unwrap_err();
    for operation in ["GET", "get_token"] {
        assert_eq!(of(operation, "the call failed", "kind"), ["InvalidRequest"]);
    }
    capture.has_none_of(&secrets());
}

/// A credential that knows its organization.
#[derive(Debug)]
struct OfOrganization;

#[async_trait::async_trait]
impl Credential for OfOrganization {
    fn current(&self) -> Option<AccessToken> {
        FixedToken::new("hunter2-bearer").unwrap().current()
    }

    async fn fetch(&self) -> Result<AccessToken, Error> {
        unreachable!("there is a token")
    }

    fn rejected(&self, _: &AccessToken) {}

    fn org_id(&self) -> Option<&str> {
        Some("organization-7")
    }
}

#[tokio::test]
async fn switch_to_millisecond_nonces_logs_one_warning_that_names_the_setting() {
    let capture = Capture::start();
    let api = r#"{"error_code":2024,"error_message":"m","error_id":"e"}"#;
    let refused = canned::signed("401 Unauthorized", api);
    let ok = canned::signed("200 OK", "{}");
    let server = Canned::start([refused, ok]).await;
    let client = quick(server.environment());
    for _ in 0..3 {
        client.request(Method::GET, "/x").send().await.unwrap();
    }
    assert_eq!(server.received().len(), 4);
    let text = capture.text();
    let warnings = text
        .lines()
        .filter(|line| line.contains("ClientBuilder::nonces"));
    assert_eq!(warnings.count(), 1);
}

#[tokio::test]
async fn http2_traces_contain_no_secret() {
    let capture = Capture::start();
    let token = r#"{"access_token":"hunter2-access","refresh_token":"hunter2-refresh"}"#;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v2", listener.local_addr().unwrap());
    let server = tokio::spawn(serve_http_2(listener, token));
    let keys = canned::response_keys();
    // Without TLS, HTTP/2 cannot be negotiated as it is with Cobo.
    let client = client::builder(Environment::custom(&base_url, keys).unwrap())
        .http(HttpOptions::new().http2_prior_knowledge())
        .build()
        .unwrap();
    for _ in 0..2 {
        call(&client).await.unwrap();
    }
    server.abort();

    let targets = capture.targets();
    assert!(targets.iter().any(|target| target.starts_with("h2::")));
    assert_eq!(capture.event("POST /things", "succeeded")["status"], "200");
    capture.has_none_of(&secrets());
}

#[test]
fn trace_capture_records_printed_output() {
    let capture = Capture::start();
    let span = tracing::trace_span!("outer", operation = "op", later = tracing::field::Empty);
    span.in_scope(|| tracing::trace!(code = 7, "an event"));
    span.record("later", "canary-recorded");
    tracing::trace!(error = &Error::from(missing()) as &dyn std::error::Error);
    log::trace!("canary-logged {}", 7);
    assert_eq!(capture.event("op", "an event")["code"], "7");
    let text = capture.text();
    for expected in ["canary-recorded", "canary-logged 7", "missing required"] {
        assert!(text.contains(expected), "{text}");
    }

    let mut secrets = secrets();
    assert!(capture.printed(&secrets).is_empty());
    secrets.add("an event");
    assert_eq!(capture.printed(&secrets).len(), 1);
}

/// A client with the standard policy without delays.
fn quick(environment: Environment) -> Client {
    client::builder(environment)
        .retry(RetryPolicy::standard().base_delay(Duration::from_millis(1)))
        .max_response_bytes(5_000)
        .build()
        .unwrap()
}

/// Makes a call with a secret in every possible place.
async fn call(client: &Client) -> Result<(), Error> {
    let request = client
        .request(Method::POST, "/things")
        .query("code", "hunter2-query")
        .json(serde_json::json!({"password": "hunter2-request"}))
        .credential(FixedToken::new("hunter2-bearer").unwrap())
        .repeatable(true);
    request.send().await.map(|_| ())
}

fn get_token(client: &cobo_oauth::OAuthClient) -> cobo_oauth::operations::GetToken {
    client
        .get_token()
        .client_id(cobo_sandbox::DEMO_CLIENT_ID)
        .org_id(cobo_sandbox::DEMO_ORG_ID)
        .grant_type("org_implicit")
}

fn refresh(
    client: &cobo_oauth::OAuthClient,
    token: &Secret,
) -> cobo_oauth::operations::RefreshToken {
    let request = models::RefreshTokenRequest::builder()
        .client_id(cobo_sandbox::DEMO_CLIENT_ID)
        .grant_type("refresh_token")
        .refresh_token(token.clone());
    client.refresh_token().refresh_token_request(request)
}

async fn organization(auth: &Client, token: &Secret) -> Result<(), Error> {
    let request = auth
        .request(Method::GET, "/organizations/info")
        .credential(FixedToken::new(token.clone()).unwrap());
    request.send().await.map(|_| ())
}

#[allow(deprecated)] // deprecated operations still work
async fn permission_tokens(client: &cobo_oauth::OAuthClient, secrets: &mut Secrets) {
    let request =
        models::ExchangePermissionTokenRequest::builder().permission_type("payment_orders_payin");
    let call = client.exchange_permission_token();
    let call = call.exchange_permission_token_request(request);
    let issued = call.send().await.unwrap();
    let token = secrets.pair(&issued.access_token, &issued.refresh_token);
    let request = models::RefreshPermissionTokenRequest::builder().refresh_token(token);
    let call = client.refresh_permission_token();
    let call = call.refresh_permission_token_request(request);
    let renewed = call.send().await.unwrap();
    secrets.pair(&renewed.access_token, &renewed.refresh_token);
}

/// An address that nothing listens on.
fn nobody() -> Environment {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}/v2", listener.local_addr().unwrap());
    Environment::custom(&base_url, ResponseKeys::unverified()).unwrap()
}

fn missing() -> cobo_auth::MissingFields {
    models::RefreshTokenRequest::builder().build().unwrap_err()
}

/// Answers every request of one connection with this body, signed.
async fn serve_http_2(listener: TcpListener, body: &'static str) {
    let (stream, _) = listener.accept().await.unwrap();
    let mut connection = h2::server::handshake(stream).await.unwrap();
    while let Some(Ok((_, mut respond))) = connection.accept().await {
        let mut response = http::Response::builder().header("x-note", "hunter2-header");
        for line in canned::signature(body).lines() {
            let (name, value) = line.split_once(": ").unwrap();
            response = response.header(name, value);
        }
        let mut stream = respond.send_response(response.body(()).unwrap(), false);
        stream
            .as_mut()
            .unwrap()
            .send_data(body.into(), true)
            .unwrap();
    }
}

fn secrets() -> Secrets {
    let mut secrets = Secrets::default();
    secrets.add(MARK);
    secrets.add_bytes(&RESPONSE_SEED);
    secrets.add_bytes(&STRANGER_SEED);
    secrets
}
