//! Transfers whose attempts fail in every way, on a sandbox: Cobo never gets another request id than
//! the caller's, and the error says what is known.

#![allow(clippy::unwrap_used)] // a panic fails the test

mod support;

use std::error::Error as _;
use std::time::Duration;

use cobo_auth::{Error, ErrorKind, Execution, HttpOptions, Operation, RequestId, RetryPolicy};
use cobo_sandbox::{Answer, Sandbox, Specification};
use cobo_waas2::operations::{
    CREATE_CONTRACT_CALL_TRANSACTION, CREATE_FORCED_SWEEP_REQUEST, CREATE_TRANSFER_TRANSACTION,
};
use cobo_waas2::{Lookup, Waas2Client, models, operations};
use http::StatusCode;
use serde_json::{Value, json};

const WALLET: &str = "f47ac10b-58cc-4372-a567-0e02b2c3d479";
const TRANSFER: &str = "create_transfer_transaction";
const SWEEP: &str = "create_forced_sweep_request";

async fn sandbox() -> (Sandbox, Waas2Client) {
    let sandbox = Sandbox::builder().specification(Specification::waas2());
    let (sandbox, client) = support::start(sandbox).await;
    let client = client
        .http(HttpOptions::new().timeout(Duration::from_secs(2)))
        .retry(RetryPolicy::standard().base_delay(Duration::ZERO));
    (sandbox, Waas2Client::new(client.build().unwrap()))
}

fn transfer(client: &Waas2Client, id: impl Into<String>) -> operations::CreateTransferTransaction {
    let source = models::MpcTransferSource::builder()
        .source_type(models::WalletSubtype::OrgControlled)
        .wallet_id(WALLET)
        .address("0x0000000000000000000000000000000000000001");
    let output = models::AddressTransferDestinationAccountOutput::builder()
        .address("0x0000000000000000000000000000000000000002")
        .amount("1.5");
    let params = models::TransferParams::builder()
        .request_id(id)
        .token_id("ETH_USDT")
        .source(source)
        .destination(models::AddressTransferDestination::builder().account_output(output));
    client.create_transfer_transaction().transfer_params(params)
}

fn refused(code: u32) -> Answer {
    Answer::error(StatusCode::BAD_REQUEST, code)
}

fn unavailable() -> Answer {
    Answer::error(StatusCode::SERVICE_UNAVAILABLE, 2000)
}

/// The request ids that arrived, one for each attempt. Every attempt has its own nonce.
fn ids(sandbox: &Sandbox) -> Vec<String> {
    let received = sandbox.received();
    let mut nonces: Vec<_> = received.iter().map(|request| &request.nonce).collect();
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), received.len());
    let bodies = received
        .iter()
        .map(|request| serde_json::from_slice(&request.body));
    bodies
        .map(|body: Result<Value, _>| body.unwrap()["request_id"].as_str().unwrap().to_owned())
        .collect()
}

