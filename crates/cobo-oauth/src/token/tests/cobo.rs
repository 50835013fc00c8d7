//! A fake Cobo: the test sets its answers, and it records requests.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use cobo_auth::{Clock as _, Secret};
use serde::Deserialize;
use tokio::time::Instant;

use super::fixtures::{Life, TestClock};
use crate::token::issuer::{Failure, FailureKind, Issued, Issuer};
use crate::token::moment::Moment;

/// Cobo's answer to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    Ok,
    /// A pair whose access token has expired on arrival.
    Expired,
    /// A pair without a refresh token.
    NoRefreshToken,
    /// The connection cannot be opened.
    Unreachable,
    /// The request is processed, but the answer is lost.
    ResponseLost,
    /// The request is lost before it is processed. The client cannot tell this from `ResponseLost`.
    RequestLost,
    Refused,
    AppRefused,
    /// Code 2024, signed by Cobo.
    Unauthenticated,
    /// Code 2024, not signed by Cobo.
    UnsignedUnauthenticated,
    /// A token is issued that is not a Bearer token.
    NotBearer,
    /// Too many requests, with a `Retry-After` of 30 seconds.
    Throttled,
    /// A gateway's error, with a `Retry-After` of one day.
    RetryAfterOneDay,
    /// Never answers.
    Hangs,
    Panics,
}

/// Issues `a1` with `r1`, `a2` with `r2`, and so on.
#[derive(Debug, Clone)]
pub(super) struct FakeCobo {
    state: Arc<Mutex<State>>,
    clock: TestClock,
    life: Life,
    /// Cobo's own clock, which tests do not set.
    time: TestClock,
    /// Whether the process has received an answer, and therefore knows Cobo's time.
    knows_time: Arc<AtomicBool>,
}

#[derive(Debug, Default)]
struct State {
    issued: u64,
    /// The lifetime of access tokens, in seconds.
    life: u64,
    /// The latency of each answer, in milliseconds.
    latency: u64,
    answers: VecDeque<Answer>,
    always: Option<Answer>,
    requests: Vec<String>,
    uninstalled: HashSet<String>,
    /// Organizations whose requests are never answered.
    unanswered: HashSet<String>,
    /// The organization of each refresh token.
    refresh_tokens: HashMap<String, String>,
    sent: HashSet<String>,
    sent_twice: Vec<String>,
    /// Running requests, by process and organization.
    running: HashMap<(u64, String), u32>,
    max_concurrent_for_one_org: u32,
    /// The maximum for all organizations together.
    max_concurrent: u32,
    /// When a request last failed.
    last_failure: Option<Instant>,
    /// The expiry of each access token, and the process that requested it.
    ends: HashMap<String, (Moment, u64)>,
    /// Whether answers contain Cobo's time.
    reports_time: bool,
}

impl FakeCobo {
    pub(super) fn new(life: u64, clock: &TestClock) -> Self {
        let state = State {
            life,
            ..State::default()
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            clock: clock.clone(),
            life: Life::new(0),
            time: clock.ahead_by(0),
            knows_time: Arc::default(),
        }
    }

    /// The same Cobo as seen by another process.
    pub(super) fn of(&self, life: &Life) -> Self {
        Self {
            life: life.clone(),
            knows_time: Arc::default(),
            ..self.clone()
        }
    }

    /// The expiry of an access token, and the process that requested it.
    pub(super) fn expiry_of(&self, access_token: &str) -> Option<(Moment, u64)> {
        self.state.lock().unwrap().ends.get(access_token).copied()
    }

    /// From now on answers contain Cobo's time.
    pub(super) fn report_time(&self) {
        self.state.lock().unwrap().reports_time = true;
    }

    pub(super) fn set_life(&self, seconds: u64) {
        self.state.lock().unwrap().life = seconds;
    }

    pub(super) fn set_latency(&self, millis: u64) {
        self.state.lock().unwrap().latency = millis;
    }

