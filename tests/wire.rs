//! The bytes that the client sends.

#![allow(clippy::unwrap_used)] // a panic fails the test

use cobo_auth::{
    Client, Ed25519Signer, Environment, ErrorCode, ErrorKind, FixedToken, Operation, ResponseKeys,
};
use cobo_sandbox::Sandbox;
use cobo_tests::canned::{self, Canned};
use cobo_tests::client;
use cobo_tests::seen::{Seen, seen, signed_by_us};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

const SECRET: &str = "hunter2-the-access-token";

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
        .credential(FixedToken::new(SECRET).unwrap())
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
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let client = client::builder(server.environment()).build().unwrap();
    client.request(Method::GET, "/x").send().await.unwrap();
    assert_eq!(seen(&server.received()[0]).target, "/v2/x");
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
        // The URLs that `url` makes of the wallet ids `..`, `%2e%2e` and `../../v2/x`.
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
async fn a_trailing_slash_is_sent_and_signed_by_raw_and_documented_calls_alike() {
    static LIST: Operation = Operation::new("list", "GET", "/wallets/{wallet_id}/");
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let client = client::builder(server.environment()).build().unwrap();
    let url = format!("{}/wallets/w/", server.base_url()).parse().unwrap();
    let documented = reqwest::Request::new(Method::GET, url);
    client.execute(documented, &LIST).await.unwrap();
    let raw = client.request(Method::GET, "/wallets/w/");
    raw.send().await.unwrap();
    for bytes in server.received() {
        let seen = seen(&bytes);
        assert_eq!(seen.target, "/v2/wallets/w/");
        signed_by_us(&seen);
    }
    assert_eq!(server.received().len(), 2);
}

#[tokio::test]
async fn a_write_without_a_body_says_so() {
    static POST: Operation = Operation::new("post", "POST", "/x");
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let client = client::builder(server.environment()).build().unwrap();
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::GET] {
        client.request(method, "/x").send().await.unwrap();
    }
    let url = format!("{}/x", server.base_url()).parse().unwrap();
    let mut empty = reqwest::Request::new(Method::POST, url);
    *empty.body_mut() = Some(Vec::new().into());
    client.execute(empty, &POST).await.unwrap();

    let received = server.received();
    let lengths: Vec<_> = received
        .iter()
        .map(|bytes| seen(bytes).headers.get("content-length").cloned())
        .collect();
    let none = Some(HeaderValue::from_static("0"));
    assert_eq!(
        lengths,
        [none.clone(), none.clone(), none.clone(), None, none]
    );
    for bytes in &received {
        signed_by_us(&seen(bytes));
    }
}

#[tokio::test]
async fn no_coding_is_accepted() {
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let client = client::builder(server.environment())
        .http(|http| {
            let wish = [(http::header::ACCEPT_ENCODING, "gzip".parse().unwrap())];
            http.gzip(true).default_headers(wish.into_iter().collect())
        })
        .build()
        .unwrap();
    client.request(Method::GET, "/x").send().await.unwrap();
    let seen = seen(&server.received()[0]);
    let accepted: Vec<_> = seen.headers.get_all("accept-encoding").iter().collect();
    assert_eq!(accepted, ["identity"]);
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
async fn a_base_path_is_written_in_the_canonical_form_too() {
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let odd = server.base_url().replace("/v2", "/a%7Eb/v2");
    let environment = Environment::custom(&odd, ResponseKeys::unverified()).unwrap();
    let client = client::builder(environment).build().unwrap();
    client.request(Method::GET, "/x").send().await.unwrap();
    assert_eq!(seen(&server.received()[0]).target, "/a~b/v2/x");
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
        // Not 2024: the signature was valid, but the endpoint does not exist.
        assert_eq!(error.code(), Some(ErrorCode::NO_SUCH_ENDPOINT), "{value}");
    }
}
