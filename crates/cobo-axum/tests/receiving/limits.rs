//! Bodies that are not read, or not read to their end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use cobo_auth::{Clock as _, SystemClock};
use cobo_axum::{Inbox, MemoryLog, VerifyLayer, callback};
use cobo_waas2::webhooks::Decision;
use futures_util::stream;
use http::{HeaderMap, Request};
use tokio::task::JoinHandle;
use tower_layer::Layer as _;
use tower_service::Service as _;

use crate::layer::Reporting;
use crate::support::{event, report, reporting, signature, verifier};

const HOUR: u64 = 60 * 60 * 1_000;

/// A body that counts how often it is read. It has one chunk, and then ends, or never does.
fn counting(chunk: Vec<u8>, ends: bool) -> (Body, Arc<AtomicUsize>) {
    let reads = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&reads);
    let mut chunk = Some(Bytes::from(chunk));
    let stream = stream::poll_fn(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
        match chunk.take() {
            Some(chunk) => Poll::Ready(Some(Ok::<_, std::io::Error>(chunk))),
            None if ends => Poll::Ready(None),
            None => Poll::Pending,
        }
    });
    (Body::from_stream(stream), reads)
}

fn signed_headers(body: &[u8]) -> HeaderMap {
    let now = SystemClock.unix_millis();
    let mut headers = HeaderMap::new();
    headers.insert("biz-timestamp", now.into());
    headers.insert("biz-resp-signature", signature(body, now).parse().unwrap());
    headers
}

fn request(headers: HeaderMap, body: Body) -> Request<Body> {
    let mut request = Request::post("/").body(body).unwrap();
    *request.headers_mut() = headers;
    request
}

/// Posts a request to a route, without a network.
async fn post_to(app: &axum::Router, headers: HeaderMap, body: Body) -> u16 {
    let answer = app.clone().call(request(headers, body)).await;
    answer.unwrap().status().as_u16()
}

async fn post(inbox: &Inbox, headers: HeaderMap, body: Body) -> u16 {
    let app = axum::Router::new().route("/", inbox.route());
    post_to(&app, headers, body).await
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

/// Posts this many bodies that do not end. Returns when each of them is being read.
async fn begin(app: &axum::Router, headers: &HeaderMap, bodies: usize) -> Vec<JoinHandle<u16>> {
    let mut answers = Vec::new();
    for _ in 0..bodies {
        let (body, reads) = counting(event("e-1"), false);
        let (app, headers) = (app.clone(), headers.clone());
        answers.push(tokio::spawn(
            async move { post_to(&app, headers, body).await },
        ));
        while reads.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
    }
    answers
}

/// Two bodies are read, and a third one arrives; then the first two end.
async fn third_body_is_refused_while_two_are_read(app: axum::Router) {
    let headers = signed_headers(&event("e-1"));
    let first = begin(&app, &headers, 2).await;
    let (body, reads) = counting(event("e-1"), true);
    assert_eq!(post_to(&app, headers.clone(), body).await, 503);
    assert_eq!(reads.load(Ordering::Relaxed), 0);
    // What the headers alone show to be wrong takes no place.
    let (body, _) = counting(event("e-1"), true);
    assert_eq!(post_to(&app, HeaderMap::new(), body).await, 401);

    for answer in first {
        assert_eq!(answer.await.unwrap(), 408);
    }
    let (body, _) = counting(event("e-1"), true);
    assert_eq!(post_to(&app, headers, body).await, 200);
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

/// 256 unless the app sets another number. The extractor is not tested here: its limit is for the whole
/// process, so other tests would meet it.
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
        assert_eq!(post_to(&app, headers, body).await, 503);
        for answer in first {
            assert_eq!(answer.await.unwrap(), 408);
        }
    }
    inbox.shutdown().await;
}