    /// Sets the answers to the next requests.
    pub(super) fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.state.lock().unwrap().answers.extend(answers);
    }

    /// From now on no request for this organization is answered.
    pub(super) fn never_answer(&self, org_id: &str) {
        self.state
            .lock()
            .unwrap()
            .unanswered
            .insert(org_id.to_owned());
    }

    /// Removes the app from this organization.
    pub(super) fn uninstall(&self, org_id: &str) {
        self.state
            .lock()
            .unwrap()
            .uninstalled
            .insert(org_id.to_owned());
    }

    /// Sets the answer to all requests for which no other answer is set.
    pub(super) fn always(&self, answer: Answer) {
        let mut state = self.state.lock().unwrap();
        state.always = Some(answer);
        state.answers.clear();
    }

    /// Returns and clears the recorded requests.
    pub(super) fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().requests)
    }

    pub(super) fn sent_twice(&self) -> Vec<String> {
        self.state.lock().unwrap().sent_twice.clone()
    }

    pub(super) fn max_concurrent_for_one_org(&self) -> u32 {
        self.state.lock().unwrap().max_concurrent_for_one_org
    }

    pub(super) fn max_concurrent(&self) -> u32 {
        self.state.lock().unwrap().max_concurrent
    }

    /// Adds a refresh token from an earlier run of the program.
    pub(super) fn add_refresh_token(&self, refresh_token: &str, org_id: &str) {
        let mut state = self.state.lock().unwrap();
        let known = (refresh_token.to_owned(), org_id.to_owned());
        state.refresh_tokens.extend([known]);
    }

    async fn serve(&self, request: String, work: impl FnOnce(&mut State) -> Outcome) -> Outcome {
        self.life.pause_if_killed().await;
        let asked = Moment::now(&self.clock);
        let (answer, latency) = {
            let mut state = self.state.lock().unwrap();
            state.requests.push(request);
            let always = state.always.unwrap_or(Answer::Ok);
            (state.answers.pop_front().unwrap_or(always), state.latency)
        };
        if matches!(answer, Answer::Hangs | Answer::Panics) {
            self.failed();
        }
        tokio::time::sleep(Duration::from_millis(latency)).await;
        let lost = failure(FailureKind::Unknown, "the connection broke");
        let work = || {
            let mut state = self.state.lock().unwrap();
            let issued = work(&mut state)?;
            let token = issued.access_token.expose().to_owned();
            let end = (asked.plus(issued.life), self.life.number);
            state.ends.insert(token, end);
            Ok(issued)
        };
        let outcome = match answer {
            Answer::Ok => work(),
            Answer::Expired => {
                let issued = work()?;
                let life = Duration::ZERO;
                Ok(Issued { life, ..issued })
            }
            Answer::NoRefreshToken => {
                let issued = work()?;
                Ok(Issued {
                    refresh_token: None,
                    ..issued
                })
            }
            Answer::ResponseLost => {
                let _ = work();
                Err(lost)
            }
            Answer::RequestLost => Err(lost),
            Answer::Unreachable => Err(failure(FailureKind::NotProcessed, "no connection")),
            Answer::Throttled => Err(Failure {
                throttled: true,
                retry_after: Some(Duration::from_secs(30)),
                ..failure(FailureKind::Unknown, "429")
            }),
            Answer::RetryAfterOneDay => Err(Failure {
                throttled: true,
                retry_after: Some(Duration::from_secs(24 * 60 * 60)),
                ..failure(FailureKind::Unknown, "503")
            }),
            Answer::Refused => Err(failure(FailureKind::GrantRefused, "invalid_grant")),
            Answer::AppRefused => Err(failure(FailureKind::AppRefused, "invalid_client")),
            Answer::Unauthenticated => Err(failure(
                FailureKind::Unauthenticated { verified: true },
                "2024",
            )),
            Answer::UnsignedUnauthenticated => Err(failure(
                FailureKind::Unauthenticated { verified: false },
                "2024",
            )),
            Answer::NotBearer => {
                let _ = work();
                Err(failure(FailureKind::UnusableToken, "token_type"))
            }
            Answer::Hangs => std::future::pending().await,
            Answer::Panics => panic!("the issuer panics"),
        };
        if answer != Answer::Ok || outcome.is_err() {
            self.failed();
        }
        self.life.pause_if_killed().await;
        self.knows_time.store(true, Ordering::Relaxed);
        outcome
    }

    fn failed(&self) {
        self.state.lock().unwrap().last_failure = Some(Instant::now());
    }

    /// When a request last failed or was left without an answer.
    pub(super) fn last_failure(&self) -> Option<Instant> {
        self.state.lock().unwrap().last_failure
    }

    fn enter(&self, org_id: &str) -> RunningRequest {
        let mut state = self.state.lock().unwrap();
        let key = (self.life.number, org_id.to_owned());
        let count = state.running.entry(key.clone()).or_default();
        *count += 1;
        let count = *count;
        state.max_concurrent_for_one_org = state.max_concurrent_for_one_org.max(count);
        let all = state.running.values().sum();
        state.max_concurrent = state.max_concurrent.max(all);
        RunningRequest {
            cobo: self.clone(),
            key,
        }
    }
}

