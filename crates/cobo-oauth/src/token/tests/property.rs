//! Properties that hold for every sequence of calls, failures, clock changes and processes.

use std::time::Duration;

use cobo_auth::{AccessToken, Credential as _};
use proptest::collection::vec;
use proptest::prelude::*;
use tokio::task::JoinHandle;

use super::cobo::{Answer, FakeCobo};
use super::fixtures::{Life, TestClock, owner, paused, settle};
use super::store::{StoreFault, TestStore};
use crate::token::builder::TokenSourceBuilder;
use crate::token::credential::OrgCredential;
use crate::token::error::{TokenError, TokenErrorKind};
use crate::token::moment::Moment;
use crate::token::source::TokenSource;

const ORGS: [&str; 2] = ["x", "y"];
/// The lifetime of access tokens, in seconds.
const LIFE: u64 = 600;

#[derive(Debug, Clone)]
enum Event {
    /// A process requests the token of an organization.
    Call(usize, usize),
    /// This many concurrent callers, some of which `DropCallers` drops.
    ConcurrentCalls(usize, usize, u8),
    DropCallers,
    Advance(u32),
    SetWallClock(i32),
    Answers(Vec<Answer>),
    Latency(u16),
    /// From now on answers contain Cobo's time.
    ReportTime,
    StoreFault(StoreFault),
    StoreLatency(u16),
    /// A server refuses the token that was returned last.
    Reject(usize),
    Invalidate(usize, usize),
    Forget(usize, usize),
    Install(usize, usize),
    StoreLosesEverything,
    Kill(usize),
    Shutdown(usize),
    /// A source is dropped without a shutdown.
    Drop(usize),
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        4 => Just(Answer::Ok),
        1 => Just(Answer::Expired),
        1 => Just(Answer::NoRefreshToken),
        1 => Just(Answer::Unreachable),
        2 => Just(Answer::ResponseLost),
        1 => Just(Answer::RequestLost),
        1 => Just(Answer::Refused),
        1 => Just(Answer::AppRefused),
        1 => Just(Answer::Unauthenticated),
        1 => Just(Answer::UnsignedUnauthenticated),
        1 => Just(Answer::NotBearer),
        1 => Just(Answer::Throttled),
        1 => Just(Answer::RetryAfterOneDay),
        1 => Just(Answer::Hangs),
    ]
}

