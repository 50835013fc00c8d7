//! Scenarios defined as data: events, and the expected tokens, requests and stored pairs.

use std::time::Duration;

use serde::Deserialize;

use super::cobo::{Answer, FakeCobo};
use super::fixtures::{Life, TestClock, owner, paused, settle};
use super::store::{StoreFault, TestStore};
use crate::store::{Lease, TokenPair, TokenStore};
use crate::token::builder::TokenSourceBuilder;
use crate::token::source::TokenSource;

const SCENARIOS: &str = include_str!("scenarios.json");
const ORG: &str = "org";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    name: String,
    /// The lifetime of the tokens that Cobo issues, in seconds.
    life: u64,
    steps: Vec<Step>,
}

/// Times are in seconds.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Step {
    /// A caller gets this token, or an error of this kind.
    Call(String),
    /// The same, within this time.
    CallWithin(f64, String),
    /// This many concurrent callers, all with the same result.
    Calls(usize, String),
    /// A caller that is dropped after this time.
    CallDroppedAfter(f64),
    /// A caller whose result is checked later, by `CallReturns`.
    CallStarts,
    CallReturns(String),
    /// Sets the answers to the next requests.
    AnswerNext(Vec<Answer>),
    AnswerAlways(Answer),
    Latency(f64),
    Life(u64),
    /// Both clocks advance.
    Advance(f64),
    /// The wall clock is set. A suspended machine looks the same: only its wall clock advances.
    SetWallClock(f64),
    /// A server rejects the token of this number: 1 for `a1`.
    Reject(u64),
    Invalidate,
    InvalidateFails,
    Forget,
    ForgetFails,
    Install(String),
    InstallFails(String),
    StoreFault(StoreFault),
    /// How long each call of the store takes.
    StoreLatency(f64),
    StoreLosesEverything,
    /// Saves a copy of the stored pair, which `Rollback` restores.
    Snapshot,
    Rollback,
    /// The store contains this pair from an earlier run.
    StoredPair(Stored),
    /// Another process stores this pair just before the next lease is granted.
    StoredPairAtLease(Stored),
    /// Another process takes the lease, or frees it.
    LeaseTaken,
    LeaseFreed,
    /// The process is killed and started again.
    Restart,
    Drop,
    Shutdown,
    /// The requests since the last `Requests` step.
    Requests(Vec<String>),
    /// The stored tokens: `a1 r1`, `a1` if there is no refresh token, or empty.
    StoredIs(String),
    State(State),
    /// The number of leases granted so far.
    Leases(u64),
    /// The time since the beginning.
    Elapsed(f64),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    access: String,
    refresh: Option<String>,
    /// How long ago the pair was obtained; negative for a time in the future.
    age: i64,
    life: u64,
    #[serde(default = "month")]
    refresh_life: i64,
    #[serde(default)]
    generation: Option<u64>,
}

