//! Tests of many organizations at once: they do not wait for each other, and share limits.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::cobo::{Answer, FakeCobo};
use super::fixtures::{TestClock, owner, paused, settle};
use super::store::{StoreFault, TestStore};
use crate::store::TokenStore as _;
use crate::token::builder::TokenSourceBuilder;
use crate::token::error::TokenErrorKind;
use crate::token::source::TokenSource;

pub(super) struct Fixture {
    pub(super) cobo: FakeCobo,
    pub(super) store: TestStore,
    pub(super) tokens: TokenSource,
}

impl Fixture {
    pub(super) fn new(set_up: impl FnOnce(TokenSourceBuilder) -> TokenSourceBuilder) -> Self {
        let clock = TestClock::new();
        let cobo = FakeCobo::new(43_200, &clock);
        let store = TestStore::new();
        let builder = TokenSourceBuilder::with_issuer(cobo.clone(), owner())
            .store(store.clone())
            .clock(clock);
        let mut builder = set_up(builder);
        builder.jitter = Box::new(|| 0.5);
        let tokens = builder.build();
        Self {
            cobo,
            store,
            tokens,
        }
    }
}

#[test]
fn unanswered_request_does_not_delay_other_organizations() {
    paused(async {
        let fixture = Fixture::new(|builder| builder);
        fixture.cobo.never_answer("silent");
        let started = Instant::now();
        let silent = tokio::spawn({
            let tokens = fixture.tokens.clone();
            async move { tokens.token("silent").await }
        });
        settle().await;
        for number in 0..100 {
            fixture
                .tokens
                .token(&format!("org-{number}"))
                .await
                .unwrap();
        }
        assert_eq!(started.elapsed(), Duration::ZERO);
        let error = silent.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), TokenErrorKind::Unavailable);
    });
}

#[test]
fn refusal_is_cached_for_one_organization_only() {
    paused(async {
        let fixture = Fixture::new(|builder| builder);
        fixture.cobo.answer([Answer::Refused]);
        fixture.tokens.token("refused").await.unwrap_err();
        fixture.tokens.token("org").await.unwrap();
        // The refusal is cached for this organization only.
        fixture.tokens.token("refused").await.unwrap_err();
        assert_eq!(
            fixture.cobo.requests(),
            ["get_token refused", "get_token org"]
        );
    });
}

#[test]
fn concurrent_requests_of_many_organizations_are_limited() {
    paused(async {
        let fixture = Fixture::new(|builder| builder.concurrency(50));
        fixture.cobo.set_latency(100);
        let mut calls = JoinSet::new();
        for number in 0..10_000 {
            let tokens = fixture.tokens.clone();
            calls.spawn(async move { tokens.token(&format!("org-{number}")).await.map(drop) });
        }
        while let Some(call) = calls.join_next().await {
            call.unwrap().unwrap();
        }
        assert_eq!(fixture.cobo.requests().len(), 10_000);
        assert_eq!(fixture.cobo.max_concurrent(), 50);
        assert_eq!(fixture.cobo.max_concurrent_for_one_org(), 1);
    });
}

