//! What a fresh token costs: against the clock readings and one shared pointer, and against a
//! plain concurrent map, for 1, 1,000 and 100,000 organizations.

#![allow(missing_docs, clippy::panic, clippy::unwrap_used)] // a benchmark

mod ratio;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use cobo_auth::{Clock as _, Credential as _, SystemClock};
use cobo_oauth::{MemoryStore, OrgCredential, Saved, TokenPair, TokenSource, TokenStore as _};
use cobo_sandbox::Sandbox;
use cobo_tests::client;
use criterion::{Criterion, criterion_group, criterion_main};
use foldhash::quality::RandomState;
use ratio::Pairs;
use tokio::runtime::Runtime;

const SIZES: [usize; 3] = [1, 1_000, 100_000];
/// Calls timed together: one is too short for the clock.
const BATCH: usize = 1_000;
const TURNS: usize = 2_000;

/// Organizations that all have a token.
struct Organizations {
    tokens: TokenSource,
    ids: Vec<String>,
}

impl Organizations {
    /// Nothing is asked of the server: the store has every token.
    fn new(count: usize, sandbox: &Sandbox, runtime: &Runtime) -> Self {
        let ids: Vec<_> = (0..count)
            .map(|number| format!("e3986401-4aec-480a-973d-{number:012x}"))
            .collect();
        let store = MemoryStore::new();
        let tokens = TokenSource::builder(client::oauth(sandbox), sandbox.client_id())
            .store(store.clone())
            .build();
        let now = SystemClock.unix_millis();
        runtime.block_on(async {
            for id in &ids {
                let pair = TokenPair::new(now, format!("token-of-{id}"), now, now + 43_200_000)
                    .with_refresh_token(format!("refresh-token-of-{id}"), now + 2_592_000_000);
                assert_eq!(store.save(id, &pair).await.unwrap(), Saved::Kept);
                tokens.token(id).await.unwrap();
            }
        });
        Self { tokens, ids }
    }

    /// Organizations all over the map, in an order that no cache foresees.
    fn batch(&self, turn: usize) -> Vec<&str> {
        let step = |number: usize| (turn * BATCH + number) * 7_919 % self.ids.len();
        (0..BATCH)
            .map(|number| self.ids[step(number)].as_str())
            .collect()
    }
}

fn hits(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let sandbox = runtime.block_on(Sandbox::start()).unwrap();
    for count in SIZES {
        let organizations = Organizations::new(count, &sandbox, &runtime);
        // One for each organization, and at least a batch of them.
        let many = count.max(BATCH);
        let ids = organizations.ids.iter().cycle().take(many);
        let credentials: Vec<OrgCredential> =
            ids.map(|id| organizations.tokens.credential(id)).collect();
        let own: Vec<Arc<u64>> = (0..count as u64).map(Arc::new).collect();
        let pointers: Vec<Arc<u64>> = own.iter().cycle().take(many).cloned().collect();

        let mut pairs = Pairs::default();
        c.bench_function(&format!("a credential's token, of {count}"), |bencher| {
            bencher.iter(|| credentials[0].current());
        });
        for turn in 0..TURNS {
            let first = turn * BATCH % many;
            let (credentials, pointers) = (&credentials[first..], &pointers[first..]);
            pairs.add(
                || {
                    for credential in &credentials[..BATCH] {
                        black_box(credential.current());
                    }
                },
                || {
                    for pointer in &pointers[..BATCH] {
                        black_box(SystemClock.reading());
                        black_box(pointer.clone());
                    }
                },
            );
        }
        pairs.report(&format!(
            "a credential's token, of {count}, against two clock readings and a shared pointer"
        ));

        let plain: papaya::HashMap<Arc<str>, Arc<u64>, RandomState> = papaya::HashMap::builder()
            .hasher(RandomState::default())
            .resize_mode(papaya::ResizeMode::Blocking)
            .build();
        for (number, id) in organizations.ids.iter().enumerate() {
            plain
                .pin()
                .insert(id.as_str().into(), Arc::new(number as u64));
        }
        let mut pairs = Pairs::default();
        for turn in 0..TURNS {
            let batch = organizations.batch(turn);
            pairs.add(
                || {
                    for id in &batch {
                        let token = organizations.tokens.token(id);
                        // It is there, so that one poll is enough.
                        let _ = black_box(futures_now(token));
                    }
                },
                || {
                    for id in &batch {
                        black_box(plain.pin().get(*id).cloned());
                    }
                },
            );
        }
        pairs.report(&format!(
            "a source's token, of {count}, against a plain concurrent map"
        ));
    }
}

/// Polls once.
fn futures_now<F: Future>(future: F) -> F::Output {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(output) => output,
        std::task::Poll::Pending => panic!("the token is not there"),
    }
}

/// Tokens a second, over threads that want those of the same organizations, or each of its own.
#[allow(clippy::print_stdout)] // a benchmark's result
fn threads(_: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let sandbox = runtime.block_on(Sandbox::start()).unwrap();
    let organizations = Organizations::new(1_000, &sandbox, &runtime);
    for shared in [true, false] {
        let mut alone = 0.0;
        for count in [1, 2, 4] {
            let mut pairs = Pairs::default();
            let took = pairs.add(|| run(count, shared, &organizations), || {});
            let rate = (count * 1_000 * 250) as f64 / took.as_secs_f64();
            if count == 1 {
                alone = rate;
            }
            println!(
                "{count} threads, {} organizations: {:.1} million tokens a second, {:.2} x one thread",
                if shared { "the same" } else { "their own" },
                rate / 1e6,
                rate / alone
            );
        }
    }
}

fn run(threads: usize, shared: bool, organizations: &Organizations) {
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                let first = if shared { 0 } else { thread * 250 };
                let ids = &organizations.ids[first..first + 250];
                let credential = |id: &String| organizations.tokens.credential(id);
                let credentials: Vec<_> = ids.iter().map(credential).collect();
                for _ in 0..1_000 {
                    for credential in &credentials {
                        black_box(credential.current());
                    }
                }
            });
        }
    });
}

/// Resident memory for each organization, with and without the store's copy.
#[allow(clippy::print_stdout)] // a benchmark's result
fn memory(_: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let sandbox = runtime.block_on(Sandbox::start()).unwrap();
    let before = resident();
    let organizations = Organizations::new(100_000, &sandbox, &runtime);
    let grown = resident().saturating_sub(before);
    println!(
        "memory: {} bytes for each of {} organizations, with the memory store's copy",
        grown / organizations.ids.len(),
        organizations.ids.len()
    );
}

/// In bytes, where the machine tells.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = status
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<usize>().ok());
    pages.unwrap_or_default() * 4_096
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(1)).warm_up_time(Duration::from_millis(300));
    targets = memory, hits, threads
}
criterion_main!(benches);