/// What the error says if Cobo took a request with the id.
fn assert_taken(error: &Error, id: &RequestId) {
    assert_eq!(error.kind(), ErrorKind::RequestIdTaken);
    assert_eq!(error.request_id(), Some(id));
    assert_eq!(error.execution(), Execution::Unknown);
    assert!(error.is_request_id_taken() && !error.is_retryable());
    let text = error.to_string();
    for part in [
        id.as_str(),
        "list_transactions",
        "the last 90 days",
        "compare",
        "this one or an earlier one",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(
        !text.contains("succeeded") && !text.contains("was carried out"),
        "{text}"
    );
}

#[tokio::test]
async fn lost_response_is_retried_with_the_same_request_id() {
    let late = Answer::as_usual().delay(Duration::from_secs(4));
    for lost in [
        Answer::as_usual().dropped(),
        Answer::as_usual().torn(),
        late,
        Answer::error(StatusCode::INTERNAL_SERVER_ERROR, 2000),
        unavailable().unsigned(),
    ] {
        for code in [30001, 12009] {
            let (sandbox, client) = sandbox().await;
            sandbox
                .script(TRANSFER, [lost.clone(), refused(code)])
                .unwrap();
            let id = RequestId::random().unwrap();
            let error = transfer(&client, &id).send().await.unwrap_err();
            assert_taken(&error, &id);
            assert_eq!(ids(&sandbox), [id.as_str(); 2]);
        }
    }
}

#[tokio::test]
async fn transfer_succeeds_if_earlier_attempts_were_not_executed() {
    let (sandbox, client) = sandbox().await;
    sandbox
        .script(TRANSFER, [unavailable(), unavailable().dropped()])
        .unwrap();
    let created = transfer(&client, "order-7").send().await.unwrap();
    assert!(!created.transaction_id.is_empty());
    assert_eq!(ids(&sandbox), ["order-7"; 3]);
}

#[tokio::test]
async fn reused_request_id_is_reported_as_taken_without_a_retry() {
    let (sandbox, client) = sandbox().await;
    sandbox.script(TRANSFER, [refused(30001)]).unwrap();
    let id = RequestId::new("order-7").unwrap();
    let error = transfer(&client, &id).send().await.unwrap_err();
    assert_taken(&error, &id);
    assert_eq!(ids(&sandbox), ["order-7"]);
}

#[tokio::test]
async fn failed_lookup_leaves_the_transfer_unknown() {
    let (sandbox, client) = sandbox().await;
    let lost = Answer::as_usual().dropped();
    sandbox.script(TRANSFER, [lost, refused(30001)]).unwrap();
    let forbidden = Answer::error(StatusCode::FORBIDDEN, 2025);
    sandbox.script("list_transactions", [forbidden]).unwrap();
    let id = RequestId::random().unwrap();
    let error = transfer(&client, &id).send().await.unwrap_err();
    let Lookup::Failed(failed) = client.find_transaction(&id).await else {
        panic!("the lookup was refused");
    };
    assert_taken(&error, &id);
    // The lookup was certainly not carried out. This says nothing about the transfer.
    let read = failed.source().unwrap().downcast_ref::<Error>().unwrap();
    assert_eq!(read.execution(), Execution::NotExecuted);
    let text = failed.to_string();
    assert!(text.contains("stays unknown"), "{text}");
}

#[tokio::test]
async fn lookup_ignores_a_transaction_with_another_request_id() {
    let (sandbox, client) = sandbox().await;
    let all = client
        .list_transactions()
        .send()
        .await
        .unwrap()
        .into_inner();
    let mut body = serde_json::to_value(&all).unwrap();
    assert!(body["data"][0]["request_id"].is_string(), "{body}");
    assert_ne!(body["data"][0]["request_id"], "order-7");
    body["pagination"]["after"] = json!("");
    // As a server that ignores the filter.
    let unfiltered = Answer::json(StatusCode::OK, body);
    sandbox.script("list_transactions", [unfiltered]).unwrap();
    let id = RequestId::new("order-7").unwrap();
    let found = client.find_transaction(&id).await;
    assert!(matches!(found, Lookup::NotListed), "{found:?}");
}

#[tokio::test]
async fn unsigned_or_old_response_never_reports_the_request_id_as_taken() {
    let (sandbox, client) = sandbox().await;
    let old = sandbox.now_ms() - Duration::from_secs(86_400).as_millis() as u64;
    for answer in [refused(30001).unsigned(), refused(30001).timestamp(old)] {
        sandbox.script(TRANSFER, [answer]).unwrap();
        let error = transfer(&client, "order-7").send().await.unwrap_err();
        assert_ne!(error.kind(), ErrorKind::RequestIdTaken);
        assert!(!error.is_request_id_taken());
        assert_eq!(error.execution(), Execution::Unknown);
    }
}

#[tokio::test]
async fn error_after_all_responses_are_lost_says_to_reuse_the_request_id() {
    let (sandbox, client) = sandbox().await;
    let dropped = || Answer::as_usual().dropped();
    sandbox
        .script(TRANSFER, [dropped(), dropped(), dropped()])
        .unwrap();
    let error = transfer(&client, "order-7").send().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.execution()),
        (ErrorKind::Transport, Execution::Unknown)
    );
    assert_eq!(error.request_id().map(RequestId::as_str), Some("order-7"));
    let text = error.to_string();
    let expected = "may have been carried out: send it again only with the same request_id, \
                    `order-7`, or look it up with `list_transactions`, which lists the last 90 \
                    days by default";
    assert!(text.ends_with(expected), "{text}");
    assert_eq!(ids(&sandbox), ["order-7"; 3]);
}

