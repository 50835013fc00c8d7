//! One directory of tokens, used by many tasks, handles and processes at once.

use std::fs::File;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cobo_auth::{Clock, SystemClock};
use cobo_oauth::{FileStore, Saved, StoreErrorKind, TokenPair, TokenSource, TokenStore};
use cobo_sandbox::DEMO_CLIENT_ID;
use cobo_tests::client;
use cobo_tests::directory::{directory, store};
use cobo_tests::process::Process;

const ORG: &str = "e3986401-4aec-480a-973d-e775a4518413";
const TTL: Duration = Duration::from_secs(30);

fn pair(generation: u64) -> TokenPair {
    TokenPair::new(generation, "access", 0, 1).with_refresh_token("refresh", 2)
}

#[tokio::test]
async fn reader_never_sees_a_partial_file_during_writes() {
    let (dir, store) = store();
    assert_eq!(store.save(ORG, &pair(0)).await.unwrap(), Saved::Kept);
    let reader = FileStore::open(dir.path()).unwrap();
    let writing = tokio::spawn(async move {
        for generation in 1..=300 {
            let saved = store.save(ORG, &pair(generation)).await.unwrap();
            assert_eq!(saved, Saved::Kept);
        }
    });
    let mut last = 0;
    while !writing.is_finished() {
        let pair = reader.load(ORG).await.unwrap().unwrap();
        assert!(pair.generation >= last);
        last = pair.generation;
    }
    writing.await.unwrap();
}

#[tokio::test]
async fn waiting_for_a_lock_does_not_block_other_organizations() {
    let (dir, store) = store();
    let lock = File::create(dir.path().join(format!("org-{ORG}.lock"))).unwrap();
    lock.lock().unwrap(); // another process, in the middle of a write
    let store = Arc::new(store);
    let waiting: Vec<_> = (1..=64)
        .map(|generation| {
            let store = store.clone();
            tokio::spawn(async move {
                while let Err(error) = store.save(ORG, &pair(generation)).await {
                    assert!(error.is_not_applied(), "{error}"); // on a busy machine
                }
            })
        })
        .collect();
    for generation in 1..=20 {
        let saved = store.save("another", &pair(generation)).await.unwrap();
        assert_eq!(saved, Saved::Kept);
    }
    assert!(store.load(ORG).await.unwrap().is_none());
    assert!(waiting.iter().all(|save| !save.is_finished()));
    lock.unlock().unwrap();
    for save in waiting {
        save.await.unwrap();
    }
    assert_eq!(store.load(ORG).await.unwrap().unwrap().generation, 64);
}

