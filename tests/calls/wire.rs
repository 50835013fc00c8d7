//! The bytes that the client sends.

use cobo_auth::codegen::Parameter;
use cobo_auth::{
    Client, Ed25519Signer, Environment, ErrorCode, ErrorKind, FixedToken, HttpOptions, Operation,
    Request, ResponseKeys,
};
use cobo_sandbox::Sandbox;
use cobo_tests::canned::{self, Canned};
use cobo_tests::client;
use cobo_tests::seen::{Seen, seen, signed_by_us};
use http::{HeaderName, HeaderValue, Method};

const SECRET: &str = "hunter2-the-access-token";

#[tokio::test]
async fn sent_request_matches_the_signed_request() {
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let client = client::builder(server.environment()).build().unwrap();
    client
        .request(Method::POST, "/wallets/a:b/c%20d")
        .query("z", "~*")
        .query("ids", "BTC")
        .query("ids", "ETH")
        .query("empty", "")
        .query("a", "x y")
        .json(serde_json::json!({"note": "\u{e9}<&>"}))
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
async fn request_is_sent_only_when_its_future_is_polled() {
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let client = client::builder(server.environment()).build().unwrap();
    drop(client.request(Method::POST, "/dropped").send());
    let waiting = client.request(Method::POST, "/waiting").send();
    client.request(Method::GET, "/x").send().await.unwrap();
    assert_eq!(server.received().len(), 1);
    assert_eq!(seen(&server.received()[0]).target, "/v2/x");
    drop(waiting);
}

#[tokio::test]
async fn request_without_parameters_has_no_question_mark() {
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let client = client::builder(server.environment()).build().unwrap();
    client.request(Method::GET, "/x").send().await.unwrap();
    assert_eq!(seen(&server.received()[0]).target, "/v2/x");
}

#[tokio::test]
async fn unsafe_path_is_rejected_before_sending() {
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
async fn path_parameter_that_changes_the_path_structure_is_rejected() {
    static INFO: Operation = Operation::get("info", "/wallets/{wallet_id}/info")
        .parameters(&[Parameter::path("wallet_id"), Parameter::query("b")]);
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let client = client::builder(server.environment()).build().unwrap();
    let request = |wallet_id: &str| {
        let mut request = Request::<()>::of(&client, &INFO);
        request.set::<String>(0, wallet_id);
        request.set::<String>(1, "1");
        request
    };
    for wallet_id in ["w", "@evil.example", "a b", "{b}", "?x#y", "%20"] {
        request(wallet_id).send().await.unwrap();
    }
    let targets: Vec<_> = server
        .received()
        .iter()
        .map(|one| seen(one).target)
        .collect();
    assert_eq!(
        targets,
        [
            "/v2/wallets/w/info?b=1",
            "/v2/wallets/@evil.example/info?b=1",
            "/v2/wallets/a%20b/info?b=1",
            "/v2/wallets/%7Bb%7D/info?b=1",
            "/v2/wallets/%3Fx%23y/info?b=1",
            "/v2/wallets/%2520/info?b=1",
        ]
    );
    for wallet_id in [
        "",
        ".",
        "..",
        "%2e%2e",
        "../../v2/x",
        "a/b",
        "..\\..",
        "a\nb",
    ] {
        let error = request(wallet_id).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{wallet_id:?}");
        assert_eq!(error.operation(), Some("info"));
    }
    assert_eq!(server.received().len(), 6);
}

#[tokio::test]
async fn trailing_slash_is_sent_and_signed_in_raw_and_generated_calls() {
    static LIST: Operation =
        Operation::get("list", "/wallets/{wallet_id}/").parameters(&[Parameter::path("wallet_id")]);
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let client = client::builder(server.environment()).build().unwrap();
    let mut documented = Request::<()>::of(&client, &LIST);
    documented.set::<String>(0, "w");
    documented.send().await.unwrap();
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
async fn write_without_a_body_sends_content_length_zero() {
    static POST: Operation = Operation::post("post", "/x");
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let client = client::builder(server.environment()).build().unwrap();
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::GET] {
        client.request(method, "/x").send().await.unwrap();
    }
    Request::<()>::of(&client, &POST).send().await.unwrap();

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
async fn requests_accept_only_identity_encoding() {
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let client = client::builder(server.environment())
        .http(HttpOptions::new().default_header(
            http::header::ACCEPT_ENCODING,
            HeaderValue::from_static("gzip"),
        ))
        .build()
        .unwrap();
    client.request(Method::GET, "/x").send().await.unwrap();
    let seen = seen(&server.received()[0]);
    let accepted: Vec<_> = seen.headers.get_all("accept-encoding").iter().collect();
    assert_eq!(accepted, ["identity"]);
}

#[tokio::test]
async fn error_for_an_invalid_path_does_not_contain_the_path() {
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
async fn header_parameter_cannot_override_a_reserved_header() {
    const HEADERS: [(&str, &str); 7] = [
        ("content-length", "5"),
        ("host", "evil.example"),
        ("connection", "upgrade"),
        ("cookie", "a=b"),
        ("expect", "100-continue"),
        ("content-encoding", "gzip"),
        ("authorization", "Bearer a"),
    ];
    static PUT: Operation = Operation::post("put", "/x")
        .parameters(&[
            Parameter::header(HEADERS[0].0),
            Parameter::header(HEADERS[1].0),
            Parameter::header(HEADERS[2].0),
            Parameter::header(HEADERS[3].0),
            Parameter::header(HEADERS[4].0),
            Parameter::header(HEADERS[5].0),
            Parameter::header(HEADERS[6].0),
        ])
        .body("body", true);
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let client = client::builder(server.environment()).build().unwrap();
    let mut request = Request::of(&client, &PUT);
    for (index, (_, value)) in HEADERS.into_iter().enumerate() {
        request.set::<String>(index, value);
    }
    request.set_body(serde_json::json!({"amount": 1_000_000}));
    request.send().await.unwrap();
    let seen = seen(&server.received()[0]);
    assert_eq!(seen.body, br#"{"amount":1000000}"#);
    assert_eq!(seen.headers["content-length"], "18");
    assert!(
        server
            .base_url()
            .contains(seen.headers["host"].to_str().unwrap())
    );
    for name in [
        "connection",
        "cookie",
        "expect",
        "content-encoding",
        "authorization",
    ] {
        assert!(!seen.headers.contains_key(name), "{name}");
    }
    signed_by_us(&seen);
}

#[test]
fn reserved_default_header_is_rejected() {
    let build = |name: &'static str| {
        let name = HeaderName::from_static(name);
        let http = HttpOptions::new().default_header(name, HeaderValue::from_static("1"));
        let signer = Ed25519Signer::from_seed(&[1; 32]);
        Client::builder(Environment::development(), signer)
            .http(http)
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
async fn base_path_is_sent_in_canonical_form() {
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let odd = server.base_url().replace("/v2", "/a%7Eb/v2");
    let environment = Environment::custom(&odd, ResponseKeys::unverified()).unwrap();
    let client = client::builder(environment).build().unwrap();
    client.request(Method::GET, "/x").send().await.unwrap();
    assert_eq!(seen(&server.received()[0]).target, "/a~b/v2/x");
}

#[tokio::test]
async fn preview_returns_the_signed_message_without_sending_the_request() {
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let client = client::builder(server.environment()).build().unwrap();
    let request = client
        .request(Method::POST, "/x")
        .query("b", 1)
        .query("a", "x y")
        .json(serde_json::json!({"token": SECRET}));
    let explained = request.preview().await.unwrap();
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
fn plain_http_to_other_hosts_than_loopback_must_be_allowed_explicitly() {
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
async fn sandbox_accepts_signature_for_queries_with_special_characters() {
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
