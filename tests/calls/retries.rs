//! Calls that fail at first: how often they are attempted, and that every attempt is a new request.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use cobo_auth::{
    AccessToken, Client, Credential, Error, ErrorCode, ErrorKind, Execution, Operation, Request,
    RetryPolicy, Secret,
};
use cobo_tests::canned::{self, Canned};
use cobo_tests::client;
use http::Method;

const EXPIRED: &str = r#"{"error_code":1000,"error_message":"m","error_id":"i"}"#;

/// The standard policy without delays.
fn quick() -> RetryPolicy {
    RetryPolicy::standard().base_delay(Duration::from_millis(1))
}

fn on(server: &Canned) -> Client {
    client::builder(server.environment())
        .retry(quick())
        .build()
        .unwrap()
}

fn unavailable() -> Vec<u8> {
    canned::plain(
        "503 Service Unavailable",
        "content-type: text/html\r\n",
        "<html>",
    )
}

fn ok() -> Vec<u8> {
    canned::signed("200 OK", "{}")
}

fn header(request: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(request);
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{name}: ")));
    line.map(str::to_owned)
}

#[tokio::test]
async fn every_attempt_has_a_new_nonce_and_signature() {
    let bad_gateway = canned::plain("502 Bad Gateway", "", "");
    let server = Canned::start([unavailable(), bad_gateway, ok()]).await;
    on(&server).request(Method::GET, "/x").send().await.unwrap();

    let received = server.received();
    assert_eq!(received.len(), 3);
    for name in ["biz-api-nonce", "biz-api-signature"] {
        let distinct: HashSet<_> = received
            .iter()
            .map(|request| header(request, name))
            .collect();
        assert_eq!(distinct.len(), 3, "{name}");
    }
}

#[tokio::test]
async fn last_error_is_returned_after_all_attempts_fail() {
    let server = Canned::start([unavailable()]).await;
    let error = on(&server)
        .request(Method::GET, "/x")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.status().unwrap(), 503);
    assert_eq!(server.received().len(), 3);
}

#[tokio::test]
async fn retry_policy_can_be_overridden_for_one_call() {
    let server = Canned::start([unavailable()]).await;
    let client = on(&server);
    let once = client.with_retry(RetryPolicy::none());
    assert!(once.request(Method::GET, "/x").send().await.is_err());
    assert_eq!(server.received().len(), 1);
    assert!(client.request(Method::GET, "/x").send().await.is_err());
    assert_eq!(server.received().len(), 4);
}

#[tokio::test]
async fn non_repeatable_call_is_sent_only_once() {
    static WRITE: Operation = Operation::post("write", "/x");
    static READ: Operation = Operation::post("read", "/x").repeatable(true);
    let server = Canned::start([unavailable()]).await;
    let client = on(&server);
    let execute = |operation| Request::<()>::of(&client, operation).send();
    assert!(execute(&WRITE).await.is_err());
    assert_eq!(server.received().len(), 1);
    assert!(execute(&READ).await.is_err());
    assert_eq!(server.received().len(), 4);

    assert!(client.request(Method::POST, "/x").send().await.is_err());
    assert_eq!(server.received().len(), 5);
    assert!(
        client
            .request(Method::POST, "/x")
            .repeatable(true)
            .send()
            .await
            .is_err()
    );
    assert_eq!(server.received().len(), 8);
    assert!(
        client
            .request(Method::GET, "/x")
            .repeatable(false)
            .send()
            .await
            .is_err()
    );
    assert_eq!(server.received().len(), 9);
}

#[tokio::test]
async fn client_clones_share_one_retry_budget() {
    let server = Canned::start([unavailable()]).await;
    let client = on(&server);
    for _ in 0..30 {
        assert!(
            client
                .clone()
                .request(Method::GET, "/x")
                .send()
                .await
                .is_err()
        );
    }
    // Thirty first attempts, and at most fifty retries in total.
    assert_eq!(server.received().len(), 80);
}

#[tokio::test]
async fn attempt_in_flight_is_aborted_at_the_deadline() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v2", listener.local_addr().unwrap());
    let keys = cobo_auth::ResponseKeys::unverified();
    let silent = cobo_auth::Environment::custom(&base_url, keys).unwrap();
    let policy = RetryPolicy::standard().deadline(Duration::from_millis(50));
    let client = client::builder(silent).retry(policy).build().unwrap();
    let error = client.request(Method::GET, "/x").send().await.unwrap_err();
    assert!(error.is_timeout());
    assert!(error.to_string().contains("deadline"), "{error}");
}

/// Returns a token of the next generation after each rejection.
#[derive(Debug, Default)]
struct Renewing {
    generation: AtomicU64,
    rejected: AtomicU64,
    fetched: AtomicU64,
}

#[derive(Debug, Clone, Default)]
struct Shared(Arc<Renewing>);

#[async_trait]
impl Credential for Shared {
    fn current(&self) -> Option<AccessToken> {
        None
    }

    async fn fetch(&self) -> Result<AccessToken, Error> {
        self.0.fetched.fetch_add(1, Ordering::SeqCst);
        let generation = self.0.generation.load(Ordering::SeqCst);
        AccessToken::new(Secret::new(format!("token-{generation}")), generation)
    }

