//! Four processes keep the tokens of fifty organizations in one Redis, which is killed halfway.
//! They need hardly more token requests than a single process, and no call fails.
//!
//! `COBO_FLEET_SECONDS` sets the measured time; `.ci/fleet` measures for two minutes.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // a panic fails the test; it prints figures

use std::process::Command;
use std::time::Duration;

use cobo_sandbox::Sandbox;
use cobo_tests::client;
use cobo_tests::process::Process;
use cobo_tests::redis::{self, Redis, Settings};
use http::Method;
use tokio::time::{Instant, sleep};

const SECONDS: u64 = 8;
const PROCESSES: usize = 4;
const ORGANIZATIONS: usize = 50;
const OUTAGE: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fleet_recovers_after_a_restart_of_durable_redis() {
    fleet("with persistence", true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fleet_recovers_after_redis_loses_all_data() {
    fleet("without persistence", false).await;
}

async fn fleet(what: &str, durable: bool) {
    if !redis::is_there() {
        return;
    }
    let seconds = std::env::var("COBO_FLEET_SECONDS");
    let seconds = seconds.map_or(SECONDS, |seconds| seconds.parse().unwrap());
    let long = seconds >= 60;
    let life = Duration::from_secs(if long { 10 } else { 5 });
    let sandbox = client::sandbox_of_many(ORGANIZATIONS, life).await;
    let mut redis = Redis::with(Settings {
        durable,
        flags: Vec::new(),
    })
    .await;
    let period = life * 4 / 5; // refreshes happen in the last fifth, on average in its middle
    let start = || start(&redis, &sandbox, period);
    let mut fleet: Vec<_> = std::iter::repeat_with(start).take(PROCESSES).collect();

    sleep(life).await; // every organization has a token, obtained at different times
    let _ = Counted::since_last(&sandbox);
    let counted = Duration::from_secs(seconds);
    let began = Instant::now();
    sleep(counted).await;
    let steady = Counted::since_last(&sandbox);
    let ratio = steady.ratio(began.elapsed(), period);

    redis.kill();
    sleep(OUTAGE).await;
    redis.restart().await;
    sleep(life).await;
    let outage = Counted::since_last(&sandbox);
    let began = Instant::now();
    sleep(counted).await;
    let again = Counted::since_last(&sandbox);
    let ratio_again = again.ratio(began.elapsed(), period);

    let errors: String = fleet.iter_mut().map(Process::end).collect();
    let some: Vec<_> = errors.lines().take(10).collect();
    assert!(
        errors.is_empty(),
        "{what}: {} errors: {some:#?}",
        errors.lines().count()
    );
    println!(
        "{what}: {ratio:.3} of the ideal in {seconds} s ({steady:?}); while Redis is down for \
         {OUTAGE:?}, and a token's life: {outage:?}; {ratio_again:.3} of the ideal afterwards \
         ({again:?}); {} refresh tokens presented twice",
        sandbox.replayed_refresh_tokens(),
    );
    assert_eq!(sandbox.replayed_refresh_tokens(), 0, "{what}");
    for counted in [&steady, &outage, &again] {
        assert_eq!(counted.refused, [""; 0], "{what}: nothing is refused");
        assert!(counted.calls > 0, "{what}");
    }
    // In a short run, refreshes at the start and end of the period matter more.
    let most = if long { 1.05 } else { 1.25 };
    assert!(ratio <= most && ratio_again <= most, "{what}");
    assert!(
        ratio > 0.8 && ratio_again > 0.8,
        "{what}: no process refreshed"
    );
}

fn start(redis: &Redis, sandbox: &Sandbox, period: Duration) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_worker"));
    command.args(["fleet", &redis.url(), sandbox.base_url()]);
    command.arg(sandbox.response_public_key());
    command.arg(ORGANIZATIONS.to_string());
    command.arg(period.as_millis().to_string());
    Process::start(&mut command)
}

/// The requests that the sandbox received.
#[derive(Debug, Default)]
struct Counted {
    refreshed: usize,
    issued: usize,
    calls: usize,
    /// The refused calls and token requests: method, path and status of each.
    refused: Vec<String>,
}

impl Counted {
    fn since_last(sandbox: &Sandbox) -> Self {
        let mut counted = Self::default();
        for request in sandbox.received() {
            match (request.path(), request.status.is_success()) {
                (path, false) => {
                    let (method, status) = (&request.method, request.status);
                    counted.refused.push(format!("{method} {path} {status}"));
                }
                ("/v2/oauth/token", _) if request.method == Method::POST => counted.refreshed += 1,
                ("/v2/oauth/token", _) => counted.issued += 1,
                _ => counted.calls += 1,
            }
        }
        sandbox.clear_received();
        counted
    }

    /// The ratio of obtained tokens to the number that a single process would need.
    #[allow(clippy::cast_precision_loss)] // small numbers
    fn ratio(&self, time: Duration, period: Duration) -> f64 {
        let ideal = ORGANIZATIONS as f64 * time.as_secs_f64() / period.as_secs_f64();
        (self.refreshed + self.issued) as f64 / ideal
    }
}
