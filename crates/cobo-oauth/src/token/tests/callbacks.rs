//! Tests of installation callbacks, which anyone can send.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::cobo::Answer;
use super::fixtures::{BEGIN, paused, settle};
use super::organizations::Fixture;
use super::store::StoreFault;
use crate::store::{Saved, TokenPair, TokenStore as _};
use crate::token::installation::{InstallationError, InstallationOutcome};
use crate::token::source::TokenSource;

/// Sends a callback for an organization. The sender disconnects after this time.
fn send_callback(
    tokens: &TokenSource,
    org_id: &str,
    disconnects_after: Duration,
) -> JoinHandle<()> {
    let (tokens, query) = (tokens.clone(), format!("approval_result=1&org_id={org_id}"));
    tokio::spawn(async move {
        let _ = tokio::time::timeout(disconnects_after, tokens.on_installation(&query)).await;
    })
}

/// Sends a callback for an organization and waits for the result.
async fn install(
    tokens: &TokenSource,
    org_id: &str,
) -> Result<InstallationOutcome, InstallationError> {
    let query = format!("approval_result=1&org_id={org_id}");
    tokens.on_installation(&query).await
}

/// Waits, without requesting a token, until the organization has one.
async fn until_valid(tokens: &TokenSource, org_id: &str) {
    let mut watch = tokens.watch(org_id);
    let valid = async { while !watch.changed().await.unwrap().valid {} };
    let hour = Duration::from_secs(60 * 60);
    tokio::time::timeout(hour, valid).await.expect("a token");
}

/// Lets thousands of callbacks be looked up in the store, of which a few are at a time.
async fn all_lookups_done() {
    for _ in 0..100 {
        settle().await;
    }
}

#[test]
fn forged_callbacks_share_one_rate_limit_and_do_not_delay_known_organizations() {
    paused(async {
        let fixture = Fixture::new(|builder| builder);
        fixture.cobo.set_latency(100);
        fixture.tokens.token("known").await.unwrap();
        let stored = TokenPair::new(1, "stored", 0, 1);
        let kept = fixture
            .store
            .memory()
            .save("stored", &stored)
            .await
            .unwrap();
        assert_eq!(kept, Saved::Kept);
        fixture.cobo.requests();

        let forge = |numbers: std::ops::Range<u32>| {
            for number in numbers {
                let org_id = format!("forged-{number}");
                fixture.cobo.uninstall(&org_id);
                send_callback(&fixture.tokens, &org_id, Duration::from_secs(9));
            }
        };
        let started = Instant::now();
        forge(0..100);
        settle().await;
        let outcome = install(&fixture.tokens, "genuine").await.unwrap();
        assert!(!outcome.is_confirmed());
        assert!(fixture.tokens.state("genuine").unwrap().queued);
        forge(100..10_200);
        all_lookups_done().await;
        assert_eq!(started.elapsed(), Duration::ZERO);

        // Neither callbacks of known organizations nor calls of the app are delayed.
        for org_id in ["known", "stored"] {
            let asked = Instant::now();
            let outcome = install(&fixture.tokens, org_id).await.unwrap();
            assert!(outcome.is_confirmed());
            assert_eq!(asked.elapsed(), Duration::from_millis(100));
        }
        let asked = Instant::now();
        fixture.tokens.token("called-by-the-app").await.unwrap();
        assert_eq!(asked.elapsed(), Duration::from_millis(100));

        let forged = |requests: Vec<String>| {
            let forged = requests.iter().filter(|request| request.contains("forged"));
            forged.count()
        };
        tokio::time::sleep_until(started + Duration::from_secs(5)).await;
        settle().await;
        assert_eq!(forged(fixture.cobo.requests()), 25);
        tokio::time::sleep_until(started + Duration::from_secs(60)).await;
        settle().await;
        assert_eq!(forged(fixture.cobo.requests()), 55);

        // It was preceded by a hundred callbacks, of which twenty were served at once.
        until_valid(&fixture.tokens, "genuine").await;
        assert_eq!(started.elapsed(), Duration::from_millis(81_100));
        assert!(!fixture.tokens.state("genuine").unwrap().queued);
        let stored = fixture.store.memory().load("genuine").await.unwrap();
        assert!(stored.is_some());

        // A thousand callbacks wait; the others were rejected.
        tokio::time::sleep(Duration::from_secs(10_000)).await;
        assert_eq!(forged(fixture.cobo.requests()), 1_000 - 1 - 80);
        assert_eq!(
            fixture.store.leases(),
            4,
            "none for callbacks of unknown ones"
        );
    });
}

