//! Bodies that are not read, or not read to their end.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::routing::post as on_post;
use cobo_auth::{Clock as _, SystemClock, Verified};
use cobo_axum::{Inbox, MemoryLog, ReadLimits, VerifyLayer, Webhook, callback};
use cobo_waas2::webhooks::{Decision, Event};
use http::HeaderMap;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tower_layer::Layer as _;

use crate::layer::Reporting;
use crate::support::bodies::{begin, counting, post_to, signed_headers};
use crate::support::{event, report, reporting, serve, verifier};

const HOUR: u64 = 60 * 60 * 1_000;

async fn post(inbox: &Inbox, headers: HeaderMap, body: Body) -> u16 {
    let app = axum::Router::new().route("/", inbox.route());
    post_to(&app, "/", headers, body).await
}

#[tokio::test]
async fn body_is_not_read_if_the_headers_are_already_wrong() {
    let (handlers, _handled) = reporting();
    let inbox = Inbox::builder(verifier(), MemoryLog::new(10), handlers)
        .start()
        .unwrap();
    let good = signed_headers(&event("e-1"));
    let now = SystemClock.unix_millis();
    let twice = |name: &'static str| {
        let mut headers = good.clone();
        headers.append(name, good[name].clone());
        headers
    };
    let changed = |name: &'static str, value: &str| {
        let mut headers = good.clone();
        headers.insert(name, value.parse().unwrap());
        headers
    };
    for (headers, status, is_read) in [
        (HeaderMap::new(), 401, false),
        (changed("biz-timestamp", "yesterday"), 400, false),
        (
            changed("biz-timestamp", &(now - 25 * HOUR).to_string()),
            503,
            false,
        ),
        (
            changed("biz-timestamp", &(now + HOUR).to_string()),
            503,
            false,
        ),
        (twice("biz-timestamp"), 400, false),
        (twice("biz-resp-signature"), 400, false),
        (changed("biz-resp-signature", "abcd"), 400, false),
        (changed("content-encoding", "gzip"), 400, false),
        (changed("content-length", "1048577"), 413, false),
        (good.clone(), 200, true),
    ] {
        let (body, reads) = counting(event("e-1"), true);
        assert_eq!(
            post(&inbox, headers.clone(), body).await,
            status,
            "{headers:?}"
        );
        assert_eq!(reads.load(Ordering::Relaxed) > 0, is_read, "{headers:?}");
    }
    inbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn body_that_does_not_arrive_in_time_is_answered_with_408() {
    let (handlers, mut handled) = reporting();
    let inbox = Inbox::builder(verifier(), MemoryLog::new(10), handlers)
        .read_limit(Duration::from_secs(3))
        .start()
        .unwrap();
    let start = tokio::time::Instant::now();
    let (body, _) = counting(event("e-1"), false);
    assert_eq!(post(&inbox, signed_headers(&event("e-1")), body).await, 408);
    assert_eq!(start.elapsed().as_secs(), 3, "of the paused clock");
    inbox.shutdown().await;
    assert!(handled.try_recv().is_err());
}

/// Two bodies are read, and a third one arrives; then the first two end.
async fn third_body_is_refused_while_two_are_read(app: axum::Router) {
    let headers = signed_headers(&event("e-1"));
    let first = begin(&app, &headers, 2).await;
    let (body, reads) = counting(event("e-1"), true);
    assert_eq!(post_to(&app, "/", headers.clone(), body).await, 503);
    assert_eq!(reads.load(Ordering::Relaxed), 0);
    // What the headers alone show to be wrong takes no place.
    let (body, _) = counting(event("e-1"), true);
    assert_eq!(post_to(&app, "/", HeaderMap::new(), body).await, 401);

    for answer in first {
        assert_eq!(answer.await.unwrap(), 408);
    }
    let (body, _) = counting(event("e-1"), true);
    assert_eq!(post_to(&app, "/", headers, body).await, 200);
}

#[tokio::test(start_paused = true)]
async fn body_beyond_the_number_that_is_read_at_once_is_answered_with_503() {
    let (handlers, _handled) = reporting();
    let inbox = Inbox::builder(verifier(), MemoryLog::new(10), handlers).max_reading(2);
    let inbox = inbox.start().unwrap();
    let app = axum::Router::new().route("/", inbox.route());
    third_body_is_refused_while_two_are_read(app).await;
    inbox.shutdown().await;

    let (seen, _handled) = report();
    let layer = VerifyLayer::new(verifier()).max_reading(2);
    let app = axum::Router::new().route_service("/", layer.layer(Reporting(seen)));
    third_body_is_refused_while_two_are_read(app).await;
}

