//! Events reach the handler of their type, and are never lost; callbacks are answered exactly.

#![allow(clippy::unwrap_used)] // a panic fails the test

use std::sync::{Arc, Mutex};

use cobo_auth::{InboundVerifier, ResponseKeys};
use cobo_waas2::models::{SuspendedTokenOperationType, WebhookEventData, WebhookEventType};
use cobo_waas2::webhooks::{CallbackRequest, Decision, Event, Latest, Router, RouterError};

const SUSPENDED: &str =
    r#"{"data_type":"SuspendedToken","token_ids":"ETH_USDT","operation_type":"Added"}"#;
const CHAINS: &str = r#"{"data_type":"Chains","chains":[]}"#;
/// A transaction without any of its required fields.
const INCOMPLETE: &str = r#"{"data_type":"Transaction","note":"é☃","n":1.10000000000000000001}"#;
const UNKNOWN: &str = r#"{"data_type":"Teleport","n":12345678901234567890,"list":[1]}"#;

fn event(data: &str) -> Event {
    let json = format!(
        r#"{{"event_id":"e-1","url":"https://app.example/hook","created_timestamp":1701396866000,
            "type":"wallets.transaction.updated","data":{data},"status":"Retrying",
            "next_retry_timestamp":1701396867000,"retries_left":9,"new_field":true}}"#
    );
    cobo_model::decode(json.as_bytes()).unwrap()
}

#[derive(Clone, Default)]
struct Handled(Arc<Mutex<Vec<String>>>);

