//! The defaults of an inbox, and settings that it refuses.

use std::time::Duration;

use cobo_axum::{EventLog as _, Inbox, InboxBuilder, MemoryLog};
use cobo_waas2::webhooks::Router;
use tokio::time::Instant;

use crate::clock::TestClock;
use crate::inbox::{failing, first_parked};
use crate::support::{new_event, verifier};

#[tokio::test(start_paused = true)]
async fn default_pauses_and_attempts_take_an_hour_and_47_minutes() {
    let log = MemoryLog::new(10);
    log.record(new_event("e-1"), 0).await.unwrap();
    let (handlers, mut handled) = failing();
    let inbox = Inbox::builder(verifier(), log, handlers).clock(TestClock::new());
    let inbox = inbox.start().unwrap();
    handled.recv().await.unwrap();
    let start = Instant::now();
    for _ in 1..20 {
        handled.recv().await.unwrap();
    }
    assert_eq!(start.elapsed().as_secs() / 60, 107, "of the paused clock");
    assert_eq!(first_parked(&inbox).await.id, "e-1");
    inbox.shutdown().await;
    assert!(handled.try_recv().is_err());
}

#[test]
fn settings_that_make_no_sense_and_a_missing_runtime_are_refused() {
    type Setting = fn(InboxBuilder) -> InboxBuilder;
    const SECOND: Duration = Duration::from_secs(1);
    let settings: [(&str, Setting); 8] = [
        ("`workers`", |inbox| inbox.workers(0)),
        ("`max_recording`", |inbox| inbox.max_recording(0)),
        ("`max_attempts`", |inbox| inbox.max_attempts(0)),
        ("`record_limit`", |inbox| inbox.record_limit(Duration::ZERO)),
        ("`handler_limit`", |inbox| {
            inbox.handler_limit(Duration::ZERO)
        }),
        ("`pauses` is zero", |inbox| {
            inbox.pauses(Duration::ZERO, SECOND)
        }),
        ("`pauses` is longer", |inbox| {
            inbox.pauses(SECOND, SECOND / 2)
        }),
        // Not called in a runtime.
        ("no tokio runtime", |inbox| inbox),
    ];
    for (expected, set) in settings {
        let inbox = Inbox::builder(verifier(), MemoryLog::new(1), Router::new());
        let error = set(inbox).start().unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}
