//! Measures the cost of a fresh token for 1, 1,000 and 100,000 organizations, compared with reading the clocks plus one
//! shared pointer, and with plain concurrent maps.

#![allow(missing_docs, clippy::panic, clippy::unwrap_used)] // a benchmark

mod organizations;
mod ratio;

use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use cobo_auth::{AccessToken, Clock as _, Credential as _, SystemClock};
use cobo_oauth::OrgCredential;
use cobo_sandbox::Sandbox;
use criterion::{Criterion, criterion_group, criterion_main};
use organizations::{Organizations, measures};
use ratio::Pairs;
use tokio::runtime::Runtime;

const SIZES: [usize; 3] = [1, 1_000, 100_000];
/// The number of calls timed together, because one call is too short for the clock.
const BATCH: usize = 1_000;

fn turns() -> usize {
    if measures() { 2_000 } else { 2 }
}

fn hits(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let sandbox = runtime.block_on(Sandbox::start()).unwrap();
    let sizes = if measures() { SIZES.len() } else { 2 };
    for count in SIZES.into_iter().take(sizes) {
        // Each benchmark gets newly allocated memory.
        look_ups(&Organizations::new(count, &sandbox, &runtime));
        credentials(c, &Organizations::new(count, &sandbox, &runtime));
    }
}

/// Compares a credential with the minimum for checking that a token has not expired: reading each clock, and following
/// one more pointer to the token.
fn credentials(c: &mut Criterion, organizations: &Organizations) {
    let count = organizations.ids.len();
    // One for each organization, but at least one batch.
    let many = count.max(BATCH);
    let ids = organizations.ids.iter().cycle().take(many);
    let credentials: Vec<OrgCredential> =
        ids.map(|id| organizations.tokens.credential(id)).collect();
    let tokens: Vec<AccessToken> = (credentials.iter())
        .map(|credential| credential.current().unwrap())
        .collect();
    c.bench_function(&format!("a credential's token, of {count}"), |bencher| {
        bencher.iter(|| credentials[0].current());
    });
    let against = |name: &str, read_clocks: &dyn Fn()| {
        let mut pairs = Pairs::default();
        for turn in 0..turns() {
            let first = turn * BATCH % many;
            let (credentials, tokens) = (&credentials[first..], &tokens[first..]);
            pairs.add(
                || {
                    for credential in &credentials[..BATCH] {
                        black_box(credential.current());
                    }
                },
                || {
                    for token in &tokens[..BATCH] {
                        read_clocks();
                        black_box(token.clone());
                    }
                },
            );
        }
        pairs.report(&format!("a credential's token, of {count}, against {name}"));
    };
    against(
        "readings of the two clocks and one more pointer to it",
        &|| {
            black_box(SystemClock.unix_millis());
            black_box(SystemClock.monotonic().as_secs());
        },
    );
}

/// Compares a source with concurrent maps that only look up the same tokens: the map that most programs use, and the
/// map that the source uses.
fn look_ups(organizations: &Organizations) {
    let count = organizations.ids.len();
    let dash = dashmap::DashMap::new();
    let papaya: papaya::HashMap<Arc<str>, AccessToken> = papaya::HashMap::new();
    for id in &organizations.ids {
        let token = organizations.tokens.credential(id).current().unwrap();
        dash.insert(id.clone(), token.clone());
        papaya.pin().insert(id.as_str().into(), token);
    }
    let against = |name: &str, plain: &dyn Fn(&str) -> Option<AccessToken>| {
        let mut pairs = Pairs::default();
        for turn in 0..turns() {
            let batch = batch(organizations, turn);
            pairs.add(
                || {
                    at_once(async {
                        for id in &batch {
                            let _ = black_box(organizations.tokens.token(id).await);
                        }
                    });
                },
                || {
                    for id in &batch {
                        black_box(plain(id));
                    }
                },
            );
        }
        pairs.report(&format!("a source's token, of {count}, against {name}"));
    };
    against("a plain DashMap", &|id| {
        dash.get(id).map(|found| found.clone())
    });
    against("a plain papaya map", &|id| papaya.pin().get(id).cloned());
}

/// Organizations spread over the map, in an order that caches cannot predict.
fn batch(organizations: &Organizations, turn: usize) -> Vec<&str> {
    let ids = &organizations.ids;
    let step = |number: usize| (turn * BATCH + number) * 7_919 % ids.len();
    (0..BATCH)
        .map(|number| ids[step(number)].as_str())
        .collect()
}

/// Runs a future that never waits.
fn at_once(calls: impl Future<Output = ()>) {
    let mut context = Context::from_waker(Waker::noop());
    assert!(pin!(calls).poll(&mut context).is_ready());
}

/// Measures tokens per second for several threads that use the same organizations, or separate ones.
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

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(1)).warm_up_time(Duration::from_millis(300));
    targets = hits, threads
}
criterion_main!(benches);
