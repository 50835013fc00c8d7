//! A server that receives webhooks until it is killed.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use cobo_auth::{InboundVerifier, ResponseKeys};
use cobo_axum::{
    Claim, Counts, EventLog, Inbox, LogError, NewEvent, ParkedEvent, Recorded, RedbLog,
};
use cobo_waas2::webhooks::Router;

/// Prints its URL. Writes a line to `recorded` for each result of the log, and one to `handled` for
/// each event that a handler has handled.
pub(crate) async fn receive(dir: &Path, response_key: &str) {
    let keys = ResponseKeys::from_hex([response_key]).unwrap();
    let verifier = InboundVerifier::from_keys(keys).unwrap();
    let log = Watched {
        log: RedbLog::open(dir.join("events.redb"), 100_000).unwrap(),
        recorded: Lines::open(&dir.join("recorded")),
    };
    let (handled, calls) = (Lines::open(&dir.join("handled")), AtomicU32::new(0));
    let handlers = Router::new().on_chains(move |event| {
        let fails = calls.fetch_add(1, Ordering::Relaxed) % 10 == 9;
        if !fails {
            handled.write(&event.event_id.unwrap());
        }
        async move {
            if fails {
                Err("as the test wants")
            } else {
                Ok(())
            }
        }
    });
    let inbox = Inbox::builder(verifier, log, handlers)
        .pauses(Duration::from_millis(1), Duration::from_millis(10))
        .max_attempts(1_000)
        .start()
        .unwrap();
    let app = axum::Router::new().route("/", inbox.route());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("http://{}", listener.local_addr().unwrap());
    axum::serve(listener, app).await.unwrap();
}

/// A file to which lines are added, each with one call, so that a kill leaves whole lines.
#[derive(Clone)]
struct Lines(Arc<File>);

impl Lines {
    fn open(path: &Path) -> Self {
        let file = OpenOptions::new().create(true).append(true).open(path);
        Self(Arc::new(file.unwrap()))
    }

    fn write(&self, line: &str) {
        (&*self.0)
            .write_all(format!("{line}\n").as_bytes())
            .unwrap();
    }
}

/// A log that writes down what it records.
struct Watched {
    log: RedbLog,
    recorded: Lines,
}

#[async_trait]
impl EventLog for Watched {
    async fn record(&self, event: NewEvent, now: u64) -> Result<Recorded, LogError> {
        let id = event.id.clone();
        let recorded = self.log.record(event, now).await?;
        self.recorded.write(&format!("{recorded:?} {id}"));
        Ok(recorded)
    }
    async fn claim(&self, now: u64) -> Result<Claim, LogError> {
        self.log.claim(now).await
    }
    async fn done(&self, id: &str, now: u64) -> Result<(), LogError> {
        self.log.done(id, now).await
    }
    async fn retry(&self, id: &str, claim: u32, due: u64) -> Result<(), LogError> {
        self.log.retry(id, claim, due).await
    }
    async fn park(&self, id: &str, claim: u32, reason: &str) -> Result<(), LogError> {
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
}