impl Handled {
    fn add(&self, what: impl Into<String>) -> Result<(), std::io::Error> {
        self.0.lock().unwrap().push(what.into());
        Ok(())
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

fn router(handled: &Handled) -> Router {
    let [tokens, chains, transactions] = [(); 3].map(|()| handled.clone());
    Router::new()
        .on_suspended_token(move |event| {
            assert_eq!(
                event.data.operation_type,
                SuspendedTokenOperationType::Added
            );
            let done = tokens.add(format!("token {}", event.data.token_ids));
            async { done }
        })
        .on_chains(move |event| {
            let done = chains.add(format!("{} chains", event.data.chains.len()));
            async { done }
        })
        .on_transaction(move |event| {
            let done = transactions.add(event.data.transaction_id);
            async { done }
        })
}

#[tokio::test]
async fn each_event_reaches_the_handler_of_its_type() {
    let handled = Handled::default();
    let rest = handled.clone();
    let router = router(&handled).otherwise(move |event: Event| {
        let done = rest.add(format!("{:?}", event.data));
        async { done }
    });
    for data in [SUSPENDED, CHAINS, UNKNOWN] {
        router.handle(event(data)).await.unwrap();
    }
    let expected = ["token ETH_USDT", "0 chains", "Unknown(..)"];
    assert_eq!(handled.all(), expected);
}

#[tokio::test]
async fn event_without_a_handler_is_an_error() {
    let handled = Handled::default();
    let error = router(&handled).handle(event(UNKNOWN)).await.unwrap_err();
    assert!(matches!(error, RouterError::NoHandler(_)), "{error}");
    assert!(handled.all().is_empty());
    assert!(!router(&handled).has_otherwise());
    let ignoring = router(&handled).otherwise(async |_| Ok::<_, std::io::Error>(()));
    assert!(ignoring.has_otherwise());
    ignoring.handle(event(UNKNOWN)).await.unwrap();
}

#[tokio::test]
async fn handler_error_is_returned_by_the_router() {
    let router = Router::new().on_chains(async |_| Err("the database is down"));
    let error = router.handle(event(CHAINS)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the handler failed: the database is down"
    );
}

#[test]
fn envelope_has_all_fields_of_the_document() {
    let event = event(CHAINS);
    assert_eq!(event.event_id.as_deref(), Some("e-1"));
    assert_eq!(event.url, "https://app.example/hook");
    assert_eq!(event.created_timestamp, 1_701_396_866_000);
    assert_eq!(event.type_, WebhookEventType::WalletsTransactionUpdated);
    assert_eq!(event.status.unwrap().as_str(), "Retrying");
    assert_eq!(event.next_retry_timestamp, Some(1_701_396_867_000));
    assert_eq!(event.retries_left, Some(9));
}

#[test]
fn event_data_of_an_unknown_type_is_kept_unchanged() {
    let event = event(UNKNOWN);
    assert_eq!(event.data_error, None);
    let WebhookEventData::Unknown(value) = event.data else {
        panic!("known data");
    };
    assert_eq!(
        value,
        serde_json::from_str::<serde_json::Value>(UNKNOWN).unwrap()
    );
}

#[test]
fn event_data_that_does_not_decode_is_kept_with_the_error() {
    let event = event(INCOMPLETE);
    let error = event.data_error.unwrap();
    assert!(
        error
            .missing_fields()
            .iter()
            .any(|field| field == "transaction_id"),
        "{error}"
    );
    let WebhookEventData::Unknown(value) = event.data else {
        panic!("known data");
    };
    assert_eq!(value["note"], "é☃");
}

#[test]
fn event_without_its_required_fields_is_an_error() {
    let error = cobo_model::decode::<Event>(br#"{"event_id":"e-1"}"#).unwrap_err();
    assert_eq!(
        error.missing_fields(),
        ["url", "created_timestamp", "type", "data"]
    );
    let error = cobo_model::decode::<Event>(b"[]").unwrap_err();
    assert!(error.wrong_value().is_some(), "{error}");
}

/// The recorded webhook has a transaction without most of its fields: it is delivered even so.
#[test]
fn recorded_webhook_with_missing_transaction_fields_is_delivered() {
    let recorded: serde_json::Value =
        serde_json::from_str(include_str!("../../../tests/vectors/recorded.json")).unwrap();
    let vectors = recorded["vectors"].as_array().unwrap();
    let webhook = vectors
        .iter()
        .find(|it| it["op"].as_str().unwrap().starts_with("webhook"));
    let text = |name: &str| webhook.unwrap()[name].as_str().unwrap();
    let mut headers = http::HeaderMap::new();
    headers.insert("biz-timestamp", text("timestamp").parse().unwrap());
    headers.insert("biz-resp-signature", text("signature_hex").parse().unwrap());
    let keys = ResponseKeys::from_hex([text("public_key_hex")]).unwrap();
    let any_time = std::time::Duration::MAX;
    let verifier = InboundVerifier::from_keys(keys)
        .unwrap()
        .with_tolerance(any_time, any_time);
    let body = verifier.verify(text("body").as_bytes(), &headers).unwrap();
    let event = body.parse::<Event>().unwrap();
    assert_eq!(
        event.event_id.as_deref(),
        Some("8f2e919a-6a7b-4a9b-8c1a-4c0b3f5b8b1f")
    );
    assert!(event.data_error.is_some());
}

#[test]
fn callback_without_a_transaction_does_not_decode() {
    assert!(cobo_model::decode::<CallbackRequest>(b"{}").is_err());
    assert_eq!(Decision::Approve.answer(), "ok");
    assert_eq!(Decision::Deny("ok".to_owned()).answer(), "deny");
}

#[test]
fn latest_rejects_only_older_updates_of_the_same_object() {
    let latest = Latest::new(2);
    assert!(latest.admit("a", 10));
    assert!(!latest.admit("a", 9));
    assert!(latest.admit("b", 9));
    assert!(
        latest.admit("a", 10),
        "the same update again, after its handler failed"
    );
    assert!(latest.admit("a", 11));
    assert!(!latest.admit("a", 10));
}

#[test]
fn full_latest_forgets_the_object_with_the_oldest_timestamp() {
    let latest = Latest::new(2);
    for (object, time) in [("a", 10), ("b", 20), ("c", 30)] {
        assert!(latest.admit(object, time));
    }
    assert!(!latest.admit("b", 19), "still remembered");
    assert!(!latest.admit("c", 29), "still remembered");
    assert!(latest.admit("a", 1), "forgotten");
}

#[tokio::test]
async fn event_with_undecodable_data_is_an_error_without_a_handler_for_it() {
    let router = Router::new().otherwise(async |_| Ok::<_, std::io::Error>(()));
    let error = router.handle(event(INCOMPLETE)).await.unwrap_err();
    assert!(matches!(error, RouterError::Undecodable(..)), "{error}");
    assert!(error.to_string().contains("transaction_id"), "{error}");

    let router = router.on_undecodable(async |event| {
        assert!(event.data_error.is_some());
        Ok::<_, std::io::Error>(())
    });
    router.handle(event(INCOMPLETE)).await.unwrap();
}
