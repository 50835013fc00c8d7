//! `Sandbox::deliver`: signatures, attempts and what is recorded.

use super::*;

#[tokio::test]
async fn delivered_event_is_signed_and_its_answer_recorded() {
    let sandbox = sandbox().await;
    let app = App::answering(StatusCode::CREATED, "thanks").await;
    let delivery = sandbox.deliver(event(&app.url).id("event-1"));
    assert_eq!(delivery.ended().await, DeliveryStatus::Success);
    assert_eq!(delivery.id(), "event-1");
    assert_eq!(delivery.event_type(), Some("wallet.chain.enabled"));

    let (headers, body) = app.received.lock().unwrap()[0].clone();
    assert_signed(&sandbox, &headers, &body, NOW_MS);
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["content-length"], body.len().to_string().as_str());
    assert_eq!(
        app.bodies(),
        [json!({
            "event_id": "event-1",
            "url": app.url,
            "created_timestamp": NOW_MS,
            "type": "wallet.chain.enabled",
            "data": { "data_type": "Chains", "chains": [] },
            "status": "Retrying",
            "retries_left": 9,
            "next_retry_timestamp": NOW_MS + 60_000,
        })]
    );
    let [attempt] = &delivery.attempts()[..] else {
        panic!("one attempt succeeded");
    };
    assert_eq!(attempt.at_ms, NOW_MS);
    assert_eq!(attempt.status, Some(StatusCode::CREATED));
    assert_eq!((attempt.answer.as_str(), &attempt.error), ("thanks", &None));
    assert_eq!(attempt.body, body);
    assert_eq!(sandbox.deliveries()[0].id(), "event-1");
    assert_ne!(
        sandbox.deliver(event(&app.url)).id(),
        sandbox.deliver(event(&app.url)).id()
    );
}

#[tokio::test]
async fn failed_event_is_sent_again_when_the_clock_is_advanced() {
    let sandbox = sandbox().await;
    let app = App::start(|number| match number {
        0 => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        1 => (StatusCode::FOUND, [("location", "/elsewhere")]).into_response(),
        2 => StatusCode::NO_CONTENT.into_response(),
        _ => StatusCode::OK.into_response(),
    })
    .await;
    let delivery = sandbox.deliver(event(&app.url));
    assert_eq!(delivery.attempted(1).await.len(), 1);
    assert_eq!(delivery.next_attempt_ms(), Some(NOW_MS + 60_000));
    sandbox.advance(MINUTE - Duration::from_millis(1));
    assert_eq!(app.bodies().len(), 1);
    sandbox.clock().advance(Duration::from_millis(1));
    assert_eq!(delivery.attempted(2).await.len(), 2);
    assert_eq!(delivery.status(), DeliveryStatus::Retrying);
    assert_eq!(sandbox.finish(&delivery).await, DeliveryStatus::Success);

    let minutes = |attempt: &Attempt| (attempt.at_ms - NOW_MS) / 60_000;
    let attempts = delivery.attempts();
    let times: Vec<u64> = attempts.iter().map(minutes).collect();
    assert_eq!(times, [0, 1, 3, 7]);
    for attempt in &attempts {
        assert_signed(&sandbox, &attempt.headers, &attempt.body, attempt.at_ms);
    }
    let bodies = app.bodies();
    assert_eq!(bodies.len(), 4);
    for (left, body) in (6..=9).rev().zip(&bodies) {
        assert_eq!(body["retries_left"], left);
        assert_eq!(body["event_id"], delivery.id());
        assert_eq!(body["created_timestamp"], NOW_MS);
    }
    assert_eq!(delivery.next_attempt_ms(), None);
}

