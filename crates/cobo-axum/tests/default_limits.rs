//! The limits of extractors whose routes set none. In a separate process, because all extractors of a process share
//! them.

#![allow(clippy::unwrap_used)] // a panic fails the test

mod support;

use axum::routing::post;
use cobo_axum::Webhook;
use cobo_waas2::webhooks::Event;

use support::bodies::{begin, counting, post_to, signed_headers};
use support::{event, verifier};

#[tokio::test(start_paused = true)]
async fn default_number_of_bodies_that_extractors_read_at_once_is_256() {
    let app = || {
        let route = post(async |_: Webhook<Event>| {});
        let app = axum::Router::new().route("/", route);
        app.with_state::<()>(verifier())
    };
    let headers = signed_headers(&event("e-1"));
    let first = begin(&app(), &headers, 256).await;
    for app in [app(), app()] {
        let (body, _) = counting(event("e-1"), true);
        assert_eq!(post_to(&app, "/", headers.clone(), body).await, 503);
    }
    for answer in first {
        assert_eq!(answer.await.unwrap(), 408);
    }
    let (body, _) = counting(event("e-1"), true);
    assert_eq!(post_to(&app(), "/", headers, body).await, 200);
}
