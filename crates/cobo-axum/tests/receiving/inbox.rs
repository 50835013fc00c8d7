//! A webhook is handled at least once, and parked if it keeps failing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cobo_auth::{Clock as _, SystemClock, Verified};
use cobo_axum::{Claim, Counts, EventLog as _, Inbox, MemoryLog, NewEvent, ParkedEvent, Webhook};
use cobo_waas2::webhooks::{Event, Router};

use crate::support::{
    self, Handled, event, new_event, report, reporting, send, serve, signed, signed_at, url_of,
    verifier,
};

/// The first parked event, as soon as one is parked.
pub(crate) async fn first_parked(inbox: &Inbox) -> ParkedEvent {
    loop {
        match inbox.parked(None, 1).await.unwrap().into_iter().next() {
            Some(event) => return event,
            None => tokio::task::yield_now().await,
        }
    }
}

pub(crate) const OK: (u16, String) = (200, String::new());

pub(crate) fn later() -> (u16, String) {
    (503, "try again later".to_owned())
}

#[tokio::test]
async fn event_delivered_several_times_is_handled_once() {
    let (handlers, mut handled) = reporting();
    let inbox = Inbox::builder(verifier(), MemoryLog::new(10), handlers)
        .start()
        .unwrap();
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
    let inbox = Inbox::builder(small, MemoryLog::new(10), handlers)
        .start()
        .unwrap();
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
        .start()
        .unwrap();
    let url = url_of(&inbox).await;
    assert_eq!(send(signed(&url, &event("e-1"))).await, OK);
    assert_eq!(handled.recv().await.unwrap(), "e-1");
    assert!(inbox.parked(None, 10).await.unwrap().is_empty());
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
        .start()
        .unwrap();
    let url = url_of(&inbox).await;
    assert_eq!(send(signed(&url, &event("e-1"))).await, OK);
    assert_eq!(handled.recv().await.unwrap(), "call 1");
    assert_eq!(handled.recv().await.unwrap(), "call 2");
    let parked = first_parked(&inbox).await;
    assert_eq!(parked.id, "e-1");
    assert_eq!(&parked.body[..], event("e-1"));
    assert_eq!(parked.reason, "the handler failed: failure 2");

    assert!(!inbox.release("e-2").await.unwrap());
    assert!(inbox.release("e-1").await.unwrap());
    assert_eq!(handled.recv().await.unwrap(), "call 3");
    inbox.shutdown().await;
}

/// A handler that fails for every event, and reports it.
pub(crate) fn failing() -> (Router, Handled) {
    let (done, handled) = report();
    let router = Router::new().on_chains(move |event| {
        done.send(event.event_id.unwrap()).unwrap();
        async { Err::<(), _>("the database is down") }
    });
    (router, handled)
}

#[tokio::test]
async fn parked_events_do_not_take_the_places_of_waiting_ones() {
    let (handlers, mut handled) = failing();
    let inbox = Inbox::builder(verifier(), MemoryLog::new(1).max_parked(2), handlers)
        .max_attempts(1)
        .start()
        .unwrap();
    let url = url_of(&inbox).await;
    for (id, parked) in [("e-1", 1), ("e-2", 2)] {
        assert_eq!(send(signed(&url, &event(id))).await, OK);
        assert_eq!(handled.recv().await.unwrap(), id);
        while inbox.counts().await.unwrap().parked < parked {
            tokio::task::yield_now().await;
        }
    }

    // As many are parked as the log may have. Nothing is removed to make room.
    assert_eq!(send(signed(&url, &event("e-3"))).await, later());
    let page = inbox.parked(Some("e-1"), 10).await.unwrap();
    assert_eq!(page.len(), 1);
    assert_eq!(page[0].id, "e-2");

    // A discarded one makes room, and is not recorded again.
    let discarded = inbox.discard("e-1").await.unwrap().unwrap();
    assert_eq!(&discarded.body[..], event("e-1"));
    assert!(inbox.discard("e-1").await.unwrap().is_none());
    assert_eq!(send(signed(&url, &event("e-1"))).await, OK);
    assert_eq!(send(signed(&url, &event("e-3"))).await, OK);
    assert_eq!(handled.recv().await.unwrap(), "e-3");
    inbox.shutdown().await;
    assert!(handled.try_recv().is_err());
}

#[tokio::test]
async fn genuine_body_that_is_not_an_event_is_recorded_whole_and_parked() {
    let (handlers, mut handled) = reporting();
    let inbox = Inbox::builder(verifier(), MemoryLog::new(10), handlers)
        .start()
        .unwrap();
    let url = url_of(&inbox).await;
    let newer = br#"{"event_id":"e-1","of_a":"later release"}"#.as_slice();
    let unnamed = br#"{"event_id":7}"#.as_slice();
    for body in [newer, unnamed, b"no JSON", b"", newer] {
        assert_eq!(send(signed(&url, body)).await, OK);
    }
    let all = Counts {
        unfinished: 0,
        parked: 4,
    };
    while inbox.counts().await.unwrap() != all {
        tokio::task::yield_now().await;
    }
    let parked = inbox.parked(None, 10).await.unwrap();
    let mut bodies: Vec<_> = parked.iter().map(|event| &event.body[..]).collect();
    bodies.sort_unstable();
    assert_eq!(bodies, [b"".as_slice(), b"no JSON", newer, unnamed]);
    for event in &parked {
        let reason = &event.reason;
        assert!(
            reason.starts_with("the event does not decode: "),
            "{reason}"
        );
        let digest = hex::encode(cobo_auth::double_sha256([&event.body[..]]));
        assert_eq!(event.id, if event.body == newer { "e-1" } else { &digest });
    }
    inbox.shutdown().await;
    assert!(handled.try_recv().is_err());
}

