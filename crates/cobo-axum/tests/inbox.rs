//! A webhook is acknowledged only after it was recorded, and handled at least once.

#![allow(clippy::unwrap_used)] // a panic fails the test

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use cobo_auth::{Clock as _, SystemClock, Verified};
use cobo_axum::{
    Claim, EventLog, Inbox, LogError, MemoryLog, NewEvent, ParkedEvent, Recorded, Webhook,
};
use cobo_waas2::webhooks::{Event, Router};
use support::{Handled, event, report, send, serve, signed, signed_at, verifier};
use tokio::sync::Semaphore;

/// Handlers that report the ID of each event.
fn reporting() -> (Router, Handled) {
    let (done, handled) = report();
    let router = Router::new().on_chains(move |event| {
        done.send(event.event_id.unwrap()).unwrap();
        async { Ok::<_, String>(()) }
    });
    (router, handled)
}

async fn url_of(inbox: &Inbox) -> String {
    serve(axum::Router::new().route("/", inbox.route())).await
}

const OK: (u16, String) = (200, String::new());

fn later() -> (u16, String) {
    (503, "try again later".to_owned())
}

#[tokio::test]
async fn event_delivered_several_times_is_handled_once() {
    let (handlers, mut handled) = reporting();
    let inbox = Inbox::builder(verifier(), MemoryLog::new(10), handlers).start();
    let url = url_of(&inbox).await;
    assert_eq!(send(signed(&url, &event("e-1"))).await, OK);
    assert_eq!(handled.recv().await.unwrap(), "e-1");
    for id in ["e-1", "e-1", "e-2"] {
        assert_eq!(send(signed(&url, &event(id))).await, OK);
    }
    assert_eq!(handled.recv().await.unwrap(), "e-2");
    inbox.shutdown().await;
    assert!(handled.try_recv().is_err());
}

#[tokio::test]
async fn webhook_with_an_invalid_signature_is_not_recorded() {
    let (handlers, mut handled) = reporting();
    let small = verifier().with_max_body_bytes(1_000);
    let inbox = Inbox::builder(small, MemoryLog::new(10), handlers).start();
    let url = url_of(&inbox).await;
    let body = event("e-1");
    let now = SystemClock.unix_millis();
    let answer = |status: u16, text: &str| (status, text.to_owned());

    let unsigned = support::http().post(&url).body(body.clone());
    assert_eq!(send(unsigned).await, answer(401, "not signed"));
    let tampered = signed(&url, &body).body(event("e-2"));
    assert_eq!(send(tampered).await, answer(401, "wrong signature"));
    let twice = signed(&url, &body).header("BIZ-TIMESTAMP", now.to_string());
    assert_eq!(send(twice).await, answer(400, "malformed signature"));
    let gzip = signed(&url, &body).header("content-encoding", "gzip");
    assert_eq!(
        send(gzip).await,
        answer(400, "unsupported content encoding")
    );
    assert_eq!(
        send(signed(&url, b"{}")).await,
        answer(400, "malformed body")
    );
    let large = vec![b' '; 1_001];
    assert_eq!(
        send(signed(&url, &large)).await,
        answer(413, "body too large")
    );
    let old = signed_at(&url, &body, now - 25 * 60 * 60 * 1_000);
    assert_eq!(send(old).await, later());
    let future = signed_at(&url, &body, now + 6 * 60 * 1_000);
    assert_eq!(send(future).await, later());

    inbox.shutdown().await;
    assert!(handled.try_recv().is_err());
}

#[tokio::test]
async fn failed_handler_is_retried() {
    let (done, mut handled) = report();
    let calls = Arc::new(AtomicU32::new(0));
    let handlers = Router::new().on_chains(move |event| {
        let (done, call) = (done.clone(), calls.fetch_add(1, Ordering::Relaxed));
        async move {
            match call {
                0 => panic!("as the test wants"),
                1 => Err("the database is down"),
                2 => std::future::pending().await,
                _ => {
                    done.send(event.event_id.unwrap()).unwrap();
                    Ok(())
                }
            }
        }
    });
    let inbox = Inbox::builder(verifier(), MemoryLog::new(10), handlers)
        .handler_limit(Duration::from_millis(50))
        .pauses(Duration::from_millis(1), Duration::from_millis(1))
        .start();
    let url = url_of(&inbox).await;
    assert_eq!(send(signed(&url, &event("e-1"))).await, OK);
    assert_eq!(handled.recv().await.unwrap(), "e-1");
    assert!(inbox.parked().await.unwrap().is_empty());
    inbox.shutdown().await;
}

