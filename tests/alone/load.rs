//! Ten thousand calls through one client, 256 at a time: all succeed, no nonce is repeated, and
//! memory does not grow. `COBO_LOAD_CALLS` sets another number of calls.

#![allow(clippy::unwrap_used)] // a panic fails the test

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cobo_auth::{Client, FixedToken, Operation, Request};
use cobo_sandbox::Sandbox;
use cobo_tests::client;
use tokio::time::Instant;

static INFO: Operation = Operation::get("get_org_info", "/organizations/info");

const CALLS: usize = 10_000;
const AT_A_TIME: usize = 256;
/// After this many calls the nonces are collected and the sandbox drops its requests, because kept
/// requests would hide the client's memory use.
const BATCH: usize = 2_000;
/// The allowed memory growth, which includes a batch of requests and the collected nonces.
const GROWTH: usize = 64 * 1024 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_calls_succeed_with_unique_nonces() {
    let calls = match std::env::var("COBO_LOAD_CALLS") {
        Ok(calls) => calls.parse().unwrap(),
        Err(_) => CALLS,
    };
    let sandbox = Sandbox::builder()
        .received_limit(BATCH)
        .start()
        .await
        .unwrap();
    // Retries are off, so that each call has to succeed by itself.
    let client = client::auth(&sandbox);
    let token = cobo_oauth::OAuthClient::new(client.clone())
        .get_token()
        .client_id(cobo_sandbox::DEMO_CLIENT_ID)
        .org_id(cobo_sandbox::DEMO_ORG_ID)
        .grant_type("org_implicit")
        .send()
        .await
        .unwrap();
    let token = FixedToken::new(token.access_token.clone()).unwrap();
    let client = client.with_credential(token);

    // Open the connections before memory is measured.
    run(&client, AT_A_TIME).await;
    sandbox.clear_received();
    let before = memory("VmRSS");

    let mut nonces = HashSet::new();
    let mut took = Duration::ZERO;
    for begun in (0..calls).step_by(BATCH) {
        let batch = BATCH.min(calls - begun);
        let started = Instant::now();
        run(&client, batch).await;
        took += started.elapsed();
        let received = sandbox.received();
        sandbox.clear_received();
        assert_eq!(received.len(), batch);
        for request in received {
            assert!(request.accepted && request.status == 200);
            nonces.insert(request.nonce.unwrap());
        }
    }
    assert_eq!(nonces.len(), calls);

    let speed = calls as f64 / took.as_secs_f64();
    eprintln!("{calls} calls, {AT_A_TIME} at a time: {took:.2?}, {speed:.0} calls/s");
    eprintln!("nonces: all distinct");
    // The peak is measured, not the memory at the end.
    let (Some(before), Some(highest)) = (before, memory("VmHWM")) else {
        eprintln!("memory: this system does not say how much there is");
        return;
    };
    let mib = |bytes: usize| bytes as f64 / f64::from(1 << 20);
    let (shown, highest_shown) = (mib(before), mib(highest));
    eprintln!("memory: {shown:.1} MiB before, {highest_shown:.1} MiB at its highest");
    assert!(highest < before + GROWTH);
}

/// Makes this many calls; each worker makes its calls one after the other.
async fn run(client: &Client, calls: usize) {
    let begun = Arc::new(AtomicUsize::new(0));
    let workers: Vec<_> = (0..AT_A_TIME)
        .map(|_| {
            let (client, begun) = (client.clone(), Arc::clone(&begun));
            tokio::spawn(async move {
                while begun.fetch_add(1, Ordering::Relaxed) < calls {
                    Request::<()>::of(&client, &INFO).send().await.unwrap();
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
}

/// A memory counter of this process in bytes, as reported by Linux.
fn memory(what: &str) -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(what))?;
    let kibibytes = line.trim_start_matches(':').trim().strip_suffix(" kB")?;
    kibibytes
        .parse::<usize>()
        .ok()
        .map(|kibibytes| kibibytes * 1024)
}