#[tokio::test]
async fn refusal_after_a_lost_response_has_unknown_execution() {
    let (sandbox, client) = sandbox().await;
    sandbox
        .script(TRANSFER, [Answer::as_usual().dropped(), refused(2006)])
        .unwrap();
    let error = transfer(&client, "order-7").send().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.execution()),
        (ErrorKind::Api, Execution::Unknown)
    );
    let text = error.to_string();
    assert!(
        text.contains("an earlier attempt may have been carried out"),
        "{text}"
    );

    sandbox.script(TRANSFER, [refused(2006)]).unwrap();
    let error = transfer(&client, "order-7").send().await.unwrap_err();
    assert_eq!(error.execution(), Execution::NotExecuted);
    assert_eq!(error.request_id().map(RequestId::as_str), Some("order-7"));
}

#[tokio::test]
async fn success_response_that_does_not_decode_keeps_the_request_id() {
    let (sandbox, client) = sandbox().await;
    sandbox
        .script(TRANSFER, [Answer::json(StatusCode::CREATED, json!({}))])
        .unwrap();
    let error = transfer(&client, "order-7").send().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.execution()),
        (ErrorKind::Decode, Execution::Executed)
    );
    assert_eq!(error.request_id().map(RequestId::as_str), Some("order-7"));
}

#[tokio::test]
async fn call_set_to_not_repeatable_is_attempted_once() {
    let (sandbox, client) = sandbox().await;
    sandbox
        .script(TRANSFER, [Answer::as_usual().dropped()])
        .unwrap();
    let error = transfer(&client, "order-7")
        .repeatable(false)
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert_eq!(error.request_id().map(RequestId::as_str), Some("order-7"));
    assert_eq!(ids(&sandbox), ["order-7"]);
}

#[tokio::test]
async fn request_without_a_valid_request_id_is_not_sent() {
    let (sandbox, client) = sandbox().await;
    for id in ["", " ", "order\n7"] {
        let error = transfer(&client, id).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert!(
            error
                .to_string()
                .contains("`transfer_params.request_id`: invalid request id")
        );
    }
    assert!(sandbox.received().is_empty());
}

#[tokio::test]
async fn operation_without_documented_idempotency_is_retried_only_on_request() {
    let (sandbox, client) = sandbox().await;
    let sweep = || {
        let sweep = models::ForcedSweepRequest::builder();
        let sweep = sweep
            .request_id("order-7")
            .wallet_id(WALLET)
            .token_id("ETH")
            .amount("1");
        client
            .create_forced_sweep_request()
            .forced_sweep_request(sweep)
    };
    sandbox
        .script(SWEEP, [Answer::as_usual().dropped()])
        .unwrap();
    let error = sweep().send().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.request_id()),
        (ErrorKind::Transport, None)
    );
    assert_eq!(ids(&sandbox), ["order-7"]);

    sandbox.clear_received();
    sandbox
        .script(SWEEP, [Answer::as_usual().dropped(), refused(30001)])
        .unwrap();
    let error = sweep().repeatable(true).send().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.execution()),
        (ErrorKind::Api, Execution::Unknown)
    );
    assert_eq!(ids(&sandbox), ["order-7"; 2]);
}

#[test]
fn only_transfer_and_contract_call_have_an_idempotency_key() {
    let key = |operation: &Operation| {
        operation
            .idempotency_key()
            .map(|key| (key.property, key.lookup))
    };
    let expected = Some(("request_id", "list_transactions"));
    assert_eq!(key(&CREATE_TRANSFER_TRANSACTION), expected);
    assert_eq!(key(&CREATE_CONTRACT_CALL_TRANSACTION), expected);
    assert_eq!(key(&CREATE_FORCED_SWEEP_REQUEST), None);
    let document = include_str!("../../../openapi/waas2.yaml");
    assert_eq!(document.matches("x-cobo-idempotency-key").count(), 2);
}