#[test]
fn request_without_a_permit_fails_at_the_deadline_and_sends_nothing() {
    paused(async {
        let fixture = Fixture::new(|builder| {
            let deadline = Duration::from_secs(10);
            builder.concurrency(1).deadline(deadline)
        });
        for silent in ["silent-1", "silent-2"] {
            fixture.cobo.never_answer(silent);
            let tokens = fixture.tokens.clone();
            tokio::spawn(async move { tokens.token(silent).await.map(drop) });
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let error = fixture.tokens.token("org").await.unwrap_err();
        assert_eq!(error.kind(), TokenErrorKind::Unavailable);
        assert!(
            error.to_string().contains("too many token requests"),
            "{error}"
        );
        assert_eq!(fixture.cobo.requests(), [""; 0]);
        tokio::time::sleep(Duration::from_secs(10)).await;
        fixture.tokens.token("org").await.unwrap();
    });
}

#[test]
fn forgotten_organization_that_waits_for_a_permit_sends_no_request() {
    paused(async {
        let fixture = Fixture::new(|builder| builder.concurrency(1));
        fixture.cobo.set_latency(1_000);
        let (first, second) = (fixture.tokens.clone(), fixture.tokens.clone());
        tokio::spawn(async move { first.token("first").await.map(drop) });
        settle().await;
        let waits = tokio::spawn(async move { second.token("org").await.map(drop) });
        settle().await;
        waits.abort(); // otherwise it would request the token again
        fixture.tokens.forget("org").await.unwrap();
        tokio::time::sleep(Duration::from_secs(9)).await;
        assert_eq!(fixture.cobo.requests(), ["get_token first"]);
    });
}

#[test]
fn shutdown_waits_for_a_slow_store() {
    paused(async {
        let fixture = Fixture::new(|builder| builder.deadline(Duration::from_millis(500)));
        let call = tokio::spawn({
            let tokens = fixture.tokens.clone();
            async move { tokens.token("org").await.map(drop) }
        });
        fixture.cobo.set_latency(400);
        settle().await;
        fixture.store.set_latency(Duration::from_millis(2_500));
        fixture.tokens.shutdown().await;
        let stored = fixture.store.memory().load("org").await.unwrap().unwrap();
        assert_eq!(stored.access_token.expose(), "a1");
        call.await.unwrap().unwrap();
    });
}

#[test]
fn shutdown_saves_a_pair_whose_save_task_ended_with_its_runtime() {
    let mut fixture = None;
    paused(async {
        let fixture = fixture.insert(Fixture::new(|builder| builder));
        fixture.store.set_fault(StoreFault::ReadOnly);
        fixture.tokens.token("org").await.unwrap();
    });
    paused(async {
        let fixture = fixture.as_ref().unwrap();
        fixture.store.set_fault(StoreFault::None);
        assert!(fixture.store.memory().load("org").await.unwrap().is_none());
        fixture.tokens.shutdown().await;
        assert!(fixture.store.memory().load("org").await.unwrap().is_some());
    });
}

#[test]
fn shutdown_ends_when_cobo_and_the_store_hang() {
    paused(async {
        for answered_after in [None, Some(59_000)] {
            let fixture = Fixture::new(|builder| builder);
            match answered_after {
                None => fixture.cobo.never_answer("org"),
                Some(millis) => fixture.cobo.set_latency(millis),
            }
            let tokens = fixture.tokens.clone();
            tokio::spawn(async move { tokens.token("org").await.map(drop) });
            settle().await;
            fixture.store.set_fault(StoreFault::Hangs);
            let started = Instant::now();
            fixture.tokens.shutdown().await;
            let shared = &fixture.tokens.0.shared;
            assert!(shared.tasks.is_empty(), "something outlives it");
            assert!(started.elapsed() < shared.limits.shutdown());
        }
    });
}

/// The store's own timeout is shorter than the source's.
#[test]
fn store_that_does_not_answer_is_not_called_for_five_seconds() {
    paused(async {
        let fixture = Fixture::new(|builder| builder);
        fixture.store.set_fault(StoreFault::TimesOut);
        let started = Instant::now();
        for number in 0..5 {
            fixture
                .tokens
                .token(&format!("org-{number}"))
                .await
                .unwrap();
        }
        assert_eq!(started.elapsed(), Duration::from_secs(2));
    });
}

#[test]
fn pair_that_is_too_large_for_the_store_is_served_and_never_saved_again() {
    paused(async {
        let fixture = Fixture::new(|builder| builder);
        fixture.store.set_fault(StoreFault::TooLarge);
        fixture.tokens.token("org").await.unwrap();
        settle().await;
        assert!(fixture.tokens.0.shared.tasks.is_empty());
    });
}

#[test]
fn next_call_saves_a_pair_whose_save_task_ended_with_its_runtime() {
    let mut fixture = None;
    paused(async {
        let fixture = fixture.insert(Fixture::new(|builder| builder));
        fixture.store.set_fault(StoreFault::ReadOnly);
        fixture.tokens.token("org").await.unwrap();
        fixture.tokens.token("org").await.unwrap();
    });
    paused(async {
        let fixture = fixture.as_ref().unwrap();
        fixture.store.set_fault(StoreFault::None);
        fixture.tokens.token("org").await.unwrap();
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(fixture.store.memory().load("org").await.unwrap().is_some());
        assert!(!fixture.tokens.state("org").unwrap().unsaved);
    });
}

#[test]
fn failed_listing_opens_the_circuit_for_other_store_calls() {
    paused(async {
        let fixture = Fixture::new(|builder| builder);
        fixture.store.set_fault(StoreFault::TimesOut);
        fixture.tokens.organizations().await.unwrap_err();
        let started = Instant::now();
        fixture.tokens.token("org").await.unwrap();
        fixture.tokens.organizations().await.unwrap_err();
        assert_eq!(started.elapsed(), Duration::ZERO);
    });
}
