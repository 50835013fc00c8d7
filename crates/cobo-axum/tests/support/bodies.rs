//! Bodies whose reading a test can watch.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use axum::body::Body;
use bytes::Bytes;
use cobo_auth::{Clock as _, SystemClock};
use futures_util::stream;
use http::{HeaderMap, Request};
use tokio::task::JoinHandle;
use tower_service::Service as _;

use super::{event, signature};

/// A body that counts how often it is read. It has one chunk, and then ends, or never does.
pub fn counting(chunk: Vec<u8>, ends: bool) -> (Body, Arc<AtomicUsize>) {
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

pub fn signed_headers(body: &[u8]) -> HeaderMap {
    let now = SystemClock.unix_millis();
    let mut headers = HeaderMap::new();
    headers.insert("biz-timestamp", now.into());
    headers.insert("biz-resp-signature", signature(body, now).parse().unwrap());
    headers
}

fn request(path: &str, headers: HeaderMap, body: Body) -> Request<Body> {
    let mut request = Request::post(path).body(body).unwrap();
    *request.headers_mut() = headers;
    request
}

/// Posts a request to a route, without a network.
pub async fn post_to(app: &axum::Router, path: &str, headers: HeaderMap, body: Body) -> u16 {
    let answer = app.clone().call(request(path, headers, body)).await;
    answer.unwrap().status().as_u16()
}

/// Posts this many bodies that do not end. Returns when each of them is being read.
pub async fn begin(app: &axum::Router, headers: &HeaderMap, bodies: usize) -> Vec<JoinHandle<u16>> {
    let mut answers = Vec::new();
    for _ in 0..bodies {
        let (body, reads) = counting(event("e-1"), false);
        let (app, headers) = (app.clone(), headers.clone());
        answers.push(tokio::spawn(async move {
            post_to(&app, "/", headers, body).await
        }));
        while reads.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
    }
    answers
}
