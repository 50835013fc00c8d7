//! A receiver of webhooks is killed at random moments, while events arrive several times, out of
//! order, and some of them changed by a stranger. Every genuine event is handled, and no other.
//!
//! `COBO_EVENTS` and `COBO_KILLS` set the numbers; `.ci/receiver` runs many.

#![allow(clippy::panic, clippy::unwrap_used, clippy::print_stdout)] // a panic fails the test; it prints figures

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cobo_auth::{Clock, Ed25519Signer, Signer, SystemClock, double_sha256};
use cobo_axum::{Counts, EventLog, RedbLog};
use cobo_tests::process::Process;

const EVENTS: usize = 500;
const KILLS: usize = 6;
const SENDERS: usize = 8;
/// The default of an inbox.
const WORKERS: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_genuine_event_is_handled_although_the_receiver_is_killed() {
    let number =
        |name: &str, default| std::env::var(name).map_or(default, |number| number.parse().unwrap());
    let (events, kills) = (number("COBO_EVENTS", EVENTS), number("COBO_KILLS", KILLS));
    let dir = tempfile::tempdir().unwrap();
    let cobo = Arc::new(Cobo::new(events));
    let senders: Vec<_> = (0..SENDERS)
        .map(|_| tokio::spawn(Arc::clone(&cobo).send()))
        .collect();

    let (mut receiver, mut killed) = (start(dir.path(), &cobo), 0);
    while killed < kills {
        // The kills are spread over all deliveries.
        let deliveries = cobo.deliveries.len() * (killed + 1) / (kills + 1);
        while cobo.answered.load(Ordering::Relaxed) < deliveries {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(random_below(20)).await;
        assert!(receiver.runs(), "it ended by itself");
        receiver.kill();
        killed += 1;
        if killed % 4 == 3 && killed < kills {
            let mut starting = spawn(dir.path(), &cobo);
            tokio::time::sleep(random_below(60)).await;
            starting.kill();
            killed += 1;
        }
        receiver = start(dir.path(), &cobo);
    }
    for sender in senders {
        sender.await.unwrap();
    }
    let all_handled = async {
        while count(&dir.path().join("handled")).len() < events {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let all_handled = tokio::time::timeout(Duration::from_secs(120), all_handled);
    assert!(all_handled.await.is_ok(), "events were lost");
    receiver.kill();
    check(dir.path(), &cobo, kills).await;
}

async fn check(dir: &Path, cobo: &Cobo, kills: usize) {
    let handled = count(&dir.join("handled"));
    let genuine: Vec<String> = (0..cobo.events).map(id).collect();
    let mut expected: Vec<&String> = genuine.iter().collect();
    expected.sort_unstable();
    assert!(handled.keys().eq(expected), "none is lost, none invented");
    let again = handled.values().sum::<usize>() - cobo.events;

    let recorded = count(&dir.join("recorded"));
    let total = |result: &str| {
        let lines = recorded.iter().filter(|(line, _)| line.starts_with(result));
        lines.map(|(_, times)| times).sum::<usize>()
    };
    let (new, duplicates) = (total("New "), total("Duplicate "));
    let (accepted, refused) = (
        cobo.accepted.load(Ordering::Relaxed),
        cobo.refused.load(Ordering::Relaxed),
    );
    println!(
        "{} genuine events and {refused} forged ones in {} deliveries, {} of them repeated after no \
         answer or a 503; {kills} kills: {new} recorded as new, {duplicates} as duplicates; {} handled, \
         {again} of them again",
        cobo.events,
        cobo.deliveries.len(),
        cobo.repeated.load(Ordering::Relaxed),
        handled.len(),
    );
    for (line, times) in recorded.iter().filter(|(line, _)| line.starts_with("New ")) {
        assert_eq!(*times, 1, "{line}: recorded twice");
    }
    // Each accepted delivery has a line; a kill may come between an event and its line.
    assert!(new <= cobo.events && new + duplicates >= accepted);
    assert!(duplicates >= accepted - cobo.events && duplicates > 0);
    assert_eq!(accepted + refused, cobo.deliveries.len());
    // Only a kill makes a worker handle an event again that it had handled.
    assert!(again <= kills * WORKERS, "{again} handled again");

    let log = RedbLog::open(dir.join("events.redb"), 1).unwrap();
    assert_eq!(log.counts().await.unwrap().parked, 0);
    // The last result may not be written yet.
    let Counts { unfinished, .. } = log.counts().await.unwrap();
    assert!(unfinished <= WORKERS, "{unfinished} are not done");
}

/// Sends events as Cobo does: again until it gets the expected answer.
struct Cobo {
    events: usize,
    signer: Ed25519Signer,
    deliveries: Vec<Delivery>,
    next: AtomicUsize,
    url: Mutex<String>,
    answered: AtomicUsize,
    accepted: AtomicUsize,
    refused: AtomicUsize,
    repeated: AtomicUsize,
}

#[derive(Clone, Copy)]
enum Delivery {
    Genuine(usize),
    /// The signature of this event, with another body.
    Forged(usize),
}

impl Cobo {
    fn new(events: usize) -> Self {
        let mut deliveries = Vec::new();
        for event in 0..events {
            // One to three times, and every fifth one also forged.
            deliveries.extend(vec![Delivery::Genuine(event); 1 + event % 3]);
            if event % 5 == 0 {
                deliveries.push(Delivery::Forged(event));
            }
        }
        for last in (1..deliveries.len()).rev() {
            let other = getrandom::u32().unwrap() as usize % (last + 1);
            deliveries.swap(last, other);
        }
        Self {
            events,
            signer: Ed25519Signer::from_seed(&[9; 32]),
            deliveries,
            next: AtomicUsize::default(),
            url: Mutex::default(),
            answered: AtomicUsize::default(),
            accepted: AtomicUsize::default(),
            refused: AtomicUsize::default(),
            repeated: AtomicUsize::default(),
        }
    }

    async fn send(self: Arc<Self>) {
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]);
        let http = http.build().unwrap();
        while let Some(delivery) = self
            .deliveries
            .get(self.next.fetch_add(1, Ordering::Relaxed))
        {
            let (event, forged) = match *delivery {
                Delivery::Genuine(event) => (event, false),
                Delivery::Forged(event) => (event, true),
            };
            let body = body(&id(event));
            let timestamp = SystemClock.unix_millis().to_string();
            let digest = double_sha256([body.as_bytes(), b"|", timestamp.as_bytes()]);
            let signature = self.signer.sign(&digest).await.unwrap().to_hex();
            loop {
                let sent = match forged {
                    true => body.replace("event-", "forged-"),
                    false => body.clone(),
                };
                let url = self.url.lock().unwrap().clone();
                let request = http.post(url).header("BIZ-TIMESTAMP", &timestamp);
                let request = request.header("BIZ-RESP-SIGNATURE", &signature).body(sent);
                let answer = request.send().await.map(|answer| answer.status().as_u16());
                match (answer, forged) {
                    (Ok(200), false) => self.accepted.fetch_add(1, Ordering::Relaxed),
                    (Ok(401), true) => self.refused.fetch_add(1, Ordering::Relaxed),
                    (Ok(503), false) | (Err(_), _) => {
                        self.repeated.fetch_add(1, Ordering::Relaxed);
                        tokio::time::sleep(Duration::from_millis(5)).await;
                        continue;
                    }
                    (Ok(status), _) => panic!("answered with {status}"),
                };
                break;
            }
            self.answered.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn id(event: usize) -> String {
    format!("event-{event}")
}

fn body(id: &str) -> String {
    format!(
        r#"{{"event_id":"{id}","url":"https://app.example/hook","created_timestamp":1701396866000,
            "type":"wallets.chains.enabled","data":{{"data_type":"Chains","chains":[]}}}}"#
    )
}

fn spawn(dir: &Path, cobo: &Cobo) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_worker"));
    command.arg("receive").arg(dir);
    Process::start(command.arg(cobo.signer.public_key().to_string()))
}

/// Starts a receiver, and sends it what is delivered from now on.
fn start(dir: &Path, cobo: &Cobo) -> Process {
    let mut receiver = spawn(dir, cobo);
    let url = receiver.line();
    assert!(url.starts_with("http://"), "the receiver did not start");
    *cobo.url.lock().unwrap() = url;
    receiver
}

fn random_below(millis: u32) -> Duration {
    Duration::from_millis((getrandom::u32().unwrap() % millis).into())
}

/// How often a file has each line.
fn count(path: &Path) -> BTreeMap<String, usize> {
    let mut lines = BTreeMap::new();
    let text = std::fs::read_to_string(path).unwrap_or_default();
    for line in text.lines() {
        *lines.entry(line.to_owned()).or_default() += 1;
    }
    lines
}
