//! How the client handles responses: signed or unsigned, complete or truncated, from Cobo or not.

use std::time::Duration;

use cobo_auth::{
    Client, Ed25519Signer, Environment, Error, ErrorCode, ErrorKind, Execution, HttpOptions,
    ResponseKeys,
};
use cobo_tests::canned::{self, Canned};
use cobo_tests::client;
use cobo_tests::seen::Fixed;
use http::Method;

const SECRET: &str = "hunter2-the-access-token";

async fn answered_with(answer: Vec<u8>) -> (Canned, Result<Vec<u8>, Error>) {
    let server = Canned::start([answer]).await;
    let client = client::builder(server.environment()).build().unwrap();
    let sent = client.request(Method::GET, "/x").send().await;
    (server, sent.map(|response| response.to_vec()))
}

#[tokio::test]
async fn redirect_is_an_error_that_names_only_the_target_host() {
    let elsewhere = Canned::start([canned::signed("200 OK", "{}")]).await;
    let port = elsewhere.base_url().rsplit(':').next().unwrap().to_owned();
    let target = format!("http://localhost:{port}/{SECRET}");
    for status in [
        "301 Moved",
        "302 Found",
        "303 See Other",
        "307 Temporary",
        "308 Permanent",
    ] {
        let redirect = canned::plain(status, &format!("location: {target}\r\n"), "");
        let server = Canned::start([redirect]).await;
        let client = client::builder(server.environment()).build().unwrap();
        let error = client.request(Method::GET, "/x").send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Redirect);
        assert!(error.to_string().contains("localhost"), "{error}");
        assert!(!format!("{error:?} {error}").contains(SECRET));
        assert_eq!(server.received().len(), 1);
    }
    assert!(elsewhere.received().is_empty());
}

#[tokio::test]
async fn success_response_without_a_valid_signature_is_rejected() {
    let body = r#"{"access_token":"a"}"#;
    let (_, signed) = answered_with(canned::signed("200 OK", body)).await;
    assert_eq!(signed.unwrap(), body.as_bytes());

    let swapped = canned::plain(
        "200 OK",
        &canned::signature(r#"{"access_token":"b"}"#),
        body,
    );
    let garbled = canned::plain(
        "200 OK",
        "biz-timestamp: 1\r\nbiz-resp-signature: zz\r\n",
        body,
    );
    for answer in [canned::plain("200 OK", "", body), swapped, garbled] {
        let (_, refused) = answered_with(answer).await;
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unverified, "{error}");
        assert_eq!(error.status().unwrap(), 200);
    }
}

#[tokio::test]
async fn unsigned_error_response_is_accepted_but_an_invalid_signature_is_rejected() {
    let body = r#"{"error_code":2024,"error_message":"m","error_id":"e1"}"#;
    let (_, unsigned) = answered_with(canned::plain("401 Unauthorized", "", body)).await;
    let error = unsigned.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::AUTHENTICATION));
    assert_eq!(error.error_id(), Some("e1"));
    assert!(error.is_auth());

    let wrong = canned::plain("401 Unauthorized", &canned::signature("{}"), body);
    let (_, refused) = answered_with(wrong).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Unverified);
}

#[tokio::test]
async fn unsigned_success_is_accepted_with_unverified_response_keys() {
    let server = Canned::start([canned::plain("200 OK", "", "{}")]).await;
    let environment = Environment::custom(server.base_url(), ResponseKeys::unverified()).unwrap();
    let client = client::builder(environment).build().unwrap();
    assert!(client.request(Method::GET, "/x").send().await.is_ok());
}

#[tokio::test]
async fn error_for_a_gateway_page_has_the_status_but_not_the_page_text() {
    let page = format!("<html>{SECRET}</html>");
    let headers = "content-type: text/html\r\nx-request-id: r-1\r\nretry-after: 7\r\n";
    let (_, refused) = answered_with(canned::plain("502 Bad Gateway", headers, &page)).await;
    let error = refused.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unexpected);
    assert_eq!(error.status().unwrap(), 502);
    assert_eq!(error.response_id(), Some("r-1"));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    assert!(error.is_retryable());
    assert_eq!(
        error.to_string(),
        "GET /x: the error response does not have Cobo's format; a gateway probably sent it \
         (HTTP 502, X-Request-Id r-1)"
    );
    assert!(!format!("{error:?}").contains(SECRET));
}

