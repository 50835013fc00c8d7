#[path = "../../tests/support/mod.rs"]
mod support;

use std::sync::{Arc, Mutex};

use cobo_auth::{ErrorKind, RetryPolicy};
use cobo_sandbox::{Answer, Sandbox, Specification};
use http::StatusCode;
use serde_json::json;
use tokio::time::Instant;

use super::*;
use crate::Waas2Client;
use crate::models::TransactionStatus as Status;

const ID: &str = "f47ac10b-58cc-4372-a567-0e02b2c3d479";

#[derive(Debug, Clone)]
struct Thing(Status);

impl Progress for Thing {
    fn outcome(&self) -> Option<Outcome> {
        self.0.outcome()
    }

    fn reason(&self) -> String {
        self.0.to_string()
    }
}

/// Gives the answers in their order, the last one again and again, and keeps when it was asked.
#[derive(Clone)]
struct Script {
    answers: Vec<Result<Status, Error>>,
    asked: Arc<Mutex<Vec<Instant>>>,
}

impl Script {
    fn new(answers: impl IntoIterator<Item = Result<Status, Error>>) -> Self {
        Self {
            answers: answers.into_iter().collect(),
            asked: Arc::default(),
        }
    }

    /// The seconds between the requests.
    fn pauses(&self) -> Vec<f64> {
        let asked = self.asked.lock().unwrap();
        let pairs = asked.windows(2);
        pairs
            .map(|pair| (pair[1] - pair[0]).as_secs_f64())
            .collect()
    }
}

impl StateRequest for Script {
    type Thing = Thing;

    async fn fetch(self) -> Result<Thing, Error> {
        let mut asked = self.asked.lock().unwrap();
        let index = asked.len().min(self.answers.len() - 1);
        asked.push(Instant::now());
        self.answers[index].clone().map(Thing)
    }
}

fn passing() -> Error {
    Error::no_token_for_now("Cobo is unavailable")
}

