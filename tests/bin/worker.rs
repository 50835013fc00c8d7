//! A process that shares a token store with others; tests start, watch and kill it.
//!
//! The first argument selects the task; the others are the task's inputs.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)] // a panic fails the test

mod fleet;
mod keep;
mod receive;
mod share;
mod spend;

use std::path::Path;
use std::time::Duration;

use cobo_auth::{Client, Ed25519Signer, NonceStrategy, RetryPolicy};
use cobo_oauth::{FileStore, Saved, TokenPair, TokenStore};
use cobo_tests::client;
use cobo_tests::directory::Files;

#[tokio::main]
async fn main() -> Result<(), &'static str> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["hold", dir, org_id] => hold(dir, org_id).await,
        ["count", dir, org_id, times] => count(dir, org_id, times.parse().unwrap()).await,
        ["cold", dir, organizations] => cold(dir, organizations.parse().unwrap()).await,
        ["keep", files, dir, base_url, response_key, organizations] => {
            let store = Files::named(files).open(dir).unwrap();
            let environment = client::environment_of(base_url, response_key);
            keep::keep(store, environment, organizations.parse().unwrap()).await;
        }
        ["fleet", redis, base_url, response_key, organizations, span] => {
            let environment = client::environment_of(base_url, response_key);
            let span = Duration::from_millis(span.parse().unwrap());
            fleet::fleet(redis, environment, organizations.parse().unwrap(), span).await;
        }
        ["receive", dir, response_key] => receive::receive(Path::new(dir), response_key).await,
        ["share", base_url, response_key, seed, nonces, token, calls] => {
            let nonces = match nonces {
                "random" => NonceStrategy::Random,
                "milliseconds" => NonceStrategy::Milliseconds,
                _ => return Err("unknown nonces"),
            };
            let environment = client::environment_of(base_url, response_key);
            let signer = Ed25519Signer::from_hex(seed).unwrap();
            let client = Client::builder(environment, signer).retry(RetryPolicy::none());
            let client = client.nonces(nonces).build().unwrap();
            share::share(client, token, calls.parse().unwrap()).await;
        }
        ["spend", journal, base_url, response_key, wallet_id, orders] => {
            let environment = client::environment_of(base_url, response_key);
            spend::spend(journal, environment, wallet_id, orders.parse().unwrap()).await;
        }
        _ => return Err("unknown arguments"),
    }
    Ok(())
}

/// Takes the lease of an organization, prints a line, and holds the lease.
async fn hold(dir: &str, org_id: &str) {
    let store = FileStore::open(dir).unwrap();
    let lease = store.lease(org_id, Duration::from_secs(1)).await.unwrap();
    let _lease = lease.unwrap();
    println!("held");
    std::future::pending::<()>().await;
}

/// Saves the next pair `times` times, and prints how many were kept.
async fn count(dir: &str, org_id: &str, times: u64) {
    let store = FileStore::open(dir).unwrap();
    let mut kept = 0;
    for _ in 0..times {
        let there = store.load(org_id).await.unwrap();
        let generation = there.map_or(0, |pair| pair.generation) + 1;
        let pair = TokenPair::new(generation, "access", 0, 1);
        let saved = loop {
            match store.save(org_id, &pair).await {
                Err(error) if error.is_not_applied() => {} // other processes held the lock
                saved => break saved.unwrap(),
            }
        };
        kept += u64::from(saved == Saved::Kept);
    }
    println!("{kept}");
}

/// Does the work of a cold start for this many organizations at once, and prints the number of
/// threads used.
async fn cold(dir: &str, organizations: usize) {
    let store = FileStore::open(dir).unwrap();
    let mut tasks = Vec::new();
    for number in 0..organizations {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            let org_id = format!("organization-{number}");
            assert!(store.load(&org_id).await.unwrap().is_none());
            let lease = loop {
                let lease = store.lease(&org_id, Duration::from_secs(60)).await;
                if let Some(lease) = lease.unwrap() {
                    break lease;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            };
            tokio::time::sleep(Duration::from_millis(5)).await; // `get_token`
            let pair = TokenPair::new(1, "access", 0, 1).with_refresh_token("refresh", 2);
            assert_eq!(store.save(&org_id, &pair).await.unwrap(), Saved::Kept);
            lease.release().await.unwrap();
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    println!("{}", std::fs::read_dir("/proc/self/task").unwrap().count());
}