#[tokio::test]
async fn error_message_of_cobo_is_displayed_only_if_signed_and_never_in_debug() {
    let words = "the grant has expired";
    let body = format!(r#"{{"error":"invalid_grant","error_description":"{words}"}}"#);
    let (_, refused) = answered_with(canned::signed("400 Bad Request", &body)).await;
    let error = refused.unwrap_err();
    assert_eq!(error.oauth_error(), Some("invalid_grant"));
    assert_eq!(error.body().unwrap().message(), words);
    assert_eq!(
        error.to_string(),
        format!("GET /x: refused as `invalid_grant`: Cobo says \"{words}\" (HTTP 400)")
    );
    assert!(!format!("{error:?} {error:#?}").contains(words));

    let (_, refused) = answered_with(canned::plain("400 Bad Request", "", &body)).await;
    let error = refused.unwrap_err();
    assert_eq!(error.body().unwrap().message(), words);
    assert_eq!(
        error.to_string(),
        "GET /x: refused as `invalid_grant` (HTTP 400)"
    );
}

#[tokio::test]
async fn error_body_in_a_2xx_response_is_an_error() {
    let body = r#"{"error_code":2000,"error_message":"m","error_id":"e"}"#;
    let (_, refused) = answered_with(canned::signed("200 OK", body)).await;
    assert_eq!(refused.unwrap_err().code(), Some(ErrorCode::TEMPORARY));
}

#[tokio::test]
async fn response_body_over_the_size_limit_is_rejected() {
    let large = "x".repeat(2_000);
    let announced = canned::signed("200 OK", &large);
    let head = format!(
        "HTTP/1.1 200 OK\r\n{}transfer-encoding: chunked\r\n\r\n7d0\r\n{large}\r\n0\r\n\r\n",
        canned::signature(&large)
    );
    for answer in [announced, head.into_bytes()] {
        let server = Canned::start([answer]).await;
        let limited = client::builder(server.environment()).max_response_bytes(1_999);
        let request = limited.build().unwrap().request(Method::GET, "/x");
        let error = request.send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        let enough = client::builder(server.environment()).max_response_bytes(2_000);
        let request = enough.build().unwrap().request(Method::GET, "/x");
        assert_eq!(request.send().await.unwrap().len(), 2_000);
    }
}

#[tokio::test]
async fn response_with_content_encoding_is_an_error_that_names_the_encoding() {
    // These tests enable reqwest's `gzip`, which would decompress the body before it is verified.
    let body = r#"{"access_token":"hunter2-the-access-token"}"#;
    for (headers, name) in [
        ("content-encoding: gzip\r\n", "gzip"),
        ("content-encoding: identity, br\r\n", "br"),
        (
            "content-encoding: gzip\r\ncontent-encoding: zstd\r\n",
            "gzip,zstd",
        ),
        ("content-encoding: a b\r\n", "(not printable)"),
    ] {
        let headers = format!("{headers}{}", canned::signature(body));
        let (_, refused) = answered_with(canned::plain("200 OK", &headers, body)).await;
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ContentEncoding);
        assert_eq!(error.execution(), Execution::Unknown);
        let text = error.to_string();
        assert!(
            text.contains(&format!("content encoding {name},")),
            "{text}"
        );
        assert!(!format!("{error:?} {error}").contains(SECRET));
    }
    let coded = canned::plain("503 Unavailable", "content-encoding: gzip\r\n", "x");
    let error = answered_with(coded).await.1.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ContentEncoding);
    assert!(error.is_retryable());
    let headers = format!("content-encoding: Identity\r\n{}", canned::signature(body));
    let plain = canned::plain("200 OK", &headers, body);
    assert_eq!(answered_with(plain).await.1.unwrap(), body.as_bytes());
}

#[tokio::test]
async fn json_nested_too_deep_is_a_specific_error() {
    let body = format!("{}{}", "[".repeat(300), "]".repeat(300));
    let server = Canned::start([canned::signed("200 OK", &body)]).await;
    let client = client::builder(server.environment()).build().unwrap();
    let response = client.request(Method::GET, "/x").send().await.unwrap();
    let error = response.json::<serde_json::Value>().unwrap_err();
    assert!(error.to_string().contains("nested too deep"), "{error}");
}

