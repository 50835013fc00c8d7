//! What an error says about whether the call was executed, and what a signed response proves.

use std::time::Duration;

use async_trait::async_trait;
use cobo_auth::{
    AccessToken, Client, Credential, Ed25519Signer, Environment, Error, ErrorKind, Execution,
    FixedToken, ResponseKeys, RetryPolicy,
};
use cobo_oauth::TokenSource;
use cobo_tests::canned::{self, Canned};
use cobo_tests::client;
use http::Method;
use serde::Deserialize;

use world::{LIMITED, OneToken, World, done, limited, unavailable};

pub(crate) mod world;

#[tokio::test]
async fn call_outcome_is_unknown_if_a_later_attempt_finds_no_token() {
    let world = World::new();
    let server = Canned::start([unavailable()]).await;
    let request = world.client(&server).request(Method::POST, "/transfers");
    let request = request.repeatable(true).credential(OneToken::default());
    let error = request.send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credential);
    assert_eq!(server.received().len(), 1);
    assert_eq!(error.execution(), Execution::Unknown);
    let text = error.to_string();
    assert!(
        text.ends_with("an earlier attempt may have been carried out"),
        "{text}"
    );
    assert!(!text.contains("not carried out"), "{text}");
}

#[tokio::test]
async fn outcome_of_the_token_request_is_not_reported_as_outcome_of_the_call() {
    /// Fails as a call does that found no token for its second attempt.
    #[derive(Debug)]
    struct Nested(Client);

    #[async_trait]
    impl Credential for Nested {
        fn current(&self) -> Option<AccessToken> {
            None
        }

        async fn fetch(&self) -> Result<AccessToken, Error> {
            let request = self
                .0
                .request(Method::GET, "/token")
                .credential(OneToken::default());
            Err(request.send().await.unwrap_err())
        }

        fn rejected(&self, _: &AccessToken) {}
    }

    let world = World::new();
    let failing = Canned::start([unavailable()]).await;
    let server = Canned::start([done(&world, 0)]).await;
    let request = world.client(&server).request(Method::POST, "/transfers");
    let request = request.credential(Nested(world.client(&failing)));
    let error = request.send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credential);
    assert_eq!(error.execution(), Execution::NotExecuted);
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn undecodable_success_is_reported_as_executed_and_keeps_its_body() {
    #[derive(Debug, Deserialize)]
    struct Transfer {
        #[allow(dead_code)]
        status: String,
    }

    let world = World::new();
    let server = Canned::start([done(&world, 0)]).await;
    let sent = world
        .client(&server)
        .request(Method::POST, "/transfers")
        .send()
        .await;
    let error = sent.unwrap().json::<Transfer>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(error.execution(), Execution::Executed);
    let body: serde_json::Value = serde_json::from_slice(error.success_body().unwrap()).unwrap();
    assert_eq!(body["transaction_id"], "t-1");
    let text = error.to_string();
    assert!(text.contains("the call succeeded"), "{text}");
    assert!(text.contains("missing required fields: status"), "{text}");
    assert!(!format!("{text} {error:?}").contains("t-1"));
}

#[tokio::test]
async fn error_body_in_a_2xx_response_has_unknown_outcome() {
    let world = World::new();
    let body = r#"{"error_code":2003,"error_message":"m","error_id":null}"#;
    let (result, _) = world.write([world.signed(0, "200 OK", body)]).await;
    let error = result.unwrap_err();
    assert_eq!(error.execution(), Execution::Unknown);
    assert!(error.success_body().is_none());
}

#[tokio::test]
async fn write_is_retried_after_a_fresh_signed_429() {
    let world = World::new();
    let (result, requests) = world.write([limited(&world, 0), done(&world, 0)]).await;
    assert!(result.is_ok());
    assert_eq!(requests, 2);
    let (result, requests) = world.write([limited(&world, 0)]).await;
    assert_eq!(result.unwrap_err().execution(), Execution::NotExecuted);
    assert_eq!(requests, 3);
}

