//! Logs that are slow, fail or panic.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use cobo_axum::{
    Claim, Counts, EventLog, Inbox, LogError, MemoryLog, NewEvent, ParkedEvent, Recorded,
};
use tokio::sync::Semaphore;

use crate::clock::TestClock;
use crate::inbox::{OK, later};
use crate::support::{event, new_event, report, reporting, send, signed, url_of, verifier};

type HookFuture = Pin<Box<dyn Future<Output = Result<(), LogError>> + Send>>;

/// A log in memory that first runs a hook with the name of the method.
pub(crate) struct Hooked {
    log: MemoryLog,
    lease: Option<Duration>,
    hook: Box<dyn Fn(&'static str) -> HookFuture + Send + Sync>,
}

impl Hooked {
    pub(crate) fn new<R>(
        log: MemoryLog,
        hook: impl Fn(&'static str) -> R + Send + Sync + 'static,
    ) -> Self
    where
        R: Future<Output = Result<(), LogError>> + Send + 'static,
    {
        let hook = Box::new(move |method| Box::pin(hook(method)) as HookFuture);
        Self {
            log,
            lease: None,
            hook,
        }
    }
}

#[async_trait]
impl EventLog for Hooked {
    async fn record(&self, event: NewEvent, now: u64) -> Result<Recorded, LogError> {
        (self.hook)("record").await?;
        self.log.record(event, now).await
    }
    async fn claim(&self, now: u64) -> Result<Claim, LogError> {
        (self.hook)("claim").await?;
        self.log.claim(now).await
    }
    async fn done(&self, id: &str, now: u64) -> Result<(), LogError> {
        (self.hook)("done").await?;
        self.log.done(id, now).await
    }
    async fn retry(&self, id: &str, claim: u32, due: u64) -> Result<(), LogError> {
        (self.hook)("retry").await?;
        self.log.retry(id, claim, due).await
    }
    async fn park(&self, id: &str, claim: u32, reason: &str) -> Result<(), LogError> {
        (self.hook)("park").await?;
        self.log.park(id, claim, reason).await
    }
    async fn parked(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<ParkedEvent>, LogError> {
        self.log.parked(after, limit).await
    }
    async fn release(&self, id: &str, now: u64) -> Result<bool, LogError> {
        self.log.release(id, now).await
    }
    async fn discard(&self, id: &str, now: u64) -> Result<Option<ParkedEvent>, LogError> {
        self.log.discard(id, now).await
    }
    async fn counts(&self) -> Result<Counts, LogError> {
        self.log.counts().await
    }
    fn lease(&self) -> Option<Duration> {
        self.lease
    }
}

/// A log that records as long as `flush` has permits, and fails once it is closed. It reports each
/// recording that begins.
pub(crate) fn slow(
    flush: &Arc<Semaphore>,
) -> (Hooked, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let (entered, recording) = report();
    let flush = Arc::clone(flush);
    let log = Hooked::new(MemoryLog::new(10), move |method| {
        let (entered, flush) = (entered.clone(), Arc::clone(&flush));
        async move {
            if method == "record" {
                entered.send(method.to_owned()).unwrap();
                match flush.acquire().await {
                    Ok(permit) => permit.forget(),
                    Err(closed) => return Err(LogError::Failed(closed.into())),
                }
            }
            Ok(())
        }
    });
    (log, recording)
}

#[tokio::test]
async fn webhook_response_is_sent_after_the_event_is_recorded() {
    let (handlers, mut handled) = reporting();
    let flush = Arc::new(Semaphore::new(0));
    let (log, mut recording) = slow(&flush);
    let inbox = Inbox::builder(verifier(), log, handlers).start().unwrap();
    let url = url_of(&inbox).await;

    let answer = tokio::spawn(send(signed(&url, &event("e-1"))));
    recording.recv().await.unwrap();
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
async fn recording_beyond_the_concurrency_limit_is_refused_at_once() {
    let (handlers, mut handled) = reporting();
    let flush = Arc::new(Semaphore::new(0));
    let (log, mut recording) = slow(&flush);
    let inbox = Inbox::builder(verifier(), log, handlers)
        .max_recording(2)
        .record_limit(Duration::from_secs(600))
        .start()
        .unwrap();
    let url = url_of(&inbox).await;
    let first = tokio::spawn(send(signed(&url, &event("e-1"))));
    let second = tokio::spawn(send(signed(&url, &event("e-2"))));
    recording.recv().await.unwrap();
    recording.recv().await.unwrap();
    assert_eq!(send(signed(&url, &event("e-3"))).await, later());
    assert!(recording.try_recv().is_err(), "the log was not called");
    assert!(!first.is_finished() && !second.is_finished());

    flush.add_permits(3);
    assert_eq!(first.await.unwrap(), OK);
    assert_eq!(second.await.unwrap(), OK);
    assert_eq!(send(signed(&url, &event("e-3"))).await, OK);
    for _ in 0..3 {
        handled.recv().await.unwrap();
    }
    inbox.shutdown().await;
}

/// Each method panics once, and fails once.
#[tokio::test(start_paused = true)]
async fn workers_go_on_after_the_log_panics_or_fails() {
    let memory = MemoryLog::new(10);
    memory.record(new_event("e-1"), 0).await.unwrap();
    let calls: [AtomicU32; 4] = Default::default();
    let calls = Arc::new(calls);
    let seen = Arc::clone(&calls);
    let log = Hooked::new(memory, move |method| {
        let methods = ["claim", "retry", "done", "record"];
        let index = methods.iter().position(|name| *name == method).unwrap();
        let call = calls[index].fetch_add(1, Ordering::Relaxed);
        async move {
            match call {
                0 => panic!("as the test wants"),
                1 => Err(LogError::Failed("as the test wants".into())),
                _ => Ok(()),
            }
        }
    });
    let (done, mut handled) = report();
    let attempts = AtomicU32::new(0);
    let handlers = cobo_waas2::webhooks::Router::new().on_chains(move |_| {
        let attempt = attempts.fetch_add(1, Ordering::Relaxed);
        done.send(format!("attempt {attempt}")).unwrap();
        async move { if attempt == 0 { Err("once") } else { Ok(()) } }
    });
    let inbox = Inbox::builder(verifier(), log, handlers)
        .workers(1)
        .start()
        .unwrap();
    assert_eq!(handled.recv().await.unwrap(), "attempt 0");
    assert_eq!(handled.recv().await.unwrap(), "attempt 1");
    while inbox.counts().await.unwrap().unfinished > 0 {
        tokio::time::sleep(Duration::from_millis(100)).await; // of the paused clock
    }
    inbox.shutdown().await;
    assert!(handled.try_recv().is_err(), "it was handled twice");
    // A panic, a failure and a success of each.
    assert_eq!(seen[1].load(Ordering::Relaxed), 3);
    assert_eq!(seen[2].load(Ordering::Relaxed), 3);
}

#[tokio::test(start_paused = true)]
async fn handler_is_stopped_before_the_lease_of_its_claim_ends() {
    let memory = MemoryLog::new(10);
    memory.record(new_event("e-1"), 0).await.unwrap();
    let mut log = Hooked::new(memory, |_| async { Ok(()) });
    log.lease = Some(Duration::from_secs(20));
    let (done, mut handled) = report();
    let handlers = cobo_waas2::webhooks::Router::new().on_chains(move |event| {
        done.send(event.event_id.unwrap()).unwrap();
        std::future::pending::<Result<(), String>>()
    });
    let start = tokio::time::Instant::now();
    let inbox = Inbox::builder(verifier(), log, handlers)
        .clock(TestClock::new())
        .handler_limit(Duration::from_secs(3_600))
        .pauses(Duration::from_secs(1), Duration::from_secs(1))
        .max_attempts(2)
        .start()
        .unwrap();
    handled.recv().await.unwrap();
    handled.recv().await.unwrap();
    // 15 s of the paused clock, and the pause.
    assert_eq!(start.elapsed().as_secs(), 16);
    inbox.shutdown().await;
}

/// A log whose `done` fails for this many calls, an inbox with one event that its handler is handling,
/// and the calls of `done` so far.
async fn stopping(failures: u32) -> (Inbox, Arc<Semaphore>, Arc<AtomicU32>) {
    let memory = MemoryLog::new(10);
    memory.record(new_event("e-1"), 0).await.unwrap();
    let calls = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&calls);
    let log = Hooked::new(memory, move |method| {
        let fails = method == "done" && counter.fetch_add(1, Ordering::Relaxed) < failures;
        async move {
            match fails {
                true => Err(LogError::Failed("as the test wants".into())),
                false => Ok(()),
            }
        }
    });
    let (done, mut handled) = report();
    let finish = Arc::new(Semaphore::new(0));
    let waiting = Arc::clone(&finish);
    let handlers = cobo_waas2::webhooks::Router::new().on_chains(move |_| {
        done.send("begun".to_owned()).unwrap();
        let waiting = Arc::clone(&waiting);
        async move { waiting.acquire().await.map(|permit| permit.forget()) }
    });
    let inbox = Inbox::builder(verifier(), log, handlers).workers(1);
    let inbox = inbox.start().unwrap();
    handled.recv().await.unwrap();
    (inbox, finish, calls)
}

#[tokio::test(start_paused = true)]
async fn result_that_is_not_written_after_the_stop_is_tried_five_more_times() {
    for (failures, calls_in_all) in [(1, 2), (5, 6), (u32::MAX, 6)] {
        let (inbox, finish, calls) = stopping(failures).await;
        let stopped = tokio::spawn(inbox.shutdown());
        tokio::task::yield_now().await;
        let start = tokio::time::Instant::now();
        finish.add_permits(1);
        stopped.await.unwrap();
        assert_eq!(calls.load(Ordering::Relaxed), calls_in_all);
        // Of the paused clock.
        assert_eq!(start.elapsed().as_secs(), u64::from(calls_in_all) - 1);
    }
}