    fn rejected(&self, token: &AccessToken) {
        self.0.rejected.fetch_add(1, Ordering::SeqCst);
        self.0
            .generation
            .fetch_max(token.generation() + 1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn expired_token_is_renewed_once_and_the_call_retried_immediately() {
    let expired = canned::signed("500 Internal Server Error", EXPIRED);
    let server = Canned::start([expired, ok()]).await;
    let credential = Shared::default();
    let call = on(&server)
        .request(Method::GET, "/x")
        .credential(credential.clone());
    call.send().await.unwrap();
    let tokens: Vec<_> = server
        .received()
        .iter()
        .map(|request| header(request, "authorization").unwrap())
        .collect();
    assert_eq!(tokens, ["Bearer token-0", "Bearer token-1"]);
    assert_eq!(credential.0.rejected.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn second_token_rejection_is_handled_as_an_internal_error() {
    let server = Canned::start([canned::signed("500 Internal Server Error", EXPIRED)]).await;
    let credential = Shared::default();
    let call = on(&server)
        .request(Method::GET, "/x")
        .credential(credential.clone());
    let error = call.send().await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::INTERNAL));
    // The first attempt, the one with the new token, and two further attempts.
    assert_eq!(server.received().len(), 4);
    // Only one renewal, however often the token is rejected.
    assert_eq!(credential.0.rejected.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn successful_token_renewal_uses_no_retry_budget() {
    let expired = canned::signed("500 Internal Server Error", EXPIRED);
    let answers = std::iter::repeat_n([expired, ok()], 200).flatten();
    let server = Canned::start(answers).await;
    let client = on(&server);
    // Any number of callers may find that their token has expired.
    for _ in 0..200 {
        let call = client
            .request(Method::GET, "/x")
            .credential(Shared::default());
        call.send().await.unwrap();
    }
    assert_eq!(server.received().len(), 400);
}

#[tokio::test]
async fn failed_token_renewals_use_the_retry_budget() {
    let server = Canned::start([canned::signed("500 Internal Server Error", EXPIRED)]).await;
    let client = on(&server);
    for _ in 0..30 {
        let call = client
            .request(Method::GET, "/x")
            .credential(Shared::default());
        assert!(call.send().await.is_err());
    }
    // Thirty first attempts, and at most fifty renewals and retries in total.
    assert_eq!(server.received().len(), 80);
}

/// A credential without a token.
#[derive(Debug, Default)]
struct Empty(AtomicU64);

#[async_trait]
impl Credential for Empty {
    fn current(&self) -> Option<AccessToken> {
        None
    }

    async fn fetch(&self) -> Result<AccessToken, Error> {
        self.0.fetch_add(1, Ordering::SeqCst);
        let server = Canned::start([canned::signed("500 Internal Server Error", EXPIRED)]).await;
        let client = on(&server).with_retry(RetryPolicy::none());
        Err(client
            .request(Method::GET, "/token")
            .send()
            .await
            .unwrap_err())
    }

    fn rejected(&self, _: &AccessToken) {}
}

#[tokio::test]
async fn failing_credential_is_called_once_and_no_request_is_sent() {
    let server = Canned::start([ok()]).await;
    let credential = Arc::new(Empty::default());
    let call = on(&server)
        .request(Method::GET, "/x")
        .credential(Arc::clone(&credential));
    let error = call.send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credential);
    // The response to the credential's call is not attributed to this call.
    assert_eq!(error.execution(), Execution::NotExecuted);
    assert!(!error.is_token_expired());
    assert_eq!((error.code(), error.status()), (None, None));
    let source = std::error::Error::source(&error).unwrap();
    assert!(
        source.to_string().starts_with("GET /token: code 1000"),
        "{source}"
    );
    assert_eq!(credential.0.load(Ordering::SeqCst), 1);
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn no_request_is_sent_after_the_deadline() {
    let server = Canned::start([ok()]).await;
    let client = on(&server);
    // With an open connection, a request would be sent at once.
    client.request(Method::GET, "/warm").send().await.unwrap();
    let late = client.with_retry(RetryPolicy::standard().deadline(Duration::ZERO));
    let error = late
        .request(Method::POST, "/late")
        .send()
        .await
        .unwrap_err();
    assert!(error.is_timeout());
    assert_eq!(error.execution(), Execution::NotExecuted);
    assert!(
        error
            .to_string()
            .ends_with("the request was not carried out"),
        "{error}"
    );
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn write_with_an_expired_token_returns_an_error_and_is_not_retried() {
    let expired = canned::signed("500 Internal Server Error", EXPIRED);
    let server = Canned::start([expired, ok()]).await;
    let credential = Shared::default();
    let client = on(&server);
    let call = client
        .request(Method::POST, "/x")
        .credential(credential.clone());
    assert!(call.send().await.unwrap_err().is_token_expired());
    assert_eq!(server.received().len(), 1);
    // The next call uses the new token.
    client
        .request(Method::POST, "/x")
        .credential(credential)
        .send()
        .await
        .unwrap();
    let second = &server.received()[1];
    assert_eq!(header(second, "authorization").unwrap(), "Bearer token-1");
}

#[tokio::test]
async fn invalid_token_error_is_handled_as_an_expired_token() {
    let challenge = "www-authenticate: Bearer error=\"invalid_token\"\r\n";
    let body = r#"{"error_code":2024,"error_message":"m","error_id":"i"}"#;
    let named = canned::plain("401 Unauthorized", challenge, body);
    let oauth = canned::plain(
        "401 Unauthorized",
        "",
        r#"{"error":"invalid_token","error_description":"d"}"#,
    );
    for answer in [named, oauth] {
        let server = Canned::start([answer, ok()]).await;
        let call = on(&server)
            .request(Method::GET, "/x")
            .credential(Shared::default());
        call.send().await.unwrap();
        assert_eq!(server.received().len(), 2);
    }
    // This 401 is about the signature, not about the token.
    let server = Canned::start([canned::plain("401 Unauthorized", "", body)]).await;
    let call = on(&server)
        .request(Method::GET, "/x")
        .credential(Shared::default());
    assert_eq!(
        call.send().await.unwrap_err().code(),
        Some(ErrorCode::AUTHENTICATION)
    );
    // The second request has another kind of nonce.
    assert_eq!(server.received().len(), 2);
}