fn month() -> i64 {
    30 * 24 * 60 * 60
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct State {
    valid: bool,
    refreshing: bool,
    failing: bool,
    unsaved: bool,
}

struct Player {
    clock: TestClock,
    cobo: FakeCobo,
    store: TestStore,
    source: Option<TokenSource>,
    lease: Option<Box<dyn Lease>>,
    snapshot: Option<TokenPair>,
    running_call: Option<tokio::task::JoinHandle<String>>,
    /// The access tokens that were returned, by their text.
    returned: Vec<(String, cobo_auth::AccessToken)>,
}

impl Player {
    fn new(life: u64) -> Self {
        let clock = TestClock::new();
        let mut player = Self {
            cobo: FakeCobo::new(life, &clock),
            clock,
            store: TestStore::new(),
            source: None,
            lease: None,
            snapshot: None,
            running_call: None,
            returned: Vec::new(),
        };
        player.start();
        player
    }

    fn start(&mut self) {
        let mut builder = TokenSourceBuilder::with_issuer(self.cobo.clone(), owner())
            .store(self.store.clone())
            .clock(self.clock.clone());
        builder.jitter = Box::new(|| 0.5);
        self.source = Some(builder.build());
    }

    fn source(&self) -> TokenSource {
        self.source.clone().unwrap()
    }

    async fn call(&mut self) -> String {
        let result = self.source().token(ORG).await;
        if let Ok(token) = &result {
            let text = token.secret().expose().to_owned();
            self.returned.push((text, token.clone()));
        }
        display(result)
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Call(expected) => {
                assert_eq!(self.call().await, expected);
                settle().await; // lets started tasks run
            }
            Step::CallWithin(seconds, expected) => {
                let within = Duration::from_secs_f64(seconds);
                let call = tokio::time::timeout(within, self.call()).await;
                assert_eq!(call.expect("the call took longer"), expected);
            }
            Step::Calls(count, expected) => {
                let calls = (0..count).map(|_| {
                    let source = self.source();
                    tokio::spawn(async move { display(source.token(ORG).await) })
                });
                for call in calls.collect::<Vec<_>>() {
                    assert_eq!(call.await.unwrap(), expected);
                }
            }
            Step::CallDroppedAfter(after) => {
                let after = Duration::from_secs_f64(after);
                let source = self.source();
                let call = tokio::time::timeout(after, source.token(ORG));
                assert!(call.await.is_err(), "the call returned");
            }
            Step::CallStarts => {
                let source = self.source();
                let call = async move { display(source.token(ORG).await) };
                self.running_call = Some(tokio::spawn(call));
                settle().await;
            }
            Step::CallReturns(expected) => {
                let came = self.running_call.take().unwrap().await.unwrap();
                assert_eq!(came, expected);
            }
            Step::AnswerNext(answers) => self.cobo.answer(answers),
            Step::AnswerAlways(answer) => self.cobo.always(answer),
            Step::Latency(seconds) => {
                self.cobo
                    .set_latency(Duration::from_secs_f64(seconds).as_millis() as u64);
            }
            Step::Life(seconds) => self.cobo.set_life(seconds),
            Step::Advance(seconds) => {
                // Sleeps instead of advancing the clock in one step, so that timers fire at their
                // own times.
                tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
                settle().await;
            }
            Step::SetWallClock(seconds) => self.clock.set((seconds * 1_000.0) as i64),
            Step::Reject(number) => {
                use cobo_auth::Credential as _;
                let text = format!("a{number}");
                let (_, token) = self
                    .returned
                    .iter()
                    .find(|(returned, _)| *returned == text)
                    .unwrap();
                self.source().credential(ORG).rejected(token);
            }
            Step::Invalidate => self.source().invalidate(ORG).await.unwrap(),
            Step::InvalidateFails => {
                self.source().invalidate(ORG).await.unwrap_err();
            }
            Step::Forget => self.source().forget(ORG).await.unwrap(),
            Step::ForgetFails => {
                self.source().forget(ORG).await.unwrap_err();
            }
            Step::InstallFails(query) => {
                self.source().on_installation(&query).await.unwrap_err();
            }
            Step::Install(query) => {
                let outcome = self.source().on_installation(&query).await;
                assert!(outcome.unwrap().is_confirmed());
            }
            Step::StoreFault(fault) => self.store.set_fault(fault),
            Step::StoreLatency(seconds) => {
                self.store.set_latency(Duration::from_secs_f64(seconds));
            }
            Step::StoreLosesEverything => self.store.lose_everything(),
            Step::Snapshot => {
                self.snapshot = self.store.memory().load(ORG).await.unwrap();
            }
            Step::Rollback => {
                self.store.lose_everything();
                let pair = self.snapshot.as_ref().unwrap();
                let _ = self.store.memory().save(ORG, pair).await.unwrap();
            }
            Step::StoredPair(stored) => {
                let pair = self.pair(stored);
                self.store.lose_everything();
                let _ = self.store.memory().save(ORG, &pair).await.unwrap();
            }
            Step::StoredPairAtLease(stored) => {
                let pair = self.pair(stored).with_owner(owner());
                self.store.save_at_lease(pair);
            }
            Step::LeaseTaken => {
                let ttl = Duration::from_secs(60);
                let another = self.store.of(&Life::new(1));
                let lease = another.lease(ORG, ttl).await.unwrap();
                self.lease = Some(lease.expect("the lease is free"));
            }
            Step::LeaseFreed => self.lease = None,
            Step::Restart => {
                self.source = None;
                settle().await;
                self.start();
            }
            Step::Drop => {
                self.source = None;
                settle().await;
            }
            Step::Shutdown => self.source().shutdown().await,
            Step::Requests(expected) => {
                settle().await;
                assert_eq!(self.cobo.requests(), expected, "requests");
            }
            Step::StoredIs(expected) => {
                settle().await;
                let stored = self.store.memory().load(ORG).await.unwrap();
                let shown = stored.map_or(String::new(), |pair| {
                    let access = pair.access_token.expose();
                    match &pair.refresh_token {
                        Some(refresh) => format!("{access} {}", refresh.expose()),
                        None => access.to_owned(),
                    }
                });
                assert_eq!(shown, expected, "stored");
            }
            Step::State(expected) => {
                settle().await;
                let state = self.source().state(ORG).unwrap();
                let state = State {
                    valid: state.valid,
                    refreshing: state.refreshing,
                    failing: state.failing_since.is_some(),
                    unsaved: state.unsaved,
                };
                assert_eq!(state, expected);
            }
            Step::Leases(expected) => assert_eq!(self.store.leases(), expected, "leases"),
            Step::Elapsed(expected) => {
                use cobo_auth::Clock as _;
                let elapsed = self.clock.monotonic().as_secs_f64();
                assert!((elapsed - expected).abs() < 0.01, "elapsed: {elapsed} s");
            }
        }
    }

    fn pair(&self, stored: Stored) -> TokenPair {
        use cobo_auth::Clock as _;
        let now = self.clock.unix_millis();
        let obtained = now.checked_add_signed(-stored.age * 1_000).unwrap();
        let mut pair = TokenPair::new(
            stored.generation.unwrap_or(obtained),
            stored.access,
            obtained,
            obtained + stored.life * 1_000,
        );
        if let Some(refresh) = stored.refresh {
            self.cobo.add_refresh_token(&refresh, ORG);
            let end = obtained.checked_add_signed(stored.refresh_life * 1_000);
            pair = pair.with_refresh_token(refresh, end.unwrap());
        }
        pair
    }
}

