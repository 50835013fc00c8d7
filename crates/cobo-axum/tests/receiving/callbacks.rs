//! Callbacks are answered with exactly `ok` or `deny`, or so that Cobo asks again.

use std::time::Duration;

use cobo_axum::callback;
use cobo_waas2::webhooks::Decision;

use crate::support::{self, report, send, serve, signed, verifier};

fn transaction(id: &str) -> Vec<u8> {
    format!(
        r#"{{"transaction_id":"{id}","wallet_id":"w-1","status":"Submitted",
            "source":{{"source_type":"DepositFromLoop"}},"destination":{{}},
            "initiator_type":"API","created_timestamp":1,"updated_timestamp":2}}"#
    )
    .into_bytes()
}

#[tokio::test]
async fn each_callback_result_has_the_exact_expected_response() {
    let (asked, mut seen) = report();
    let route = callback(verifier(), Duration::from_millis(200), move |request| {
        asked.send(request.transaction_id.clone()).unwrap();
        async move {
            match request.transaction_id.as_str() {
                "good" => Ok(Decision::Approve),
                "bad" => Ok(Decision::Deny("ok, but above the limit".to_owned())),
                "panic" => panic!("as the test wants"),
                "slow" => std::future::pending().await,
                _ => Err("the database is down"),
            }
        }
    });
    let url = serve(axum::Router::new().route("/", route)).await;
    for (id, status, text) in [
        ("good", 200, "ok"),
        ("bad", 200, "deny"),
        ("panic", 503, "try again later"),
        ("slow", 503, "try again later"),
        ("error", 503, "try again later"),
    ] {
        let answer = send(signed(&url, &transaction(id))).await;
        assert_eq!(answer, (status, text.to_owned()), "{id}");
        assert_eq!(seen.recv().await.unwrap(), id);
    }

    let response = signed(&url, &transaction("good")).send().await.unwrap();
    let content_type = response.headers()["content-type"].to_str().unwrap();
    assert!(content_type.starts_with("text/plain"), "{content_type}");
    assert_eq!(seen.recv().await.unwrap(), "good");
}

#[tokio::test]
async fn callback_with_an_invalid_signature_never_reaches_the_handler() {
    let (asked, mut seen) = report();
    let route = callback(verifier(), Duration::from_secs(60), move |request| {
        asked.send(request.transaction_id.clone()).unwrap();
        async { Ok::<_, String>(Decision::Approve) }
    });
    let url = serve(axum::Router::new().route("/", route)).await;
    let unsigned = support::http().post(&url).body(transaction("t"));
    assert_eq!(send(unsigned).await, (401, "not signed".to_owned()));
    let tampered = signed(&url, &transaction("t")).body(transaction("u"));
    assert_eq!(send(tampered).await, (401, "wrong signature".to_owned()));
    let other = signed(&url, br#"{"transaction_id":"t"}"#);
    assert_eq!(send(other).await, (400, "malformed body".to_owned()));
    let get = support::http().get(&url);
    assert_eq!(send(get).await.0, 405);
    assert!(seen.try_recv().is_err());
}