#[tokio::test]
async fn event_fails_after_ten_attempts_and_a_callback_after_thirty() {
    let sandbox = sandbox().await;
    // The commonest mistake: JSON in place of plain text.
    let app = App::answering(StatusCode::OK, r#"{"result":"ok"}"#).await;
    let asked = sandbox.deliver(Message::callback(
        &app.url,
        json!({ "transaction_id": "t" }),
    ));
    assert_eq!(sandbox.finish(&asked).await, DeliveryStatus::Failed);
    assert_eq!(asked.attempts().len(), 30);
    assert_eq!(asked.event_type(), None);
    assert_eq!(app.bodies()[29], json!({ "transaction_id": "t" }));

    let app = App::answering(StatusCode::BAD_REQUEST, "").await;
    let delivery = sandbox.deliver(event(&app.url));
    assert_eq!(sandbox.finish(&delivery).await, DeliveryStatus::Failed);
    let bodies = app.bodies();
    assert_eq!(bodies.len(), 10);
    assert_eq!(bodies[9]["retries_left"], 0);
    assert_eq!(bodies[9].get("next_retry_timestamp"), None);
    sandbox.advance(MINUTE * 10_000);
    assert_eq!(delivery.attempted(11).await.len(), 10);
}

#[tokio::test]
async fn callback_is_decided_by_exactly_ok_or_deny() {
    let sandbox = sandbox().await;
    for (status, text, accepted) in [
        (200, "ok", true),
        (201, "deny", true),
        (200, "OK", false),
        (200, "ok\n", false),
        (200, "", false),
        (202, "ok", false),
        (503, "deny", false),
    ] {
        let app = App::answering(StatusCode::from_u16(status).unwrap(), text).await;
        let asked = sandbox.deliver(Message::callback(&app.url, json!({})));
        asked.attempted(1).await;
        let succeeded = asked.status() == DeliveryStatus::Success;
        assert_eq!(succeeded, accepted, "{status} {text:?}");
    }
}

#[tokio::test]
async fn tampered_message_does_not_have_the_signature_of_its_body() {
    let sandbox = sandbox().await;
    let app = App::answering(StatusCode::OK, "").await;
    sandbox.deliver(event(&app.url).tampered()).ended().await;
    let (headers, mut body) = app.received.lock().unwrap()[0].clone();
    assert_eq!(body.pop(), Some(b' '));
    assert_signed(&sandbox, &headers, &body, NOW_MS);
}

#[tokio::test]
async fn url_that_cannot_be_posted_to_is_reported_and_not_retried() {
    let sandbox = sandbox().await;
    let demo = AppKey::from_hex(DEMO_APP_KEY).unwrap();
    for (url, error) in [
        ("hook", UrlError::Invalid),
        ("https://127.0.0.1/", UrlError::NotHttp),
        (
            "http://app.example/",
            UrlError::Remote("app.example".to_owned()),
        ),
    ] {
        let delivery = sandbox.deliver(event(url));
        assert_eq!(delivery.ended().await, DeliveryStatus::Failed);
        let attempts = delivery.attempts();
        assert_eq!(attempts.len(), 1);
        assert_eq!(attempts[0].error, Some(error.to_string()));
        assert_eq!(sandbox.set_callback(&demo, url), Err(error));
    }
}

#[tokio::test]
async fn missing_or_slow_answer_is_a_failed_attempt_with_its_reason() {
    let slow = axum::Router::new().fallback(async || -> Response { std::future::pending().await });
    let endless = axum::Router::new().fallback(async || {
        let chunk = || Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 1024]));
        Body::from_stream(futures_util::stream::repeat_with(chunk))
    });
    let limit = Duration::from_millis(100);
    let sandbox = Sandbox::builder()
        .answer_limit(limit)
        .clock(Clock::fixed(NOW_MS));
    let sandbox = sandbox.start().await.unwrap();
    let mut urls = vec![("http://127.0.0.1:1/".to_owned(), "cannot connect")];
    for (router, reason) in [
        (slow, "no answer within 100ms"),
        (endless, "no complete answer"),
    ] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        urls.push((format!("http://{}", listener.local_addr().unwrap()), reason));
        tokio::spawn(async move { axum::serve(listener, router).await });
    }
    for (url, reason) in urls {
        let delivery = sandbox.deliver(event(&url));
        let attempts = delivery.attempted(1).await;
        assert_eq!(attempts[0].status, None);
        let error = attempts[0].error.clone().unwrap();
        assert!(error.starts_with(reason), "{error}");
        assert_eq!(delivery.status(), DeliveryStatus::Retrying);
    }
}

#[tokio::test]
async fn waiting_for_a_delivery_ends_when_the_sandbox_stops() {
    let sandbox = sandbox().await;
    let app = App::answering(StatusCode::BAD_GATEWAY, "").await;
    let delivery = sandbox.deliver(event(&app.url));
    delivery.attempted(1).await;
    sandbox.shutdown().await;
    assert_eq!(delivery.ended().await, DeliveryStatus::Retrying);
}