fn display(result: Result<cobo_auth::AccessToken, crate::TokenError>) -> String {
    match result {
        Ok(token) => token.secret().expose().to_owned(),
        Err(error) => format!("{:?}", error.kind()),
    }
}

#[test]
fn all_scenarios_pass() {
    let scenarios: Vec<Scenario> = serde_json::from_str(SCENARIOS).unwrap();
    assert!(scenarios.len() >= 40, "{} scenarios", scenarios.len());
    let mut failed = Vec::new();
    for scenario in scenarios {
        let name = scenario.name.clone();
        println!("{name}");
        if std::panic::catch_unwind(|| play(scenario)).is_err() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "failed: {failed:#?}");
}

fn play(scenario: Scenario) {
    paused(async {
        let mut player = Player::new(scenario.life);
        let sets_the_clock = |step: &Step| matches!(step, Step::SetWallClock(_));
        let clock_was_set = scenario.steps.iter().any(sets_the_clock);
        for (number, step) in scenario.steps.into_iter().enumerate() {
            println!("  {number}: {step:?}");
            player.step(step).await;
        }
        assert_eq!(player.cobo.sent_twice(), [""; 0], "refresh tokens");
        assert!(
            player.cobo.max_concurrent_for_one_org() <= 1,
            "requests in flight"
        );
        assert!(clock_was_set || !player.store.overwrote_a_newer_pair());
    });
}
