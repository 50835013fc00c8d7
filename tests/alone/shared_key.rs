//! Processes that call concurrently, against a sandbox that accepts each nonce of a key once.
//!
//! `COBO_SHARED_KEY_CALLS` sets the number of calls per process; `.ci/nonces` makes many.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // a panic fails the test; it prints figures

use std::process::Command;

use cobo_sandbox::{AcceptedNonces, AppKey, DEMO_ORG_ID, Sandbox};
use cobo_tests::client;
use cobo_tests::process::Process;
use ed25519_dalek::SigningKey;

const CALLS: usize = 50;

fn calls() -> usize {
    std::env::var("COBO_SHARED_KEY_CALLS").map_or(CALLS, |calls| calls.parse().unwrap())
}

/// Starts a process for each seed, lets them make their calls concurrently, and returns the number
/// of refused calls.
fn run(sandbox: &Sandbox, seeds: &[String], nonces: &str, token: &str) -> usize {
    let start = |seed: &String| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_worker"));
        command.args(["share", sandbox.base_url(), &sandbox.response_public_key()]);
        command.args([seed, nonces, token, &calls().to_string()]);
        Process::start(&mut command)
    };
    let mut processes: Vec<Process> = seeds.iter().map(start).collect();
    for process in &mut processes {
        assert_eq!(process.line(), "ready");
    }
    for process in &mut processes {
        process.close_input();
    }
    let refused = |process: &mut Process| process.line().parse::<usize>().unwrap();
    processes.iter_mut().map(refused).sum()
}

/// The number of refused calls of processes that share the demo key.
async fn shared(processes: usize, nonces: &str) -> usize {
    let sandbox = Sandbox::builder().received_limit(1_000_000);
    let sandbox = sandbox.start().await.unwrap();
    let oauth = client::oauth(&sandbox);
    let call = oauth.get_token().client_id(sandbox.client_id());
    let call = call.org_id(DEMO_ORG_ID).grant_type("org_implicit");
    let token = call.send().await.unwrap().access_token.clone();
    sandbox.clear_received();

    let seeds = vec![client::SEED.to_owned(); processes];
    let refused = run(&sandbox, &seeds, nonces, token.expose());
    let received = sandbox.received();
    assert_eq!(
        received.len(),
        processes * calls(),
        "one request for each call"
    );
    let not_accepted = received.iter().filter(|request| !request.accepted);
    assert_eq!(not_accepted.count(), refused, "nothing else is refused");
    refused
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_with_a_shared_key_and_random_nonces_never_collide() {
    for processes in [2, 8] {
        assert_eq!(
            shared(processes, "random").await,
            0,
            "{processes} processes"
        );
    }
}

/// Prints the share of failed calls, which README states.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_with_a_shared_key_and_millisecond_nonces_collide() {
    for processes in [2, 8] {
        let refused = shared(processes, "milliseconds").await;
        let all = processes * calls();
        let percent = refused * 100 / all;
        println!(
            "{processes} processes share a key and send milliseconds: {refused} of {all} calls \
             are refused ({percent} %)"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_that_requires_millisecond_nonces_costs_one_request_per_process() {
    // Millisecond nonces collide if processes share a key, so each process has its own key here.
    let seeds: Vec<String> = (1..=8_u8).map(|seed| hex::encode([seed; 32])).collect();
    for processes in [2, 8] {
        let seeds = &seeds[..processes];
        let mut builder = Sandbox::builder()
            .accept_nonces(AcceptedNonces::Milliseconds)
            .received_limit(1_000_000);
        for seed in seeds {
            builder = builder.app_key(public_key(seed));
        }
        let sandbox = builder.start().await.unwrap();
        assert_eq!(run(&sandbox, seeds, "random", "source"), 0);
        let received = sandbox.received();
        // Each process makes two extra requests: it gets a token, and learns from that call that
        // random nonces are refused.
        assert_eq!(received.len(), processes * (calls() + 2));
        let refused = received.iter().filter(|request| !request.accepted);
        assert_eq!(refused.count(), processes);
    }
}

fn public_key(seed: &str) -> AppKey {
    let mut bytes = [0; 32];
    hex::decode_to_slice(seed, &mut bytes).unwrap();
    let key = SigningKey::from_bytes(&bytes).verifying_key();
    AppKey::from_hex(&hex::encode(key.as_bytes())).unwrap()
}