type Outcome = Result<Issued, Failure>;

struct RunningRequest {
    cobo: FakeCobo,
    key: (u64, String),
}

impl Drop for RunningRequest {
    fn drop(&mut self) {
        let mut state = self.cobo.state.lock().unwrap();
        *state.running.get_mut(&self.key).unwrap() -= 1;
    }
}

fn failure(kind: FailureKind, text: &'static str) -> Failure {
    Failure::new(kind, std::io::Error::other(text))
}

impl State {
    fn issue(&mut self, org_id: &str) -> Outcome {
        if self.uninstalled.contains(org_id) {
            return Err(failure(FailureKind::GrantRefused, "not installed"));
        }
        self.issued += 1;
        let refresh_token = format!("r{}", self.issued);
        self.refresh_tokens
            .insert(refresh_token.clone(), org_id.to_owned());
        Ok(Issued {
            access_token: format!("a{}", self.issued).into(),
            refresh_token: Some(refresh_token.into()),
            life: Duration::from_secs(self.life),
        })
    }
}

#[async_trait]
impl Issuer for FakeCobo {
    async fn issue(&self, org_id: &str) -> Outcome {
        let _running = self.enter(org_id);
        if self.state.lock().unwrap().unanswered.contains(org_id) {
            std::future::pending().await
        }
        let request = format!("get_token {org_id}");
        self.serve(request, |state| state.issue(org_id)).await
    }

    async fn refresh(&self, refresh_token: Secret) -> Outcome {
        self.life.pause_if_killed().await;
        let token = refresh_token.expose();
        let org_id = self
            .state
            .lock()
            .unwrap()
            .refresh_tokens
            .get(token)
            .cloned();
        let org_id = org_id.unwrap_or_default();
        let _running = self.enter(&org_id);
        let request = format!("refresh {token}");
        let not_processed = {
            let state = self.state.lock().unwrap();
            let answer = state.answers.front().copied().or(state.always);
            matches!(answer, Some(Answer::Unreachable | Answer::Unauthenticated))
        };
        if !not_processed {
            let mut state = self.state.lock().unwrap();
            if !state.sent.insert(token.to_owned()) {
                state.sent_twice.push(token.to_owned());
            }
        }
        self.serve(request, |state| match state.refresh_tokens.remove(token) {
            Some(org_id) => state.issue(&org_id),
            None => Err(failure(FailureKind::GrantRefused, "invalid_grant")),
        })
        .await
    }

    fn cobo_time_millis(&self) -> Option<u64> {
        let knows_time = self.knows_time.load(Ordering::Relaxed);
        let reports = self.state.lock().unwrap().reports_time;
        (knows_time && reports).then(|| self.time.unix_millis())
    }
}