#[test]
fn queued_installation_is_retried_after_an_outage() {
    paused(async {
        let fixture =
            Fixture::new(|builder| builder.unknown_installation_rate(Duration::from_secs(2), 1));
        let _ = install(&fixture.tokens, "first").await.unwrap();
        fixture
            .cobo
            .answer([Answer::ResponseLost, Answer::Unreachable]);
        let outcome = install(&fixture.tokens, "second").await.unwrap();
        assert!(!outcome.is_confirmed());
        // A second callback gets the same result.
        let outcome = install(&fixture.tokens, "second").await.unwrap();
        assert!(!outcome.is_confirmed());
        until_valid(&fixture.tokens, "second").await;
        assert_eq!(fixture.cobo.requests().len(), 4);
        // The queued callback was answered, so the organization is known to the next callback.
        let outcome = install(&fixture.tokens, "second").await.unwrap();
        assert!(outcome.is_confirmed());
    });
}

#[test]
fn queued_installation_sends_no_request_after_a_call_obtained_the_token() {
    paused(async {
        let fixture =
            Fixture::new(|builder| builder.unknown_installation_rate(Duration::from_secs(2), 1));
        let _ = install(&fixture.tokens, "first").await.unwrap();
        let outcome = install(&fixture.tokens, "second").await.unwrap();
        assert!(!outcome.is_confirmed());
        fixture.tokens.token("second").await.unwrap();
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(!fixture.tokens.state("second").unwrap().queued);
        assert_eq!(
            fixture.cobo.requests(),
            ["get_token first", "get_token second"]
        );
    });
}

