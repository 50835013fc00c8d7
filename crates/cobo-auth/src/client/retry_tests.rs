//! Tests of the retry policy, with scenarios from a data file.

use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::*;
use crate::error::body::ErrorBody;
use crate::error::code::ErrorCode;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    name: String,
    policy: String,
    max_attempts: Option<u32>,
    repeatable: bool,
    #[serde(default)]
    bearer: bool,
    #[serde(default)]
    after_renewal: bool,
    jitter: Option<f64>,
    left_ms: Option<u64>,
    #[serde(default)]
    spent_retries: u32,
    failures: Vec<Failure>,
    /// The expected delay after each failure; `null` means to give up.
    delays_ms: Vec<Option<u64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Failure {
    kind: Option<String>,
    status: Option<u16>,
    code: Option<i64>,
    retry_after: Option<u64>,
    /// Whether a failure with a code was signed recently.
    #[serde(default)]
    fresh: bool,
}

impl Failure {
    fn error(&self, bearer: bool) -> Error {
        let error = match (self.kind.as_deref(), self.code) {
            (Some("connect"), _) => Error::connect(),
            (Some("transport"), _) => Error::broken(),
            (Some("timeout"), _) => Error::deadline(true),
            (Some("invalid_request"), _) => Error::invalid_request("x".to_owned()),
            (Some("bad_signature"), _) => Error::bad_signature(),
            (Some(kind), _) => panic!("no such kind: {kind}"),
            (None, None) => Error::unexpected(),
            (None, Some(code)) => {
                let body = ErrorBody::Api {
                    code: ErrorCode::new(code),
                    message: String::new(),
                    id: None,
                };
                Error::api(body, true, self.fresh)
            }
        };
        let mut headers = HeaderMap::new();
        if let Some(seconds) = self.retry_after {
            headers.insert("retry-after", seconds.into());
        }
        match self.status {
            Some(status) => error
                .with_response(StatusCode::from_u16(status).unwrap(), &headers)
                .with_times(0, &headers),
            None => error,
        }
        .with_bearer(bearer)
    }
}

#[test]
fn retry_policy_matches_the_recorded_scenarios() {
    let scenarios: Vec<Scenario> =
        serde_json::from_str(include_str!("retry_scenarios.json")).unwrap();
    for scenario in &scenarios {
        let name = &scenario.name;
        let mut policy = match scenario.policy.as_str() {
            "standard" => RetryPolicy::standard(),
            "none" => RetryPolicy::none(),
            other => panic!("no such policy: {other}"),
        };
        if let Some(attempts) = scenario.max_attempts {
            policy = policy.max_attempts(attempts);
        }
        let budget = Budget::full();
        for _ in 0..scenario.spent_retries {
            assert!(budget.take());
        }
        let delays: Vec<_> = (1..)
            .zip(&scenario.failures)
            .map(|(attempt, failure)| {
                let failed = AttemptFailure {
                    error: &failure.error(scenario.bearer),
                    attempt,
                    repeatable: scenario.repeatable,
                    after_renewal: scenario.after_renewal,
                    left: scenario.left_ms.map(Duration::from_millis),
                    jitter: scenario.jitter.unwrap_or(1.0),
                };
                policy.delay(&failed, &budget)
            })
            .collect();
        let expected: Vec<_> = scenario
            .delays_ms
            .iter()
            .map(|delay| delay.map(Duration::from_millis))
            .collect();
        assert_eq!(delays, expected, "{name}");
    }
    assert_eq!(scenarios.len(), 29);
}

#[test]
fn refunds_never_raise_the_retry_budget_above_its_initial_value() {
    let budget = Budget::full();
    budget.refund();
    for _ in 0..50 {
        assert!(budget.take());
    }
    assert!(!budget.take());
    for _ in 0..10 {
        budget.refund();
    }
    assert!(budget.take());
    assert!(!budget.take());
}

#[test]
fn jitter_is_between_zero_and_one() {
    for _ in 0..1_000 {
        assert!((0.0..=1.0).contains(&jitter()));
    }
}
