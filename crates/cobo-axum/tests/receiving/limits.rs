//! Bodies that are not read, or not read to their end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use cobo_auth::{Clock as _, SystemClock};
use cobo_axum::{Inbox, MemoryLog};
use futures_util::stream;
use http::{HeaderMap, Request};
use tower_service::Service as _;

use crate::support::{event, reporting, signature, verifier};

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

/// Posts a request to the route of an inbox, without a network.
async fn post(inbox: &Inbox, headers: HeaderMap, body: Body) -> u16 {
    let mut request = Request::post("/").body(body).unwrap();
    *request.headers_mut() = headers;
    let mut app: axum::Router = axum::Router::new().route("/", inbox.route());
    app.call(request).await.unwrap().status().as_u16()
}

#[tokio::test]
async fn body_is_not_read_if_the_headers_are_already_wrong() {
    let (handlers, _handled) = reporting();
    let inbox = Inbox::builder(verifier(), MemoryLog::new(10), handlers).start();
    let good = signed_headers(&event("e-1"));
    let changed = |name: &'static str, value: &str| {
        let mut headers = good.clone();
        headers.insert(name, value.parse().unwrap());
        headers
    };
    for (headers, status, is_read) in [
        (HeaderMap::new(), 401, false),
        (changed("biz-timestamp", "yesterday"), 400, false),
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
        .start();
    let start = tokio::time::Instant::now();
    let (body, _) = counting(event("e-1"), false);
    assert_eq!(post(&inbox, signed_headers(&event("e-1")), body).await, 408);
    assert_eq!(start.elapsed().as_secs(), 3, "of the paused clock");
    inbox.shutdown().await;
    assert!(handled.try_recv().is_err());
}