fn fault() -> impl Strategy<Value = StoreFault> {
    prop_oneof![
        4 => Just(StoreFault::None),
        1 => Just(StoreFault::Down),
        1 => Just(StoreFault::Hangs),
        1 => Just(StoreFault::ReadOnly),
        1 => Just(StoreFault::AppliedButFailed),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let (process, org) = (0..2_usize, 0..ORGS.len());
    prop_oneof![
        8 => (process.clone(), org.clone()).prop_map(|(p, o)| Event::Call(p, o)),
        2 => (process.clone(), org.clone(), 2..20_u8).prop_map(|(p, o, n)| Event::ConcurrentCalls(p, o, n)),
        2 => Just(Event::DropCallers),
        // For a lifetime of 600 s the windows are the last 30 s and the last 5 s.
        4 => prop_oneof![1..2_000_u32, 560_000..605_000_u32, 20_000..40_000_u32]
            .prop_map(Event::Advance),
        2 => prop_oneof![-700_000..700_000_i32, -50_000..50_000_i32].prop_map(Event::SetWallClock),
        3 => vec(answer(), 1..4).prop_map(Event::Answers),
        1 => prop_oneof![Just(0), 1..7_000_u16].prop_map(Event::Latency),
        1 => Just(Event::ReportTime),
        2 => fault().prop_map(Event::StoreFault),
        1 => prop_oneof![Just(0), 1..4_000_u16].prop_map(Event::StoreLatency),
        2 => process.clone().prop_map(Event::Reject),
        1 => (process.clone(), org.clone()).prop_map(|(p, o)| Event::Invalidate(p, o)),
        1 => (process.clone(), org.clone()).prop_map(|(p, o)| Event::Forget(p, o)),
        1 => (process.clone(), org).prop_map(|(p, o)| Event::Install(p, o)),
        1 => Just(Event::StoreLosesEverything),
        1 => process.clone().prop_map(Event::Kill),
        1 => process.clone().prop_map(Event::Shutdown),
        1 => process.prop_map(Event::Drop),
    ]
}

/// A process of the program.
struct Process {
    life: Life,
    source: TokenSource,
    /// Created at the start, so that the tokens they remember are older than the source's.
    credentials: [OrgCredential; ORGS.len()],
    /// The last token that was returned, and its organization.
    served: Option<(usize, AccessToken)>,
}

struct Fixture {
    clock: TestClock,
    cobo: FakeCobo,
    store: TestStore,
    processes: Vec<Process>,
    started: u64,
    calls: Vec<JoinHandle<()>>,
    clock_was_set: bool,
}

impl Fixture {
    fn new() -> Self {
        let clock = TestClock::new();
        let mut fixture = Self {
            cobo: FakeCobo::new(LIFE, &clock),
            clock,
            store: TestStore::new(),
            processes: Vec::new(),
            started: 0,
            calls: Vec::new(),
            clock_was_set: false,
        };
        fixture.processes = vec![fixture.process(), fixture.process()];
        fixture
    }

    fn process(&mut self) -> Process {
        self.started += 1;
        let life = Life::new(self.started);
        let mut builder = TokenSourceBuilder::with_issuer(self.cobo.of(&life), owner())
            .store(self.store.of(&life))
            .clock(self.clock.clone());
        builder.jitter = Box::new(|| 0.5);
        let source = builder.build();
        Process {
            life,
            credentials: ORGS.map(|org| source.credential(org)),
            source,
            served: None,
        }
    }

    async fn apply(&mut self, event: Event) {
        match event {
            Event::Call(process, org) => {
                // Time advances during the call only while waiting for answers.
                let source = self.processes[process].source.clone();
                match source.token(ORGS[org]).await {
                    Ok(token) => {
                        self.assert_valid_for(process, &token);
                        let credential = &self.processes[process].credentials[org];
                        if let Some(current) = credential.current() {
                            assert_eq!(current.generation(), token.generation());
                        }
                        self.processes[process].served = Some((org, token));
                    }
                    Err(error) => self.check_failure(&error),
                }
            }
            Event::ConcurrentCalls(process, org, count) => {
                for _ in 0..count {
                    let source = self.processes[process].source.clone();
                    let life = self.processes[process].life.number;
                    let (cobo, clock) = (self.cobo.clone(), self.clock.clone());
                    self.calls.push(tokio::spawn(async move {
                        if let Ok(token) = source.token(ORGS[org]).await {
                            assert_valid(&token, life, &cobo, &clock);
                        }
                    }));
                }
                settle().await;
            }
            Event::DropCallers => {
                for call in self.calls.iter().step_by(2) {
                    call.abort();
                }
            }
            Event::Advance(millis) => {
                tokio::time::sleep(Duration::from_millis(millis.into())).await;
            }
            Event::SetWallClock(millis) => {
                self.clock.set(millis.into());
                self.clock_was_set = true;
            }
            Event::Forget(process, org) => {
                let source = self.processes[process].source.clone();
                let _ = source.forget(ORGS[org]).await;
            }
            Event::Install(process, org) => {
                let source = self.processes[process].source.clone();
                let query = format!("approval_result=2&org_id={}", ORGS[org]);
                let _ = source.on_installation(&query).await;
            }
            Event::StoreLosesEverything => self.store.lose_everything(),
            Event::Drop(process) => {
                self.calls.drain(..).for_each(|call| call.abort());
                settle().await;
                self.processes[process] = self.process();
            }
            Event::Answers(answers) => self.cobo.answer(answers),
            Event::Latency(millis) => self.cobo.set_latency(millis.into()),
            Event::ReportTime => self.cobo.report_time(),
            Event::StoreFault(fault) => self.store.set_fault(fault),
            Event::StoreLatency(millis) => {
                self.store.set_latency(Duration::from_millis(millis.into()));
            }
            Event::Reject(process) => {
                let process = &self.processes[process];
                if let Some((org, token)) = &process.served {
                    process.source.credential(ORGS[*org]).rejected(token);
                }
            }
            Event::Invalidate(process, org) => {
                let source = self.processes[process].source.clone();
                let credential = self.processes[process].credentials[org].clone();
                let Ok(before) = source.token(ORGS[org]).await else {
                    return;
                };
                let _ = credential.current();
                if source.invalidate(ORGS[org]).await.is_err() {
                    return;
                }
                let after = [credential.current(), source.token(ORGS[org]).await.ok()];
                for after in after.into_iter().flatten() {
                    assert_ne!(before.generation(), after.generation());
                }
            }
            Event::Kill(process) => {
                self.processes[process].life.kill();
                self.calls.drain(..).for_each(|call| call.abort());
                self.processes[process] = self.process();
            }
            Event::Shutdown(process) => {
                self.processes[process].source.shutdown().await;
                self.processes[process] = self.process();
            }
        }
    }

    fn assert_valid_for(&self, process: usize, token: &AccessToken) {
        let life = self.processes[process].life.number;
        assert_valid(token, life, &self.cobo, &self.clock);
    }

    /// Callers may fail only after a failure of Cobo: within a backoff of a minute, plus up to a
    /// minute that Cobo did not answer.
    fn check_failure(&self, error: &TokenError) {
        if self.clock_was_set && error.kind() == TokenErrorKind::Unusable {
            return; // the clock was set while the answer was on its way
        }
        let failed = self.cobo.last_failure().map(|failed| failed.elapsed());
        assert!(
            failed.is_some_and(|failed| failed <= Duration::from_secs(125)),
            "no token, though Cobo failed {failed:?} ago: {error}"
        );
    }

    /// When everything works again, every process gets a token for every organization.
    async fn recover(&mut self) {
        self.cobo.always(Answer::Ok);
        self.cobo.set_latency(0);
        self.store.set_fault(StoreFault::None);
        self.store.set_latency(Duration::ZERO);
        tokio::time::sleep(Duration::from_secs(300)).await;
        for call in self.calls.drain(..) {
            if let Err(error) = call.await {
                assert!(error.is_cancelled(), "an expired token was served");
            }
        }
        for process in 0..self.processes.len() {
            for org in ORGS {
                let source = &self.processes[process].source;
                let token = source.token(org).await.unwrap();
                self.assert_valid_for(process, &token);
            }
        }
    }
}

/// A token is returned only while it is valid: by the wall clock, even if that was set; and by the
/// monotonic clock, if this process requested it.
fn assert_valid(token: &AccessToken, life: u64, cobo: &FakeCobo, clock: &TestClock) {
    let text = token.secret().expose();
    let (end, asked_by) = cobo.expiry_of(text).expect("Cobo issued it");
    let now = Moment::now(clock);
    assert!(now.wall < end.wall, "{text} had expired by the wall clock");
    assert!(
        life != asked_by || now.monotonic < end.monotonic,
        "{text} had expired by the monotonic clock"
    );
}

fn check(events: Vec<Event>) {
    paused(async {
        let mut fixture = Fixture::new();
        for event in events {
            fixture.apply(event).await;
            assert_eq!(fixture.cobo.sent_twice(), [""; 0]);
        }
        fixture.recover().await;
        assert_eq!(fixture.cobo.sent_twice(), [""; 0]);
        assert!(fixture.cobo.max_concurrent_for_one_org() <= 1);
        // Generations cannot always order pairs after a clock was set.
        assert!(fixture.clock_was_set || !fixture.store.overwrote_a_newer_pair());
    });
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("COBO_CASES").map_or(512, |cases| cases.parse().unwrap()),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn served_tokens_are_valid_and_no_refresh_token_is_sent_twice(events in vec(event(), 1..60)) {
        check(events);
    }
}

/// Failures that were found earlier.
#[test]
fn wall_clock_set_forward_does_not_abandon_a_running_task() {
    check(vec![
        Event::Answers(vec![Answer::Hangs]),
        Event::ConcurrentCalls(0, 0, 2),
        Event::SetWallClock(120_000),
        Event::ConcurrentCalls(0, 0, 2),
    ]);
}

#[test]
fn running_refresh_does_not_restore_a_rejected_token() {
    check(vec![
        Event::Call(1, 1),
        Event::Advance(570_000),
        Event::Call(1, 1),
        Event::SetWallClock(-275_001),
        Event::Reject(1),
    ]);
}

#[test]
fn late_save_does_not_restore_an_invalidated_pair() {
    check(vec![
        Event::Call(0, 0),
        Event::Advance(560_000),
        Event::Call(0, 1),
        Event::Answers(vec![Answer::Ok]),
        Event::Advance(560_000),
        Event::Answers(vec![Answer::Expired, Answer::Ok]),
        Event::StoreFault(StoreFault::AppliedButFailed),
        Event::Invalidate(1, 0),
        Event::Answers(vec![Answer::Unreachable]),
        Event::StoreFault(StoreFault::None),
        Event::Call(0, 0),
        Event::Call(0, 0),
        Event::Invalidate(0, 0),
        Event::Kill(0),
    ]);
}