#[tokio::test]
async fn old_429_has_unknown_outcome_and_write_is_not_retried() {
    let world = World::new();
    // A successful call's response tells the client Cobo's time.
    assert!(world.write([done(&world, 0)]).await.0.is_ok());
    for (passed, signed_at, execution) in [
        (0, -5_000, Execution::NotExecuted),
        (0, -5_001, Execution::Unknown),
        // After six seconds the same 429 is too old, even if nothing else has arrived since.
        (6_000, 0, Execution::Unknown),
        (0, 1_000, Execution::NotExecuted),
    ] {
        world.clock.pass(passed);
        let (result, requests) = world.write([limited(&world, signed_at)]).await;
        let error = result.unwrap_err();
        assert!(error.is_signed() && error.is_rate_limited());
        assert_eq!(error.execution(), execution, "{signed_at}");
        let expected = if execution == Execution::Unknown {
            1
        } else {
            3
        };
        assert_eq!(requests, expected, "{signed_at}");
        let says = match execution {
            Execution::Unknown => "may have been carried out: look up its result before",
            _ => "the request was not carried out",
        };
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[tokio::test]
async fn signed_429_proves_no_execution_only_within_a_minute_of_local_time() {
    for (signed_at, execution) in [
        (60_000, Execution::NotExecuted),
        (60_001, Execution::Unknown),
        (-60_000, Execution::NotExecuted),
        (-60_001, Execution::Unknown),
    ] {
        let world = World::new();
        let (result, _) = world.write([limited(&world, signed_at)]).await;
        assert_eq!(result.unwrap_err().execution(), execution, "{signed_at}");
    }
}

#[tokio::test]
async fn only_signed_and_definite_rejections_count_as_not_executed() {
    let api = |code: i64| format!(r#"{{"error_code":{code},"error_message":"m","error_id":"e"}}"#);
    let oauth = |name: &str| format!(r#"{{"error":"{name}","error_description":"d"}}"#);
    for (status, body, execution) in [
        ("400 Bad Request", api(2003), Execution::NotExecuted),
        ("401 Unauthorized", api(2024), Execution::NotExecuted),
        ("404 Not Found", api(2028), Execution::NotExecuted),
        // A code that this SDK does not know may be one of a failure halfway.
        ("404 Not Found", api(777_777), Execution::Unknown),
        (
            "400 Bad Request",
            oauth("invalid_grant"),
            Execution::NotExecuted,
        ),
        // An earlier request with this id was accepted.
        ("400 Bad Request", api(30_001), Execution::Unknown),
        ("400 Bad Request", api(12_009), Execution::Unknown),
        ("429 Too Many Requests", api(30_001), Execution::Unknown),
        // This failure may have occurred after the call was executed.
        ("400 Bad Request", api(1000), Execution::Unknown),
        ("400 Bad Request", api(2000), Execution::Unknown),
        ("400 Bad Request", oauth("server_error"), Execution::Unknown),
        ("408 Request Timeout", api(2003), Execution::Unknown),
        ("409 Conflict", api(2003), Execution::Unknown),
        ("500 Internal Server Error", api(2003), Execution::Unknown),
        ("503 Service Unavailable", api(2026), Execution::Unknown),
    ] {
        let world = World::new();
        let (result, _) = world.write([world.signed(0, status, &body)]).await;
        let error = result.unwrap_err();
        assert_eq!(error.execution(), execution, "{status} {body}");
        let (result, _) = world.write([canned::plain(status, "", &body)]).await;
        let error = result.unwrap_err();
        assert_eq!(error.execution(), Execution::Unknown, "unsigned {status}");
    }
}

#[tokio::test]
async fn write_is_not_retried_if_status_429_contradicts_the_signed_error_code() {
    for code in [2028, 2024, 2003] {
        let body = format!(r#"{{"error_code":{code},"error_message":"m","error_id":"e"}}"#);
        let world = World::new();
        let refused = world.signed(0, "429 Too Many Requests", &body);
        let (result, requests) = world.write([refused, done(&world, 0)]).await;
        assert!(result.is_err(), "{code}");
        assert_eq!(requests, 1, "{code}");
    }
}

#[tokio::test]
async fn unsigned_success_has_unknown_outcome() {
    let server = Canned::start([canned::plain("200 OK", "", "{}")]).await;
    let environment = Environment::custom(server.base_url(), ResponseKeys::unverified()).unwrap();
    let client = Client::new(environment, Ed25519Signer::from_seed(&[3; 32])).unwrap();
    let response = client.request(Method::POST, "/x").send().await.unwrap();
    let error = response.json::<Vec<String>>().unwrap_err();
    assert_eq!(error.execution(), Execution::Unknown);
    assert!(!error.to_string().contains("succeeded"), "{error}");
    assert_eq!(&**error.success_body().unwrap(), b"{}");
}

#[tokio::test]
async fn without_response_keys_no_error_counts_as_not_executed() {
    let server = Canned::start([canned::plain("429 Too Many Requests", "", LIMITED)]).await;
    let environment = Environment::custom(server.base_url(), ResponseKeys::unverified()).unwrap();
    let client = Client::new(environment, Ed25519Signer::from_seed(&[3; 32])).unwrap();
    let error = client.request(Method::POST, "/x").send().await.unwrap_err();
    assert_eq!(error.execution(), Execution::Unknown);
    assert_eq!(client.cobo_time_millis(), None);
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn error_for_a_rejected_success_says_the_call_may_have_been_executed() {
    let world = World::new();
    let body = r#"{"transaction_id":"t-1"}"#;
    let page = String::from_utf8(done(&world, 0)).unwrap();
    let page = page.replace(
        "content-length",
        "content-type: text/html\r\ncontent-length",
    );
    for (answer, kind) in [
        (
            canned::plain("201 Created", "", body),
            ErrorKind::Unverified,
        ),
        (canned::signed("201 Created", body), ErrorKind::Unverified),
        (
            world.signed(0, "201 Created", &"x".repeat(99)),
            ErrorKind::TooLarge,
        ),
        (
            world.signed(-61_000, "201 Created", body),
            ErrorKind::Unverified,
        ),
        (page.into_bytes(), ErrorKind::Decode),
    ] {
        let server = Canned::start([answer]).await;
        let environment = world.client(&server).environment().clone();
        let client = client::builder(environment)
            .clock(world.clock.clone())
            .max_response_bytes(98)
            .max_response_age(Duration::from_secs(60))
            .build()
            .unwrap();
        let sent = client.request(Method::POST, "/transfers").send().await;
        let error = sent.and_then(|response| response.json::<serde_json::Value>());
        let error = error.unwrap_err();
        assert_eq!(error.kind(), kind);
        assert_eq!(error.execution(), Execution::Unknown, "{error}");
        let says =
            "the request may have been carried out: look up its result before you send it again";
        assert!(error.to_string().ends_with(says), "{error}");
    }
}

#[tokio::test]
async fn error_advises_a_retry_only_for_repeatable_calls() {
    for code in [1000, 2000, 2026, 30_039, 60_003] {
        for bearer in [false, true] {
            for repeatable in [false, true] {
                let world = World::new();
                let body = format!(r#"{{"error_code":{code},"error_message":"m","error_id":"e"}}"#);
                let answer = world.signed(0, "500 Internal Server Error", &body);
                let server = Canned::start([answer]).await;
                let client = world.client(&server).with_retry(RetryPolicy::none());
                let mut request = client.request(Method::POST, "/x").repeatable(repeatable);
                if bearer {
                    request = request.credential(FixedToken::new("token").unwrap());
                }
                let text = request.send().await.unwrap_err().to_string();
                assert_eq!(
                    text.contains("call again later") || text.contains("and call again"),
                    repeatable,
                    "{text}"
                );
                assert_eq!(
                    text.contains("look up its result before you send it again"),
                    !repeatable,
                    "{text}"
                );
                assert_eq!(text.contains("renew it"), bearer && code == 1000, "{text}");
            }
        }
    }
}

#[tokio::test]
async fn error_body_with_null_error_id_is_recognised_as_an_api_error() {
    let world = World::new();
    let body = r#"{"error_code":2028,"error_message":"m","error_id":null}"#;
    let (result, _) = world.write([world.signed(0, "404 Not Found", body)]).await;
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Api);
    assert_eq!(
        (error.code().unwrap().get(), error.error_id()),
        (2028, None)
    );
}

#[tokio::test]
async fn old_429_never_causes_a_refresh_token_to_be_sent_twice() {
    const HOUR: u64 = 3_600_000;
    let world = World::new();
    let issued = |after: i64, number: u32| {
        let body = format!(
            r#"{{"access_token":"a{number}","token_type":"Bearer","expires_in":3600,"refresh_token":"refresh-{number}"}}"#
        );
        world.signed(after, "200 OK", &body)
    };
    let hour = HOUR.cast_signed();
    let server = Canned::start([
        issued(0, 1),
        limited(&world, 0), // replayed: it was signed an hour ago
        issued(hour, 2),
        issued(2 * hour, 3),
    ])
    .await;
    let client = world.client(&server);
    let tokens = TokenSource::builder(cobo_oauth::OAuthClient::new(client), "app");
    let tokens = tokens.clock(world.clock.clone()).build();
    for number in 1..=3 {
        let token = tokens.token("org-1").await.unwrap();
        assert_eq!(token.secret().expose(), format!("a{number}"));
        world.clock.pass(HOUR);
    }
    let sent = |refresh_token: &str| {
        let requests = server.received();
        let texts = requests
            .iter()
            .map(|request| String::from_utf8_lossy(request));
        texts.filter(|text| text.contains(refresh_token)).count()
    };
    assert_eq!((sent("refresh-1"), sent("refresh-2")), (1, 1));
}