/// The file of such a lease is removed each time the lease ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn lease_of_an_unknown_organization_has_at_most_one_holder() {
    let (dir, _store) = store();
    let held = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (store, held) = (FileStore::open(dir.path()).unwrap(), held.clone());
            tokio::spawn(async move {
                let mut leases = 0;
                while leases < 100 {
                    let Some(lease) = store.lease(ORG, TTL).await.unwrap() else {
                        tokio::task::yield_now().await;
                        continue;
                    };
                    assert!(!held.swap(true, Ordering::SeqCst), "two hold the lease");
                    tokio::task::yield_now().await;
                    held.store(false, Ordering::SeqCst);
                    lease.release().await.unwrap();
                    leases += 1;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn save_fails_as_busy_if_the_lock_is_held_too_long() {
    let (dir, store) = store();
    let lock = File::create(dir.path().join(format!("org-{ORG}.lock"))).unwrap();
    lock.lock().unwrap();
    let error = store.save(ORG, &pair(1)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Busy);
    assert!(error.is_not_applied());
    lock.unlock().unwrap();
    assert_eq!(store.save(ORG, &pair(1)).await.unwrap(), Saved::Kept);
}

/// The token source does not treat the store as down, and still uses it for all other
/// organizations.
#[tokio::test]
async fn long_held_lock_affects_only_one_organization() {
    let (dir, store) = store();
    let life = Duration::from_secs(600);
    let sandbox = client::sandbox_of_many(3, life).await;
    let now = SystemClock.unix_millis();
    let stored = TokenPair::new(now, "stored", now, now + 600_000);
    assert_eq!(
        store.save("organization-2", &stored).await.unwrap(),
        Saved::Kept
    );
    let tokens = TokenSource::builder(client::oauth(&sandbox), DEMO_CLIENT_ID);
    let tokens = tokens.store(store.clone()).build();

    let lock = File::create(dir.path().join("org-organization-0.lock")).unwrap();
    lock.lock().unwrap(); // another process, which is stopped in the middle of a write
    tokens.token("organization-0").await.unwrap();
    tokens.token("organization-1").await.unwrap();
    let pair = store.load("organization-1").await.unwrap();
    assert!(pair.unwrap().refresh_token.is_some(), "it is stored");
    let loaded = tokens.token("organization-2").await.unwrap();
    assert_eq!(loaded.generation(), now, "what was stored is used");

    // The save was not applied, so it is repeated later with the whole pair.
    lock.unlock().unwrap();
    let pair = loop {
        if let Some(pair) = store.load("organization-0").await.unwrap() {
            break pair;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert!(pair.refresh_token.is_some());
    tokens.shutdown().await;
}

#[tokio::test]
async fn lease_request_over_the_limit_returns_immediately_without_a_lease() {
    let (_dir, store) = store();
    let mut leases = Vec::new();
    for number in 0..96 {
        let lease = store.lease(&format!("organization-{number}"), TTL).await;
        leases.push(lease.unwrap().unwrap());
    }
    tokio::select! {
        biased; // the first branch is polled once
        lease = store.lease(ORG, TTL) => assert!(lease.unwrap().is_none()),
        () = std::future::ready(()) => panic!("it waits"),
    }
    drop(leases.pop());
    assert!(store.lease(ORG, TTL).await.unwrap().is_some());
}

#[tokio::test]
async fn dropped_store_call_leaves_no_lock() {
    let (_dir, store) = store();
    for round in 0..200_u64 {
        let patience = Duration::from_micros(10 * round);
        let _ = tokio::time::timeout(patience, store.lease(ORG, TTL)).await;
        let _ = tokio::time::timeout(patience, store.save(ORG, &pair(round))).await;
    }
    // Operations that were started finish first.
    for _ in 0..500 {
        if let Some(lease) = store.lease(ORG, TTL).await.unwrap() {
            assert_eq!(store.save(ORG, &pair(1_000)).await.unwrap(), Saved::Kept);
            assert!(lease.spend(1_000).await.unwrap().is_some());
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the lease is held for ever");
}

fn worker(arguments: &[&str]) -> Process {
    Process::start(Command::new(env!("CARGO_BIN_EXE_worker")).args(arguments))
}

#[tokio::test]
async fn lease_is_released_when_its_process_is_killed() {
    let (dir, store) = store();
    let mut holder = worker(&["hold", dir.path().to_str().unwrap(), ORG]);
    assert_eq!(holder.line(), "held");
    assert!(store.lease(ORG, TTL).await.unwrap().is_none());
    holder.kill();
    assert!(store.lease(ORG, TTL).await.unwrap().is_some());
}

#[tokio::test]
async fn processes_never_overwrite_a_save_of_another_process() {
    let (dir, store) = store();
    let dir = dir.path().to_str().unwrap();
    let workers: Vec<_> = (0..4)
        .map(|_| worker(&["count", dir, ORG, "100"]))
        .collect();
    let kept = workers.into_iter().map(|mut worker| worker.line());
    let kept: u64 = kept.map(|kept| kept.parse::<u64>().unwrap()).sum();
    let last = store.load(ORG).await.unwrap().unwrap().generation;
    assert_eq!(kept, last, "each generation was kept once");
    assert!(last >= 100);
}

#[test]
fn cold_start_uses_few_threads_and_open_files() {
    const LIMITED: &str = r#"ulimit -n 256; exec "$0" "$@""#;
    let dir = directory();
    let mut command = Command::new("sh");
    command.args(["-c", LIMITED, env!("CARGO_BIN_EXE_worker")]);
    command.args(["cold", dir.path().to_str().unwrap(), "2000"]);
    let threads: usize = Process::start(&mut command).line().parse().unwrap();
    // Tokio's pool has 512 threads, which other work needs too.
    assert!(threads < 64, "{threads} threads");
}
