//! What leaves through the client and what it makes of what comes back, byte by byte.

#![allow(clippy::unwrap_used)] // in a test a panic is the report

use std::time::Duration;

use cobo_auth::{
    Client, Clock, Ed25519Signer, Environment, Error, ErrorCode, ErrorKind, FixedToken, Operation,
    PublicKey, ResponseKeys, Signature, Signer,
};
use cobo_sandbox::{AppKey, AppKeys, RequestParts, Sandbox};
use cobo_tests::canned::{self, Canned};
use cobo_tests::client;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

const SECRET: &str = "hunter2-the-access-token";

/// A request as it was on the wire, taken apart by hand.
struct Seen {
    method: String,
    target: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

fn seen(bytes: &[u8]) -> Seen {
    let end = bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap();
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let mut start = lines.next().unwrap().split(' ');
    let headers = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| {
            let name: HeaderName = name.parse().unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        })
        .collect();
    Seen {
        method: start.next().unwrap().to_owned(),
        target: start.next().unwrap().to_owned(),
        headers,
        body: bytes[end + 4..].to_vec(),
    }
}

/// Checks the signature over what was on the wire, with the sandbox's code, and gives the nonce.
fn signed_by_us(seen: &Seen) -> String {
    let keys: AppKeys = [AppKey::from_hex(cobo_sandbox::DEMO_APP_KEY).unwrap()]
        .into_iter()
        .collect();
    let parts = RequestParts {
        method: &seen.method,
        target: &seen.target,
        headers: &seen.headers,
        body: &seen.body,
    };
    cobo_sandbox::check(&parts, &keys).unwrap().nonce
}

async fn answered_with(answer: Vec<u8>) -> (Canned, Result<Vec<u8>, Error>) {
    let server = Canned::start([answer]).await;
    let client = client::builder(server.environment()).build().unwrap();
    let sent = client.request(Method::GET, "/x").send().await;
    (server, sent.map(|response| response.to_vec()))
}

#[tokio::test]
async fn what_is_signed_is_what_is_sent() {
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let client = client::builder(server.environment()).build().unwrap();
    client
        .request(Method::POST, "/wallets/a:b/c%20d")
        .query("z", "~*")
        .query("ids", "BTC")
        .query("ids", "ETH")
        .query("empty", "")
        .query("a", "x y")
        .json(&serde_json::json!({"note": "\u{e9}<&>"}))
        .bearer(FixedToken::new(SECRET).unwrap())
        .send()
        .await
        .unwrap();

    let received = server.received();
    assert_eq!(received.len(), 1);
    let seen = seen(&received[0]);
    assert_eq!(seen.method, "POST");
    assert_eq!(
        seen.target,
        "/v2/wallets/a:b/c%20d?a=x+y&ids=BTC%2CETH&z=~%2A"
    );
    assert_eq!(seen.body, "{\"note\":\"\u{e9}<&>\"}".as_bytes());
    assert_eq!(seen.headers["content-type"], "application/json");
    assert_eq!(seen.headers["authorization"], format!("Bearer {SECRET}"));
    signed_by_us(&seen);
}

#[tokio::test]
async fn a_request_without_parameters_has_no_question_mark() {
    let (server, _) = answered_with(canned::signed("200 OK", "{}")).await;
    assert_eq!(seen(&server.received()[0]).target, "/v2/x");
}

#[tokio::test]
async fn nonces_rise_across_clients_of_one_key() {
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let clients = [(); 2].map(|()| client::builder(server.environment()).build().unwrap());
    for turn in 0..20 {
        let request = clients[turn % 2].request(Method::GET, "/x");
        request.send().await.unwrap();
    }
    let nonces: Vec<u64> = server
        .received()
        .iter()
        .map(|bytes| signed_by_us(&seen(bytes)).parse().unwrap())
        .collect();
    assert_eq!(nonces.len(), 20);
    assert!(nonces.is_sorted_by(|a, b| a < b), "{nonces:?}");
}

#[tokio::test]
async fn a_redirect_is_an_error_that_names_the_host_and_nothing_else() {
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
        // A caller's closure comes before what is enforced.
        let client = client::builder(server.environment())
            .http(|http| http.redirect(reqwest::redirect::Policy::limited(5)))
            .build()
            .unwrap();
        let error = client.request(Method::GET, "/x").send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Redirect);
        assert!(error.to_string().contains("localhost"), "{error}");
        assert!(!format!("{error:?} {error}").contains(SECRET));
        assert_eq!(server.received().len(), 1);
    }
    assert!(elsewhere.received().is_empty());
}