#[test]
fn forged_callbacks_use_at_most_half_of_the_concurrency() {
    paused(async {
        for concurrency in [20, 4] {
            let fixture = Fixture::new(|builder| builder.concurrency(concurrency));
            fixture.cobo.set_latency(1_000);
            fixture.cobo.always(Answer::Refused);
            for number in 0..900 {
                let forged = format!("forged-{number}");
                send_callback(&fixture.tokens, &forged, Duration::from_millis(10));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            fixture.cobo.always(Answer::Ok);
            let started = Instant::now();
            fixture.tokens.token("org").await.unwrap();
            assert_eq!(started.elapsed(), Duration::from_secs(1));
            assert!(fixture.cobo.max_concurrent() as usize <= 8.min(concurrency / 2) + 1);
        }
    });
}

#[test]
fn callback_beyond_the_waiting_limit_is_an_error() {
    paused(async {
        let fixture = Fixture::new(|builder| builder);
        fixture.cobo.set_latency(1_000);
        for number in 0..1_000 {
            send_callback(
                &fixture.tokens,
                &format!("forged-{number}"),
                Duration::from_secs(9),
            );
        }
        all_lookups_done().await;
        let (query, asked) = ("approval_result=1&org_id=one-more", Instant::now());
        let error = fixture.tokens.on_installation(query).await.unwrap_err();
        assert_eq!(asked.elapsed(), Duration::ZERO);
        assert!(
            error.to_string().contains("too many token requests"),
            "{error}"
        );
    });
}

#[test]
fn callbacks_of_one_organization_share_one_request_every_two_seconds() {
    paused(async {
        let fixture = Fixture::new(|builder| builder);
        fixture.cobo.always(Answer::Refused);
        let started = Instant::now();
        for round in 0..3 {
            let callbacks: Vec<_> = (0..1_000)
                .map(|_| send_callback(&fixture.tokens, "org", Duration::from_secs(60)))
                .collect();
            for callback in callbacks {
                callback.await.unwrap();
            }
            assert_eq!(fixture.cobo.requests(), ["get_token org"]);
            assert_eq!(started.elapsed(), round * Duration::from_secs(2));
        }
    });
}

#[test]
fn callback_of_a_disconnected_sender_is_answered() {
    paused(async {
        let fixture = Fixture::new(|builder| builder);
        let before = fixture.tokens.token("org").await.unwrap();
        fixture.cobo.requests();
        send_callback(&fixture.tokens, "org", Duration::ZERO)
            .await
            .unwrap();
        settle().await;
        assert_eq!(fixture.cobo.requests(), ["get_token org"]);
        let after = fixture.tokens.token("org").await.unwrap();
        assert!(after.generation() > before.generation());
    });
}

#[test]
fn forged_callbacks_on_a_slow_store_use_few_tasks_and_do_not_open_its_circuit() {
    paused(async {
        let fixture = Fixture::new(|builder| builder);
        fixture.store.set_latency(Duration::from_secs(4));
        for number in 0..10_000 {
            let forged = format!("forged-{number}");
            send_callback(&fixture.tokens, &forged, Duration::from_secs(9));
        }
        all_lookups_done().await;
        assert_eq!(fixture.tokens.0.shared.tasks.len(), 1_000);
        assert_eq!(fixture.store.max_concurrent_loads(), 8);

        // The first ones were not answered in time.
        tokio::time::sleep(Duration::from_millis(3_500)).await;
        fixture.store.set_latency(Duration::ZERO);
        let stored = TokenPair::new(1, "stored", BEGIN, BEGIN + 43_200_000);
        let kept = fixture.store.memory().save("org", &stored).await.unwrap();
        assert_eq!(kept, Saved::Kept);
        let token = fixture.tokens.token("org").await.unwrap();
        assert_eq!(token.secret().expose(), "stored");
    });
}

#[test]
fn queued_callback_in_backoff_releases_its_place() {
    paused(async {
        let fixture =
            Fixture::new(|builder| builder.unknown_installation_rate(Duration::from_millis(1), 1));
        let _ = install(&fixture.tokens, "first").await.unwrap();
        fixture.cobo.always(Answer::ResponseLost);
        let places = &fixture.tokens.0.shared.callbacks.unknown_places;
        let free = places.available_permits();
        let outcome = install(&fixture.tokens, "second").await.unwrap();
        assert!(!outcome.is_confirmed());
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(fixture.tokens.state("second").unwrap().queued);
        assert_eq!(places.available_permits(), free);
    });
}

#[test]
fn stored_token_is_served_while_cobo_cannot_answer_a_callback() {
    paused(async {
        for invalidated in [false, true] {
            let fixture = Fixture::new(|builder| builder);
            let stored = TokenPair::new(1, "stored", BEGIN, BEGIN + 43_200_000);
            let kept = fixture.store.memory().save("org", &stored).await.unwrap();
            assert_eq!(kept, Saved::Kept);
            fixture.cobo.always(Answer::Unreachable);
            if invalidated {
                fixture.store.set_fault(StoreFault::ReadOnly);
                fixture.tokens.invalidate("org").await.unwrap_err();
            }
            install(&fixture.tokens, "org").await.unwrap_err();
            let token = fixture.tokens.token("org").await;
            let token = token.ok().map(|token| token.secret().expose().to_owned());
            assert_eq!(token.as_deref(), (!invalidated).then_some("stored"));
            // The callback is not forgotten.
            fixture.store.set_fault(StoreFault::None);
            fixture.cobo.always(Answer::Ok);
            tokio::time::sleep(Duration::from_secs(60)).await;
            let _ = install(&fixture.tokens, "org").await.unwrap();
            let token = fixture.tokens.token("org").await.unwrap();
            assert_eq!(token.secret().expose(), "a1");
        }
    });
}

#[test]
fn pair_saved_without_a_lease_over_a_newer_generation_has_no_refresh_token() {
    paused(async {
        let fixture = Fixture::new(|builder| builder);
        fixture.cobo.set_latency(1_000);
        send_callback(&fixture.tokens, "org", Duration::ZERO)
            .await
            .unwrap();
        all_lookups_done().await;
        let theirs = TokenPair::new(BEGIN + 9_999_999, "theirs", BEGIN, BEGIN + 43_200_000)
            .with_refresh_token("r0", u64::MAX);
        let kept = fixture.store.memory().save("org", &theirs).await.unwrap();
        assert_eq!(kept, Saved::Kept);
        tokio::time::sleep(Duration::from_secs(2)).await;
        let stored = fixture.store.memory().load("org").await.unwrap().unwrap();
        assert_eq!(stored.access_token.expose(), "a1");
        assert!(stored.refresh_token.is_none());
    });
}

#[test]
fn watchers_are_notified_when_a_queued_callback_ends_with_its_runtime() {
    let mut kept = None;
    paused(async {
        let fixture =
            Fixture::new(|builder| builder.unknown_installation_rate(Duration::from_secs(60), 1));
        let _ = install(&fixture.tokens, "first").await.unwrap();
        let _ = install(&fixture.tokens, "org").await.unwrap();
        let mut watch = fixture.tokens.watch("org");
        assert!(watch.state().queued);
        kept = Some((fixture, watch));
    });
    paused(async {
        let (fixture, watch) = kept.as_mut().unwrap();
        let changed = tokio::time::timeout(Duration::from_secs(60), watch.changed());
        assert!(!changed.await.unwrap().unwrap().queued);
        // The next use of the organization obtains the token.
        fixture.tokens.token("org").await.unwrap();
    });
}