#[tokio::test]
async fn broken_connection_is_a_transport_error_and_refused_one_a_connect_error() {
    let broken = Canned::start([]).await;
    let client = client::builder(broken.environment()).build().unwrap();
    let error = client.request(Method::GET, "/x").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert_eq!(error.execution(), Execution::Unknown);
    assert!(error.is_retryable());

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}/v2", listener.local_addr().unwrap());
    drop(listener);
    let nobody = Environment::custom(&base_url, ResponseKeys::unverified()).unwrap();
    let client = client::builder(nobody).build().unwrap();
    let error = client.request(Method::GET, "/x").send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    assert_eq!(error.execution(), Execution::NotExecuted);
}

#[tokio::test]
async fn server_without_a_response_causes_a_timeout_error() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v2", listener.local_addr().unwrap());
    let silent = Environment::custom(&base_url, ResponseKeys::unverified()).unwrap();
    let client = client::builder(silent)
        .http(HttpOptions::new().timeout(Duration::from_millis(50)))
        .build()
        .unwrap();
    let error = client.request(Method::GET, "/x").send().await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    assert_eq!(error.execution(), Execution::Unknown);
}

#[tokio::test]
async fn error_reports_if_its_response_was_signed() {
    let body = r#"{"error_code":30001,"error_message":"m","error_id":"e1"}"#;
    let (_, signed) = answered_with(canned::signed("400 Bad Request", body)).await;
    assert!(signed.unwrap_err().is_signed());
    let (_, unsigned) = answered_with(canned::plain("400 Bad Request", "", body)).await;
    assert!(!unsigned.unwrap_err().is_signed());
}

#[tokio::test]
async fn oversized_error_body_still_gives_an_error_with_the_status() {
    let page = canned::plain("502 Bad Gateway", "", &"x".repeat(64 * 1024 + 1));
    let (_, refused) = answered_with(page).await;
    let error = refused.unwrap_err();
    assert_eq!(
        (error.kind(), error.status().unwrap().as_u16()),
        (ErrorKind::Unexpected, 502)
    );
}

#[tokio::test]
async fn authentication_error_reports_a_wrong_local_clock() {
    let body = r#"{"error_code":2024,"error_message":"m","error_id":"e1"}"#;
    // This is 1718587017 in Unix seconds.
    let date = "date: Mon, 17 Jun 2024 01:16:57 GMT\r\n";
    for (clock, ahead, says) in [
        (1_718_587_017_000, None, None),
        (1_718_587_047_000, None, None),
        (1_718_587_329_000, Some(312), Some("312 s ahead")),
        (1_718_586_017_000, Some(-1_000), Some("1000 s behind")),
    ] {
        let answer = canned::plain("401 Unauthorized", date, body);
        let server = Canned::start([answer]).await;
        // Each case has its own key, so that no other client has advanced its nonces.
        let signer = Ed25519Signer::from_hex(&format!("{clock:064}")).unwrap();
        let client = Client::builder(server.environment(), signer).clock(Fixed(clock));
        let request = client.build().unwrap().request(Method::GET, "/x");
        let error = request.send().await.unwrap_err();
        assert_eq!(error.clock_ahead_seconds(), ahead);
        let text = error.to_string();
        match says {
            Some(says) => assert!(text.ends_with(says), "{text}"),
            None => assert!(text.ends_with("(HTTP 401)"), "{text}"),
        }
    }
}

#[tokio::test]
async fn response_outside_max_response_age_is_rejected() {
    let signed_at = 1_718_587_017_026;
    let age = Duration::from_secs(60);
    for (clock, fresh) in [
        (signed_at, true),
        (signed_at + 60_000, true),
        (signed_at + 60_001, false),
        (signed_at - 60_001, false),
    ] {
        let server = Canned::start([canned::signed("200 OK", "{}")]).await;
        let client = client::builder(server.environment()).clock(Fixed(clock));
        let client = client.max_response_age(age).build().unwrap();
        let result = client.request(Method::GET, "/x").send().await;
        assert_eq!(result.is_ok(), fresh, "{clock}");
        if let Err(error) = result {
            assert_eq!(error.kind(), ErrorKind::Unverified);
        }
    }
}