#[tokio::test(start_paused = true)]
async fn wait_succeeds_and_delays_double_up_to_the_maximum() {
    let mut answers = vec![Ok(Status::Confirming); 8];
    answers.push(Ok(Status::Completed));
    let script = Script::new(answers);
    let thing = Waiter::new().wait(script.clone()).await.unwrap();
    assert_eq!(thing.0, Status::Completed);
    let pauses = script.pauses();
    let longest = [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0];
    assert_eq!(pauses.len(), longest.len());
    for (pause, longest) in pauses.iter().zip(longest) {
        assert!(
            (longest / 2.0..=longest + 0.01).contains(pause),
            "{pauses:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn wait_for_a_failed_state_returns_an_error_with_that_state() {
    for status in [Status::Failed, Status::Rejected] {
        let script = Script::new([Ok(Status::Submitted), Ok(status.clone())]);
        let error = Waiter::new().wait(script).await.unwrap_err();
        assert_eq!(error.to_string(), format!("it ended in failure: {status}"));
        let WaitError::Failed { last, reason } = error else {
            panic!("{error}")
        };
        assert_eq!((last.0, reason), (status.clone(), status.to_string()));
    }
}

#[tokio::test(start_paused = true)]
async fn unknown_state_is_not_final_and_the_deadline_ends_the_wait() {
    let script = Script::new([Ok(Status::from("Teleporting"))]);
    let started = Instant::now();
    let waiter = Waiter::new().deadline(Duration::from_secs(90));
    let error = waiter.wait(script.clone()).await.unwrap_err();
    assert_eq!(started.elapsed().as_secs(), 90);
    assert!(script.pauses().len() > 3);
    assert!(error.to_string().contains("the last state is Teleporting"));
    let WaitError::TimedOut { last, error } = error else {
        panic!("{error}")
    };
    assert_eq!(last.unwrap().0, Status::from("Teleporting"));
    assert!(error.is_none());
}

#[tokio::test(start_paused = true)]
async fn temporary_errors_do_not_end_the_wait_and_others_do() {
    let script = Script::new([
        Err(passing()),
        Ok(Status::Pending),
        Err(passing()),
        Ok(Status::Completed),
    ]);
    Waiter::new().wait(script).await.unwrap();

    let script = Script::new([Err(passing())]);
    let error = Waiter::new().wait(script).await.unwrap_err();
    assert!(matches!(
        error,
        WaitError::TimedOut {
            last: None,
            error: Some(_)
        }
    ));

    let gone = Error::no_token("the app is not installed");
    let script = Script::new([Ok(Status::Pending), Err(gone)]);
    let error = Waiter::new().wait(script.clone()).await.unwrap_err();
    assert_eq!(script.pauses().len(), 1);
    let WaitError::Request { last, error } = error else {
        panic!("{error}")
    };
    assert_eq!(last.unwrap().0, Status::Pending);
    assert_eq!(error.kind(), ErrorKind::Credential);
}

#[tokio::test(start_paused = true)]
async fn delays_of_zero_are_lengthened_to_the_minimum_and_double() {
    let script = Script::new([Ok(Status::Pending)]);
    for (first, longest) in [(0, 0), (0, 1_000), (500, 0)] {
        let waiter = Waiter::new()
            .delays(Duration::from_millis(first), Duration::from_millis(longest))
            .deadline(Duration::from_secs(10));
        let script = Script::new(script.answers.clone());
        waiter.wait(script.clone()).await.unwrap_err();
        let pauses = script.pauses();
        assert!(pauses.iter().all(|pause| *pause >= 0.05), "{pauses:?}");
        let last = pauses[pauses.len() - 1];
        assert_eq!(last >= 0.5, longest == 1_000, "{pauses:?}");
    }
}

/// The error of a wallet list that is answered like this, without a retry.
async fn failure(answer: Answer) -> Error {
    let (sandbox, client) = sandbox().await;
    sandbox.script("list_wallets", [answer]).unwrap();
    client.list_wallets().send().await.unwrap_err()
}

#[tokio::test]
async fn failures_that_do_not_come_from_cobo_do_not_end_the_wait() {
    let html = |status| Answer::text(status, "<html>").header("Content-Type", "text/html");
    for answer in [
        html(StatusCode::INTERNAL_SERVER_ERROR),
        html(StatusCode::BAD_GATEWAY).unsigned(),
        html(StatusCode::FORBIDDEN).unsigned(),
        Answer::error(StatusCode::INTERNAL_SERVER_ERROR, 2000),
        Answer::error(StatusCode::BAD_REQUEST, 2006).unsigned(),
        Answer::as_usual().unsigned(),
    ] {
        let error = failure(answer).await;
        tokio::time::pause();
        let script = Script::new([Err(error.clone()), Ok(Status::Completed)]);
        assert!(Waiter::new().wait(script).await.is_ok(), "{error}");

        let script = Script::new([Err(error)]);
        let timed_out = Waiter::new().wait(script).await.unwrap_err();
        let text = timed_out.to_string();
        assert!(
            text.contains("no state was read; the last request failed: list_wallets: "),
            "{text}"
        );
        tokio::time::resume();
    }
}

#[tokio::test]
async fn refusals_that_cobo_signed_end_the_wait() {
    for answer in [
        Answer::error(StatusCode::BAD_REQUEST, 2006),
        Answer::error(StatusCode::FORBIDDEN, 2025),
        Answer::json(StatusCode::OK, json!({ "data": 7 })),
    ] {
        let error = failure(answer).await;
        let script = Script::new([Err(error), Ok(Status::Completed)]);
        let error = Waiter::new().wait(script).await.unwrap_err();
        assert!(matches!(error, WaitError::Request { .. }), "{error}");
    }
}

#[tokio::test]
async fn not_found_ends_the_wait_only_after_a_minute() {
    let missing = failure(Answer::error(StatusCode::NOT_FOUND, 2028)).await;
    tokio::time::pause();
    let script = Script::new([
        Err(missing.clone()),
        Err(missing.clone()),
        Ok(Status::Completed),
    ]);
    Waiter::new().wait(script).await.unwrap();

    let started = Instant::now();
    let error = Waiter::new().wait(Script::new([Err(missing)])).await;
    let error = error.unwrap_err();
    assert!(matches!(error, WaitError::Request { .. }), "{error}");
    assert!((60..120).contains(&started.elapsed().as_secs()));
}

async fn sandbox() -> (Sandbox, Waas2Client) {
    let sandbox = Sandbox::builder().specification(Specification::waas2());
    let (sandbox, client) = support::start(sandbox).await;
    let client = client.retry(RetryPolicy::none());
    (sandbox, Waas2Client::new(client.build().unwrap()))
}

#[tokio::test]
async fn retry_after_of_an_error_is_honoured() {
    let (sandbox, client) = sandbox().await;
    let busy = Answer::error(StatusCode::TOO_MANY_REQUESTS, 2026).header("Retry-After", "45");
    sandbox.script("list_wallets", [busy]).unwrap();
    let busy = client.list_wallets().send().await.unwrap_err();
    tokio::time::pause();
    let script = Script::new([Err(busy), Ok(Status::Completed)]);
    Waiter::new().wait(script.clone()).await.unwrap();
    assert!((45.0..46.0).contains(&script.pauses()[0]));
}

#[tokio::test]
async fn wait_for_a_failed_transaction_returns_the_reason_from_cobo() {
    let (sandbox, client) = sandbox().await;
    let request = || client.get_transaction_by_id().transaction_id(ID);
    let usual = request().send().await.unwrap().into_inner();
    let replaced = |status: &str, by: serde_json::Value| {
        let mut body = serde_json::to_value(&usual).unwrap();
        body["replacement"] = json!({ "replaced_by_transaction_id": by });
        body["status"] = json!(status);
        body["sub_status"] = json!("FailedOnChain");
        body["failed_reason"] = json!("out of gas");
        Answer::json(StatusCode::OK, body)
    };
    let answer = |status: &str| replaced(status, json!(null));
    let waiter = Waiter::new().delays(Duration::ZERO, Duration::ZERO);
    let unavailable = Answer::error(StatusCode::SERVICE_UNAVAILABLE, 2000);
    let answers = [answer("Broadcasting"), unavailable, answer("Failed")];
    sandbox.script("get_transaction_by_id", answers).unwrap();
    let error = waiter.wait(request()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "it ended in failure: Failed, FailedOnChain: out of gas"
    );
    let answers = [replaced("Failed", json!("faster"))];
    sandbox.script("get_transaction_by_id", answers).unwrap();
    let error = waiter.wait(request()).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("transaction faster replaced it"), "{text}");
    let answers = [answer("Confirming"), answer("Completed")];
    sandbox.script("get_transaction_by_id", answers).unwrap();
    let transaction = waiter.wait(request()).await.unwrap();
    assert_eq!(transaction.status, Status::Completed);
}

#[tokio::test]
async fn tss_request_without_a_status_is_not_final() {
    let (sandbox, client) = sandbox().await;
    let states = [
        json!({}),
        json!({"status": "KeyGenerating"}),
        json!({"status": "Success"}),
    ];
    let answers = states.map(|state| Answer::json(StatusCode::OK, state));
    sandbox.script("get_tss_request_by_id", answers).unwrap();
    let request = client.get_tss_request_by_id();
    let request = request.vault_id(ID).tss_request_id(ID);
    let waiter = Waiter::new().delays(Duration::ZERO, Duration::ZERO);
    waiter.wait(request).await.unwrap();
    assert_eq!(sandbox.received().len(), 3);
}

#[tokio::test]
async fn long_retry_after_is_limited_to_one_minute() {
    let (sandbox, client) = sandbox().await;
    let busy = Answer::error(StatusCode::SERVICE_UNAVAILABLE, 2000).header("Retry-After", "3600");
    sandbox.script("list_wallets", [busy]).unwrap();
    let busy = client.list_wallets().send().await.unwrap_err();
    tokio::time::pause();
    let script = Script::new([Err(busy), Ok(Status::Completed)]);
    Waiter::new().wait(script.clone()).await.unwrap();
    assert!((60.0..61.0).contains(&script.pauses()[0]));
}