#[tokio::test]
async fn event_that_fails_every_attempt_is_parked_until_released() {
    let (done, mut handled) = report();
    let calls = Arc::new(AtomicU32::new(0));
    let handlers = Router::new().on_chains(move |_| {
        let call = calls.fetch_add(1, Ordering::Relaxed) + 1;
        done.send(format!("call {call}")).unwrap();
        async move {
            if call <= 2 {
                Err(format!("failure {call}"))
            } else {
                Ok(())
            }
        }
    });
    let inbox = Inbox::builder(verifier(), MemoryLog::new(1), handlers)
        .max_attempts(2)
        .pauses(Duration::from_millis(1), Duration::from_millis(1))
        .workers(1)
        .start();
    let url = url_of(&inbox).await;
    assert_eq!(send(signed(&url, &event("e-1"))).await, OK);
    assert_eq!(handled.recv().await.unwrap(), "call 1");
    assert_eq!(handled.recv().await.unwrap(), "call 2");
    let parked = loop {
        let parked = inbox.parked().await.unwrap();
        match parked.into_iter().next() {
            Some(event) => break event,
            None => tokio::task::yield_now().await,
        }
    };
    assert_eq!(parked.id, "e-1");
    assert_eq!(&parked.body[..], event("e-1"));
    assert_eq!(parked.reason, "the handler failed: failure 2");

    // A parked event takes a place: the log is full, and the next one is not acknowledged.
    assert_eq!(send(signed(&url, &event("e-2"))).await, later());
    assert!(!inbox.release("e-2").await.unwrap());
    assert!(inbox.release("e-1").await.unwrap());
    assert_eq!(handled.recv().await.unwrap(), "call 3");
    inbox.shutdown().await;
}

/// A handler that ends the process must not do so again at every start.
#[tokio::test]
async fn event_interrupted_by_process_exit_is_parked_after_its_last_attempt() {
    let log = MemoryLog::new(1);
    let recorded = NewEvent {
        id: "e-1".to_owned(),
        body: event("e-1").to_vec().into(),
    };
    log.record(recorded, 0).await.unwrap();
    for _ in 0..2 {
        assert!(matches!(log.claim(0).await.unwrap(), Claim::Event { .. }));
        log.retry("e-1", 0).await.unwrap();
    }
    let (router, mut handled) = reporting();
    let inbox = Inbox::builder(verifier(), log, router)
        .max_attempts(2)
        .workers(1)
        .start();
    let parked = loop {
        match inbox.parked().await.unwrap().into_iter().next() {
            Some(event) => break event,
            None => tokio::task::yield_now().await,
        }
    };
    assert_eq!(
        parked.reason,
        "the process ended while the event was handled"
    );
    assert!(handled.try_recv().is_err(), "it was not handled");
    inbox.shutdown().await;
}

/// Records only as long as the test gives permits, and fails once the semaphore is closed.
struct SlowDisk {
    log: MemoryLog,
    entered: tokio::sync::mpsc::UnboundedSender<String>,
    flush: Arc<Semaphore>,
}

#[async_trait]
impl EventLog for SlowDisk {
    async fn record(&self, event: NewEvent, now: u64) -> Result<Recorded, LogError> {
        self.entered.send(event.id.clone()).unwrap();
        match self.flush.acquire().await {
            Ok(permit) => permit.forget(),
            Err(closed) => return Err(LogError::Failed(closed.into())),
        }
        self.log.record(event, now).await
    }
    async fn claim(&self, now: u64) -> Result<Claim, LogError> {
        self.log.claim(now).await
    }
    async fn done(&self, id: &str, now: u64) -> Result<(), LogError> {
        self.log.done(id, now).await
    }
    async fn retry(&self, id: &str, due: u64) -> Result<(), LogError> {
        self.log.retry(id, due).await
    }
    async fn park(&self, id: &str, reason: &str) -> Result<(), LogError> {
        self.log.park(id, reason).await
    }
    async fn parked(&self) -> Result<Vec<ParkedEvent>, LogError> {
        self.log.parked().await
    }
    async fn release(&self, id: &str, now: u64) -> Result<bool, LogError> {
        self.log.release(id, now).await
    }
}

#[tokio::test]
async fn webhook_response_is_sent_after_the_event_is_recorded() {
    let (handlers, mut handled) = reporting();
    let (entered, mut recording) = report();
    let flush = Arc::new(Semaphore::new(0));
    let log = SlowDisk {
        log: MemoryLog::new(10),
        entered,
        flush: Arc::clone(&flush),
    };
    let inbox = Inbox::builder(verifier(), log, handlers).start();
    let url = url_of(&inbox).await;

    let answer = tokio::spawn(send(signed(&url, &event("e-1"))));
    assert_eq!(recording.recv().await.unwrap(), "e-1");
    assert!(!answer.is_finished() && handled.try_recv().is_err());
    flush.add_permits(1);
    assert_eq!(answer.await.unwrap(), OK);
    assert_eq!(handled.recv().await.unwrap(), "e-1");

    // A disk that hangs: not acknowledged. What is recorded late is handled even so.
    assert_eq!(send(signed(&url, &event("e-2"))).await, later());
    flush.add_permits(1);
    assert_eq!(handled.recv().await.unwrap(), "e-2");

    // A disk that fails: not acknowledged, not handled.
    flush.close();
    assert_eq!(send(signed(&url, &event("e-3"))).await, later());
    inbox.shutdown().await;
    assert!(handled.try_recv().is_err());
}

#[tokio::test]
async fn webhook_extractor_yields_only_verified_events() {
    let (got, mut seen) = report();
    let handler = async move |Webhook(event): Webhook<Event>| {
        let event: Verified<Event> = event;
        got.send(event.event_id.clone().unwrap()).unwrap();
    };
    let app = axum::Router::new()
        .route("/", axum::routing::post(handler))
        .with_state::<()>(verifier());
    let url = serve(app).await;
    let unsigned = support::http().post(&url).body(event("e-1"));
    assert_eq!(send(unsigned).await.0, 401);
    assert_eq!(send(signed(&url, &event("e-2"))).await, OK);
    assert_eq!(seen.recv().await.unwrap(), "e-2");
}