/// 256 unless the app sets another number. `tests/default_limits.rs` has the test of the extractor.
#[tokio::test(start_paused = true)]
async fn default_number_of_bodies_that_are_read_at_once_is_256() {
    let (handlers, _handled) = reporting();
    let inbox = Inbox::builder(verifier(), MemoryLog::new(10), handlers);
    let inbox = inbox.start().unwrap();
    let decide = |_| async { Ok::<_, String>(Decision::Approve) };
    let (seen, _handled) = report();
    let layer = VerifyLayer::new(verifier()).layer(Reporting(seen));
    for route in [
        inbox.route(),
        callback(verifier(), Duration::from_secs(60), decide),
        axum::routing::post_service(layer),
    ] {
        let app: axum::Router = axum::Router::new().route("/", route);
        let headers = signed_headers(&event("e-1"));
        let first = begin(&app, &headers, 256).await;
        let (body, _) = counting(event("e-1"), true);
        assert_eq!(post_to(&app, "/", headers, body).await, 503);
        for answer in first {
            assert_eq!(answer.await.unwrap(), 408);
        }
    }
    inbox.shutdown().await;
}

/// Sends the headers of a signed request, and returns when the server has begun to read the body.
async fn begin_on_server(address: &str, path: &str, body: &[u8]) -> TcpStream {
    let mut connection = TcpStream::connect(address).await.unwrap();
    let mut head = format!("POST {path} HTTP/1.1\r\nhost: app\r\nconnection: close\r\n");
    for (name, value) in &signed_headers(body) {
        head += &format!("{name}: {}\r\n", value.to_str().unwrap());
    }
    // The server answers the expectation when it reads the body.
    head += &format!(
        "content-length: {}\r\nexpect: 100-continue\r\n\r\n",
        body.len()
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    connection
}

/// Reads the first line of an answer, and its headers.
async fn answered(connection: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(connection.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    head.lines().next().unwrap().to_owned()
}

const CONTINUE: &str = "HTTP/1.1 100 Continue";

#[tokio::test]
async fn callback_and_extractor_read_as_many_bodies_at_once_as_their_read_limits_say() {
    let transaction = br#"{"transaction_id":"t-1","wallet_id":"w-1","status":"Submitted",
        "source":{"source_type":"DepositFromLoop"},"destination":{},
        "initiator_type":"API","created_timestamp":1,"updated_timestamp":2}"#;
    let decide = |_: Verified<_>| async { Ok::<_, String>(Decision::Approve) };
    let limits = |bodies| {
        let limits = ReadLimits::new().max_reading(bodies);
        Extension(limits.read_limit(Duration::from_secs(600)))
    };
    let callback = callback(verifier(), Duration::from_secs(60), decide).layer(limits(2));
    let extractor = on_post(async |_: Webhook<Event>| "ok").layer(limits(2));
    let app = axum::Router::new()
        .route("/callback", callback)
        .route("/extractor", extractor)
        .with_state::<()>(verifier());
    let url = serve(app).await;
    let address = url.strip_prefix("http://").unwrap();
    for (path, body) in [
        ("/callback", transaction.to_vec()),
        ("/extractor", event("e-1")),
    ] {
        let mut reading = Vec::new();
        for _ in 0..2 {
            let mut connection = begin_on_server(address, path, &body).await;
            assert_eq!(answered(&mut connection).await, CONTINUE, "{path}");
            reading.push(connection);
        }
        let mut third = begin_on_server(address, path, &body).await;
        let refused = "HTTP/1.1 503 Service Unavailable";
        assert_eq!(answered(&mut third).await, refused, "{path}");

        for mut connection in reading {
            connection.write_all(&body).await.unwrap();
            assert_eq!(answered(&mut connection).await, "HTTP/1.1 200 OK", "{path}");
        }
        let mut next = begin_on_server(address, path, &body).await;
        assert_eq!(answered(&mut next).await, CONTINUE, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn callback_and_extractor_wait_for_a_body_as_long_as_their_read_limits_say() {
    let limits = Extension(ReadLimits::new().read_limit(Duration::from_secs(3)));
    let decide = |_: Verified<_>| async { Ok::<_, String>(Decision::Approve) };
    let app = axum::Router::new()
        .route(
            "/callback",
            callback(verifier(), Duration::from_secs(60), decide),
        )
        .route("/", on_post(async |_: Webhook<Event>| {}))
        .layer(limits)
        .with_state::<()>(verifier());
    let headers = signed_headers(&event("e-1"));
    for path in ["/callback", "/"] {
        let start = tokio::time::Instant::now();
        let (body, _) = counting(event("e-1"), false);
        assert_eq!(post_to(&app, path, headers.clone(), body).await, 408);
        assert_eq!(start.elapsed().as_secs(), 3, "of the paused clock, {path}");
    }
}