/// A handler that ends the process must not do so again at every start.
#[tokio::test]
async fn event_interrupted_by_process_exit_is_parked_after_its_last_attempt() {
    let log = MemoryLog::new(1);
    log.record(new_event("e-1"), 0).await.unwrap();
    for claim in 1..=2 {
        assert!(matches!(log.claim(0).await.unwrap(), Claim::Event { .. }));
        log.retry("e-1", claim, 0).await.unwrap();
    }
    let (router, mut handled) = reporting();
    let inbox = Inbox::builder(verifier(), log, router)
        .max_attempts(2)
        .workers(1)
        .start()
        .unwrap();
    let parked = first_parked(&inbox).await;
    assert_eq!(
        parked.reason,
        "the process ended while the event was handled"
    );
    assert!(handled.try_recv().is_err(), "it was not handled");
    inbox.shutdown().await;
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

/// Handling it again could not help, and would hide the mistake for hours.
#[tokio::test]
async fn event_without_a_handler_or_with_undecodable_data_is_parked_at_once() {
    let (handlers, mut handled) = reporting();
    // Without `otherwise`.
    let inbox = Inbox::builder(verifier(), MemoryLog::new(10), handlers)
        .start()
        .unwrap();
    let url = url_of(&inbox).await;
    let other = |id: &str, data: &str| {
        String::from_utf8(event(id))
            .unwrap()
            .replace(r#"{"data_type":"Chains","chains":[]}"#, data)
    };
    let unknown = other("e-1", r#"{"data_type":"OfALaterRelease"}"#);
    let undecodable = other("e-2", r#"{"data_type":"Chains"}"#);
    for body in [unknown, undecodable] {
        assert_eq!(send(signed(&url, body.as_bytes())).await, OK);
    }
    while inbox.counts().await.unwrap().parked < 2 {
        tokio::task::yield_now().await;
    }
    let parked = inbox.parked(None, 10).await.unwrap();
    let reason = &parked[0].reason;
    assert!(reason.starts_with("no handler for the event "), "{reason}");
    let reason = &parked[1].reason;
    assert!(reason.contains("does not decode: "), "{reason}");
    assert!(handled.try_recv().is_err());
    inbox.shutdown().await;
}

#[tokio::test]
async fn event_that_the_filter_refuses_is_acknowledged_and_not_recorded() {
    let (handlers, mut handled) = reporting();
    let inbox = Inbox::builder(verifier(), MemoryLog::new(10), handlers)
        .filter(|event| event.event_id.as_deref() != Some("of another organization"))
        .start()
        .unwrap();
    let url = url_of(&inbox).await;
    let other = event("of another organization");
    assert_eq!(send(signed(&url, &other)).await, OK);
    assert_eq!(inbox.counts().await.unwrap(), Counts::default());
    // The signature is checked first.
    let tampered = signed(&url, &event("e-1")).body(other);
    assert_eq!(send(tampered).await.0, 401);
    // What does not decode may be an event of a later release.
    assert_eq!(send(signed(&url, b"no event")).await, OK);
    assert_eq!(&first_parked(&inbox).await.body[..], b"no event");
    assert_eq!(send(signed(&url, &event("e-1"))).await, OK);
    assert_eq!(handled.recv().await.unwrap(), "e-1");
    inbox.shutdown().await;
}

/// Cobo sends the event again, and the filter may be mended by then.
#[tokio::test]
async fn event_whose_filter_panics_is_answered_with_503_and_not_recorded() {
    let (handlers, mut handled) = reporting();
    let inbox = Inbox::builder(verifier(), MemoryLog::new(10), handlers)
        .filter(|event| match event.event_id.as_deref() {
            Some("e-1") => panic!("as the test wants"),
            _ => true,
        })
        .start()
        .unwrap();
    let url = url_of(&inbox).await;
    assert_eq!(send(signed(&url, &event("e-1"))).await, later());
    assert_eq!(inbox.counts().await.unwrap(), Counts::default());
    assert_eq!(send(signed(&url, &event("e-2"))).await, OK);
    assert_eq!(handled.recv().await.unwrap(), "e-2");
    inbox.shutdown().await;
    assert!(handled.try_recv().is_err());
}

/// A body has names, amounts and addresses.
#[test]
fn debug_of_events_in_a_log_shows_the_length_of_the_body_and_not_its_content() {
    let (id, body) = ("e-1".to_owned(), bytes::Bytes::from("hunter2"));
    let new = NewEvent {
        id: id.clone(),
        body: body.clone(),
    };
    let claim = Claim::Event {
        id: id.clone(),
        body: body.clone(),
        attempt: 1,
        claim: 2,
    };
    let parked = ParkedEvent {
        id,
        body,
        reason: "why".to_owned(),
    };
    for (shown, expected) in [
        (
            format!("{new:?}"),
            r#"NewEvent { id: "e-1", body_bytes: 7 }"#,
        ),
        (
            format!("{claim:?}"),
            r#"Event { id: "e-1", body_bytes: 7, attempt: 1, claim: 2 }"#,
        ),
        (
            format!("{parked:?}"),
            r#"ParkedEvent { id: "e-1", body_bytes: 7, reason: "why" }"#,
        ),
    ] {
        assert_eq!(shown, expected);
    }
}