#[tokio::test]
async fn a_success_has_to_be_signed_and_over_these_bytes() {
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
async fn an_error_may_be_unsigned_but_not_wrongly_signed() {
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
async fn unverified_is_something_to_say_and_then_takes_anything() {
    let server = Canned::start([canned::plain("200 OK", "", "{}")]).await;
    let environment = Environment::custom(server.base_url(), ResponseKeys::unverified()).unwrap();
    let client = client::builder(environment).build().unwrap();
    assert!(client.request(Method::GET, "/x").send().await.is_ok());
}

#[tokio::test]
async fn a_gateways_page_is_an_error_with_its_status_and_without_its_text() {
    let page = format!("<html>{SECRET}</html>");
    let headers = "content-type: text/html\r\nx-request-id: r-1\r\nretry-after: 7\r\n";
    let (_, refused) = answered_with(canned::plain("502 Bad Gateway", headers, &page)).await;
    let error = refused.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unexpected);
    assert_eq!(error.status().unwrap(), 502);
    assert_eq!(error.request_id(), Some("r-1"));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    assert!(error.is_retryable());
    assert_eq!(
        error.to_string(),
        "GET /x: an error response that is not of Cobo's making; a gateway's, most likely \
         (HTTP 502, request id r-1)"
    );
    assert!(!format!("{error:?}").contains(SECRET));
}

#[tokio::test]
async fn the_servers_words_are_reached_by_accessor_only() {
    let body = format!(r#"{{"error":"invalid_grant","error_description":"{SECRET}"}}"#);
    let (_, refused) = answered_with(canned::signed("400 Bad Request", &body)).await;
    let error = refused.unwrap_err();
    assert_eq!(error.oauth_error(), Some("invalid_grant"));
    assert_eq!(error.body().unwrap().message(), SECRET);
    assert_eq!(
        error.to_string(),
        "GET /x: refused as `invalid_grant` (HTTP 400)"
    );
    assert!(!format!("{error:?}").contains(SECRET));
}

#[tokio::test]
async fn a_failure_with_the_status_of_a_success_is_a_failure() {
    let body = r#"{"error_code":2000,"error_message":"m","error_id":"e"}"#;
    let (_, refused) = answered_with(canned::signed("200 OK", body)).await;
    assert_eq!(refused.unwrap_err().code(), Some(ErrorCode::TEMPORARY));
}

#[tokio::test]
async fn a_body_larger_than_the_limit_is_not_read() {
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
async fn what_is_compressed_is_verified_and_left_as_it_is() {
    // These tests are built with reqwest's `gzip`, which would unpack below the verifier.
    let body = "\u{1f}not really gzip";
    let headers = format!("content-encoding: gzip\r\n{}", canned::signature(body));
    let (server, sent) = answered_with(canned::plain("200 OK", &headers, body)).await;
    assert_eq!(sent.unwrap(), body.as_bytes());
    assert!(
        !seen(&server.received()[0])
            .headers
            .contains_key("accept-encoding")
    );
}

#[tokio::test]
async fn a_connection_that_breaks_is_told_from_one_that_never_was() {
    let broken = Canned::start([]).await;
    let client = client::builder(broken.environment()).build().unwrap();
    let error = client.request(Method::GET, "/x").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(!error.is_before_sending() && error.is_retryable());

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}/v2", listener.local_addr().unwrap());
    drop(listener);
    let nobody = Environment::custom(&base_url, ResponseKeys::unverified()).unwrap();
    let client = client::builder(nobody).build().unwrap();
    let error = client.request(Method::GET, "/x").send().await.unwrap_err();
    assert!(error.is_connect() && error.is_before_sending(), "{error:?}");
}

#[tokio::test]
async fn a_server_that_keeps_silent_is_a_timeout() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v2", listener.local_addr().unwrap());
    let silent = Environment::custom(&base_url, ResponseKeys::unverified()).unwrap();
    let client = client::builder(silent)
        .http(|http| http.timeout(Duration::from_millis(50)))
        .build()
        .unwrap();
    let error = client.request(Method::GET, "/x").send().await.unwrap_err();
    assert!(
        error.is_timeout() && !error.is_before_sending(),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_path_that_leads_elsewhere_is_refused_before_anything_is_sent() {
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let client = client::builder(server.environment()).build().unwrap();
    for path in [
        "x",
        "",
        "//evil.example/x",
        "/../x",
        "/a/..",
        "/a/%2e%2E/b",
        "/a/./b",
        "/a\\..\\b",
        "/a%2Fb",
        "/a?b=c",
        "/a#b",
        "/a//b",
        "/a/",
        "/a\nb",
    ] {
        let error = client.request(Method::GET, path).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{path}");
    }
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn a_built_request_has_to_fit_its_operation() {
    static INFO: Operation = Operation::new("info", "GET", "/wallets/{wallet_id}/info");
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let client = client::builder(server.environment()).build().unwrap();
    let base = server.base_url();
    let request = |url: &str| reqwest::Request::new(Method::GET, url.parse().unwrap());

    let fitting = request(&format!("{base}/wallets/w/info?b=1&a="));
    client.execute(fitting, &INFO).await.unwrap();
    let sent = seen(&server.received()[0]);
    assert_eq!(sent.target, "/v2/wallets/w/info?b=1");

    let origin = base.trim_end_matches("/v2");
    for url in [
        // What `url` makes of a wallet id of `..`, `%2e%2e` and `../../v2/x`.
        format!("{base}/wallets/../info"),
        format!("{base}/wallets/%2e%2e/info"),
        format!("{base}/wallets/../../v2/x/info"),
        format!("{base}/wallets//info"),
        format!("{origin}/wallets/w/info"),
        format!("{origin}/v2wallets/w/info"),
        "https://evil.example/v2/wallets/w/info".to_owned(),
        base.replace("http://", "http://user@") + "/wallets/w/info",
        base.replace("http://", "http://:password@") + "/wallets/w/info",
    ] {
        let error = client.execute(request(&url), &INFO).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{url}");
        assert_eq!(error.operation(), Some("info"));
    }
    let mut other_method = request(&format!("{base}/wallets/w/info"));
    *other_method.method_mut() = Method::DELETE;
    assert!(client.execute(other_method, &INFO).await.is_err());
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn a_bad_path_is_not_repeated_in_the_error() {
    let server = Canned::start([]).await;
    let client = client::builder(server.environment()).build().unwrap();
    for path in [
        format!("/x?token={SECRET}"),
        format!("/{SECRET}\nFAKE LOG LINE/"),
    ] {
        let error = client.request(Method::GET, &path).send().await.unwrap_err();
        assert_eq!(error.operation(), Some("GET"));
        assert!(!format!("{error} {error:?}").contains(SECRET));
    }
}

#[tokio::test]
async fn headers_that_would_make_it_another_request_are_the_clients_own() {
    static PUT: Operation = Operation::new("put", "POST", "/x");
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let client = client::builder(server.environment()).build().unwrap();
    let url = format!("{}/x", server.base_url()).parse().unwrap();
    let mut request = reqwest::Request::new(Method::POST, url);
    *request.body_mut() = Some(r#"{"amount":1000000}"#.into());
    for (name, value) in [
        ("content-length", "5"),
        ("host", "evil.example"),
        ("connection", "upgrade"),
        ("cookie", "a=b"),
        ("expect", "100-continue"),
        ("content-encoding", "gzip"),
    ] {
        request
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    client.execute(request, &PUT).await.unwrap();
    let seen = seen(&server.received()[0]);
    assert_eq!(seen.body, br#"{"amount":1000000}"#);
    assert_eq!(seen.headers["content-length"], "18");
    assert!(
        server
            .base_url()
            .contains(seen.headers["host"].to_str().unwrap())
    );
    for name in ["connection", "cookie", "expect", "content-encoding"] {
        assert!(!seen.headers.contains_key(name), "{name}");
    }
    signed_by_us(&seen);
}

#[test]
fn default_headers_that_would_do_the_same_are_refused() {
    let build = |name: &'static str| {
        let headers: HeaderMap = [(name, "1")]
            .into_iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        let signer = Ed25519Signer::from_seed(&[1; 32]);
        let builder = Client::builder(Environment::development(), signer);
        builder
            .http(move |http| http.default_headers(headers))
            .build()
    };
    for name in [
        "authorization",
        "content-length",
        "host",
        "transfer-encoding",
        "cookie",
    ] {
        let error = build(name).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains(name), "{error}");
    }
    assert!(build("x-tenant").is_ok());
}

#[tokio::test]
async fn a_method_that_cannot_be_signed_is_refused() {
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let client = client::builder(server.environment()).build().unwrap();
    for method in ["CONNECT", "TRACE", "get", "get|x", "M-SEARCH"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let error = client.request(method, "/x").send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    }
    assert!(server.received().is_empty());
    assert!(client.request(Method::PATCH, "/x").send().await.is_ok());
}

/// A key in a device that answers with something else than a signature.
#[derive(Debug)]
struct Broken(PublicKey, Vec<u8>);

#[async_trait::async_trait]
impl Signer for Broken {
    fn public_key(&self) -> &PublicKey {
        &self.0
    }

    async fn sign(&self, _: &cobo_auth::Digest) -> Result<Signature, cobo_auth::SignerError> {
        Ok(Signature::new(self.1.clone()))
    }
}

#[tokio::test]
async fn what_is_no_signature_is_not_sent() {
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let ed25519 = || PublicKey::ed25519([3; 32]);
    let secp256k1 = || PublicKey::secp256k1([3; 33]);
    for signer in [
        Broken(ed25519(), vec![]),
        Broken(ed25519(), vec![1; 63]),
        Broken(ed25519(), vec![1; 65]),
        Broken(secp256k1(), vec![]),
        Broken(secp256k1(), vec![1; 71]),
    ] {
        let signer: Box<dyn Signer> = Box::new(signer);
        let client = Client::new(server.environment(), signer).unwrap();
        let error = client.request(Method::GET, "/x").send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Signer);
        assert!(error.is_before_sending());
    }
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn a_clock_that_shows_no_time_sends_nothing() {
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let client = client::builder(server.environment()).clock(Fixed(u64::MAX));
    let request = client.build().unwrap().request(Method::GET, "/x");
    assert_eq!(
        request.send().await.unwrap_err().kind(),
        ErrorKind::Configuration
    );
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn an_error_tells_whether_cobo_signed_it() {
    let body = r#"{"error_code":30001,"error_message":"m","error_id":"e1"}"#;
    let (_, signed) = answered_with(canned::signed("400 Bad Request", body)).await;
    assert!(signed.unwrap_err().is_signed());
    let (_, unsigned) = answered_with(canned::plain("400 Bad Request", "", body)).await;
    assert!(!unsigned.unwrap_err().is_signed());
}

#[tokio::test]
async fn a_failures_body_is_not_read_to_its_end() {
    let page = canned::plain("502 Bad Gateway", "", &"x".repeat(64 * 1024 + 1));
    let (_, refused) = answered_with(page).await;
    let error = refused.unwrap_err();
    assert_eq!(
        (error.kind(), error.status().unwrap().as_u16()),
        (ErrorKind::Unexpected, 502)
    );
}

#[tokio::test]
async fn a_base_path_is_written_in_the_canonical_form_too() {
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let odd = server.base_url().replace("/v2", "/a%7Eb/v2");
    let environment = Environment::custom(&odd, ResponseKeys::unverified()).unwrap();
    let client = client::builder(environment).build().unwrap();
    client.request(Method::GET, "/x").send().await.unwrap();
    assert_eq!(seen(&server.received()[0]).target, "/a~b/v2/x");
}

#[tokio::test]
async fn a_stream_cannot_be_signed_and_is_not_sent() {
    static PUT: Operation = Operation::new("put", "POST", "/x");
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let client = client::builder(server.environment()).build().unwrap();
    let mut request = reqwest::Request::new(
        Method::POST,
        format!("{}/x", server.base_url()).parse().unwrap(),
    );
    // A response's body is a stream.
    let stream = reqwest::Response::from(http::Response::new("body"));
    *request.body_mut() = Some(stream.into());
    let error = client.execute(request, &PUT).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert!(error.to_string().contains("stream"), "{error}");
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn a_bearer_token_comes_from_the_credential_or_not_at_all() {
    static PUBLIC: Operation = Operation::new("public", "GET", "/x");
    static BEARER: Operation = Operation::new("private", "GET", "/x").bearer(true);
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let plain = client::builder(server.environment()).build().unwrap();
    let acting = plain.with_credential(FixedToken::new(SECRET).unwrap());
    let request = || {
        let url = format!("{}/x", server.base_url()).parse().unwrap();
        let mut request = reqwest::Request::new(Method::GET, url);
        let smuggled = HeaderValue::from_static("Bearer smuggled");
        request.headers_mut().insert("authorization", smuggled);
        request
    };
    plain.execute(request(), &BEARER).await.unwrap();
    acting.execute(request(), &PUBLIC).await.unwrap();
    acting.execute(request(), &BEARER).await.unwrap();
    acting
        .without_credential()
        .execute(request(), &BEARER)
        .await
        .unwrap();

    let received = server.received();
    let sent: Vec<_> = received
        .iter()
        .map(|bytes| seen(bytes).headers.get("authorization").cloned())
        .collect();
    let expected = HeaderValue::from_str(&format!("Bearer {SECRET}")).unwrap();
    assert_eq!(sent, [None, None, Some(expected), None]);
    assert!(!format!("{acting:?}").contains(SECRET));
}

/// A clock that stands still.
#[derive(Debug)]
struct Fixed(u64);

impl Clock for Fixed {
    fn unix_millis(&self) -> u64 {
        self.0
    }
}

#[tokio::test]
async fn a_wrong_clock_is_named_where_a_signature_was_refused() {
    let body = r#"{"error_code":2024,"error_message":"m","error_id":"e1"}"#;
    // 1718587017 in Unix seconds.
    let date = "date: Mon, 17 Jun 2024 01:16:57 GMT\r\n";
    for (clock, ahead, says) in [
        (1_718_587_017_000, None, None),
        (1_718_587_047_000, None, None),
        (1_718_587_329_000, Some(312), Some("312 s ahead")),
        (1_718_586_017_000, Some(-1_000), Some("1000 s behind")),
    ] {
        let answer = canned::plain("401 Unauthorized", date, body);
        let server = Canned::start([answer]).await;
        // A key of its own, whose nonces no other client has driven ahead.
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
async fn a_response_that_was_signed_too_long_ago_is_refused_where_that_is_asked_for() {
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

#[tokio::test]
async fn a_request_is_explained_without_being_sent() {
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let client = client::builder(server.environment()).build().unwrap();
    let request = client
        .request(Method::POST, "/x")
        .query("b", 1)
        .query("a", "x y")
        .json(&serde_json::json!({"token": SECRET}));
    let explained = request.explain().await.unwrap();
    let expected = format!(
        "POST|/v2/x|{}|a=x+y&b=1|{{\"token\":\"{SECRET}\"}}",
        explained.nonce
    );
    assert_eq!(explained.message.as_slice(), expected.as_bytes());
    assert_eq!(
        explained.digest,
        cobo_auth::double_sha256([expected.as_bytes()])
    );
    assert_eq!(explained.api_key, cobo_sandbox::DEMO_APP_KEY);
    assert!(!format!("{explained:?}").contains(SECRET));
    assert!(server.received().is_empty());

    let headers = [
        ("biz-api-key", &explained.api_key),
        ("biz-api-nonce", &explained.nonce),
        ("biz-api-signature", &explained.signature),
    ];
    signed_by_us(&Seen {
        method: "POST".to_owned(),
        target: "/v2/x?a=x+y&b=1".to_owned(),
        headers: headers
            .into_iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect(),
        body: format!("{{\"token\":\"{SECRET}\"}}").into_bytes(),
    });
}

#[tokio::test]
async fn nonces_run_ahead_of_a_clock_that_stands_and_how_far_can_be_seen() {
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    // A key of its own, since nonces are counted by key.
    let signer = Ed25519Signer::from_seed(&[42; 32]);
    let client = Client::builder(server.environment(), signer).clock(Fixed(1_000));
    let client = client.build().unwrap();
    for ahead in 0..5 {
        client.request(Method::GET, "/x").send().await.unwrap();
        assert_eq!(client.nonce_ahead_millis(), ahead);
    }
}

#[test]
fn plain_http_is_for_loopback_unless_said_otherwise() {
    let build = |base_url: &str, allow: bool| {
        let environment = Environment::custom(base_url, ResponseKeys::unverified()).unwrap();
        let builder = Client::builder(environment, Ed25519Signer::from_seed(&[1; 32]));
        let builder = if allow {
            builder.danger_allow_plain_http()
        } else {
            builder
        };
        builder.build()
    };
    for loopback in [
        "http://127.0.0.1:1/v2",
        "http://[::1]:1/v2",
        "http://localhost/v2",
    ] {
        assert!(build(loopback, false).is_ok(), "{loopback}");
    }
    for remote in [
        "http://10.0.0.1/v2",
        "http://localhost.example/v2",
        "http://0.0.0.0/v2",
    ] {
        let error = build(remote, false).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(build(remote, true).is_ok());
    }
}

#[tokio::test]
async fn the_sandbox_takes_what_the_canonical_form_makes_of_any_query() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client::auth(&sandbox);
    for value in [
        "~",
        "*",
        "a b",
        "a+b",
        "a%b",
        "\u{e9}\u{1f600}",
        "a,b",
        "'()!",
        "&=?#/",
    ] {
        let request = client.request(Method::GET, "/nowhere").query("v", value);
        let error = request.send().await.unwrap_err();
        // Not 2024: the signature was good, the endpoint is not there.
        assert_eq!(error.code(), Some(ErrorCode::NO_SUCH_ENDPOINT), "{value}");
    }
}
