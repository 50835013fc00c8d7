//! No request that is refused reaches a handler.

#[path = "../../../cobo-auth/tests/inbound/bad_inputs.rs"]
mod bad_inputs;
#[path = "../../../cobo-auth/tests/inbound/signing.rs"]
#[allow(dead_code)]
mod signing;

use std::time::Duration;

use axum::routing::post;
use cobo_auth::InboundErrorKind;
use cobo_axum::{Inbox, MemoryLog, VerifyLayer, Webhook, callback};
use cobo_waas2::webhooks::{Decision, Event, Router};
use http::HeaderMap;
use signing::{BODY, signed, verifier};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tower_layer::Layer as _;

use crate::layer::Reporting;
use crate::support;

const PATHS: [&str; 4] = ["inbox", "callback", "extractor", "layer"];

/// A server with a handler behind each way to receive, and what the handlers report.
async fn server() -> (String, Inbox, support::Handled) {
    let (reports, handled) = support::report();
    let from_inbox = reports.clone();
    let handlers = Router::new().on_chains(move |_| {
        from_inbox.send("inbox".to_owned()).unwrap();
        async { Ok::<_, String>(()) }
    });
    let inbox = Inbox::builder(verifier(), MemoryLog::new(10), handlers)
        .start()
        .unwrap();
    let behind_layer = VerifyLayer::new(verifier()).layer(Reporting(reports.clone()));
    let from_callback = reports.clone();
    let decide = move |_| {
        from_callback.send("callback".to_owned()).unwrap();
        async { Ok::<_, String>(Decision::Approve) }
    };
    let extractor = async move |Webhook(_): Webhook<Event>| {
        reports.send("extractor".to_owned()).unwrap();
    };
    let app = axum::Router::new()
        .route("/inbox", inbox.route())
        .route(
            "/callback",
            callback(verifier(), Duration::from_secs(60), decide),
        )
        .route("/extractor", post(extractor))
        .route_service("/layer", behind_layer)
        .with_state::<()>(verifier());
    (support::serve(app).await, inbox, handled)
}

fn request(url: &str, headers: HeaderMap, body: Vec<u8>) -> reqwest::RequestBuilder {
    support::http().post(url).headers(headers).body(body)
}

#[tokio::test]
async fn no_bad_input_reaches_a_handler() {
    let (url, inbox, mut handled) = server().await;
    let mut kinds = Vec::new();
    for (name, headers, body, kind) in bad_inputs::bad_inputs() {
        let direct = verifier().verify(&body, &headers).unwrap_err();
        for path in PATHS {
            let url = format!("{url}/{path}");
            let answer = support::send(request(&url, headers.clone(), body.clone())).await;
            let expected = (direct.status().as_u16(), direct.public_text().to_owned());
            assert_eq!(answer, expected, "{name}, {path}");
        }
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    assert!(kinds.len() >= 10, "{kinds:?}");
    assert!(kinds.contains(&InboundErrorKind::MixedSpellings));
    assert!(handled.try_recv().is_err());

    // The same handlers are called for a genuine request.
    for path in PATHS {
        let genuine = request(&format!("{url}/{path}"), signed(BODY), BODY.to_vec());
        assert_eq!(support::send(genuine).await.0, 200, "{path}");
        assert!(handled.recv().await.unwrap().contains(path));
    }
    inbox.shutdown().await;
    assert!(handled.try_recv().is_err());
}

/// Sends these bytes on a connection, and returns the status line of the answer; empty if the server only closes it.
async fn exchange(url: &str, bytes: &[u8]) -> String {
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    // Nothing more is sent: a body that is not complete ends here.
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    // A reset means that the server has closed the connection.
    let _ = stream.read_to_end(&mut answer).await;
    let text = String::from_utf8_lossy(&answer).into_owned();
    text.lines().next().unwrap_or_default().to_owned()
}

fn head(path: &str, more: &str) -> Vec<u8> {
    let mut head = format!("POST /{path} HTTP/1.1\r\nhost: app\r\nconnection: close\r\n");
    for (name, value) in &signed(BODY) {
        head += &format!("{name}: {}\r\n", value.to_str().unwrap());
    }
    (head + more + "\r\n").into_bytes()
}

#[tokio::test]
async fn body_that_is_not_complete_reaches_no_handler() {
    let (url, inbox, mut handled) = server().await;
    let length = BODY.len();
    let half = &BODY[..length / 2];
    let chunk = |body: &[u8]| [format!("{:x}\r\n", body.len()).as_bytes(), body, b"\r\n"].concat();
    for path in PATHS {
        for (name, more, body) in [
            (
                "shorter than announced",
                format!("content-length: {length}\r\n"),
                half.to_vec(),
            ),
            (
                "no last chunk",
                "transfer-encoding: chunked\r\n".to_owned(),
                chunk(BODY),
            ),
            (
                "a chunk that breaks off",
                "transfer-encoding: chunked\r\n".to_owned(),
                {
                    let whole = chunk(BODY);
                    whole[..length / 2].to_vec()
                },
            ),
            (
                "a chunk of no length",
                "transfer-encoding: chunked\r\n".to_owned(),
                [b"zz\r\n", BODY, b"\r\n0\r\n\r\n"].concat(),
            ),
            (
                "two lengths",
                format!("content-length: {length}\r\ncontent-length: 5\r\n"),
                BODY.to_vec(),
            ),
            ("no length", String::new(), BODY.to_vec()),
            (
                "too long",
                format!("content-length: {}\r\n", 1024 * 1024 + 1),
                BODY.to_vec(),
            ),
        ] {
            let line = exchange(&url, &[head(path, &more), body].concat()).await;
            assert!(!line.contains(" 200 "), "{path}, {name}: {line}");
        }
    }
    assert!(handled.try_recv().is_err());

    // A body in several chunks is the same body.
    let (first, second) = BODY.split_at(100);
    let chunks = [chunk(first), chunk(second), b"0\r\n\r\n".to_vec()].concat();
    let chunked = [head("inbox", "transfer-encoding: chunked\r\n"), chunks].concat();
    assert_eq!(exchange(&url, &chunked).await, "HTTP/1.1 200 OK");
    assert_eq!(handled.recv().await.unwrap(), "inbox");
    inbox.shutdown().await;
}
