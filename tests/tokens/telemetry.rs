//! What telemetry shows while tokens are kept fresh: their state and counters, but no secret.

use std::time::Duration;

use cobo_auth::{Credential as _, RetryPolicy};
use cobo_oauth::{MemoryStore, TokenPair, TokenStore};
use cobo_sandbox::{DEMO_ORG_ID, Sandbox};
use cobo_tests::canned::{self, Canned};
use cobo_tests::client;
use cobo_tests::failing::Failing;
use http::Method;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};

#[tokio::test]
async fn watcher_receives_the_token_state_until_the_source_is_dropped() {
    let sandbox = Sandbox::start().await.unwrap();
    let tokens = client::tokens(&sandbox);
    assert!(tokens.state(DEMO_ORG_ID).is_none());
    let mut watch = tokens.watch(DEMO_ORG_ID);
    assert!(!watch.state().valid);
    let seen = tokio::spawn(async move {
        let mut states = Vec::new();
        while let Some(state) = watch.changed().await {
            states.push(state.clone());
            if state.valid {
                break;
            }
        }
        states
    });
    tokio::task::yield_now().await;
    let token = tokens.token(DEMO_ORG_ID).await.unwrap();
    let states = seen.await.unwrap();
    let last = states.last().unwrap();
    assert!(last.is_fresh() && !last.unsaved);
    assert_eq!(last.generation, Some(token.generation()));
    let life = last.expires_at.unwrap().abs_diff(sandbox.now_ms());
    assert!(life > 11 * 60 * 60 * 1_000, "{life} ms");

    let mut watch = tokens.watch(DEMO_ORG_ID);
    watch.state();
    let end = tokio::spawn(async move { watch.changed().await.is_none() });
    drop(tokens);
    assert!(end.await.unwrap(), "a watch ends with its source");
}

#[test]
fn token_events_are_counted_in_metrics() {
    let recorder = DebuggingRecorder::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    metrics::with_local_recorder(&recorder, || {
        runtime.block_on(async {
            let sandbox = Sandbox::start().await.unwrap();
            let tokens = client::tokens(&sandbox);
            let token = tokens.token(DEMO_ORG_ID).await.unwrap();
            tokens.credential(DEMO_ORG_ID).rejected(&token);
            tokens.token(DEMO_ORG_ID).await.unwrap();
            tokens.token("nobody").await.unwrap_err();
            let unstored = client::tokens_in(&sandbox, Failing::Down);
            unstored.forget(DEMO_ORG_ID).await.unwrap_err();
        });
    });
    let counts = recorded(&recorder, "cobo_token");
    let expected = [
        "cobo_token_failures_total [\"get_token\"]",
        "cobo_token_store_failures_total []",
        "cobo_tokens_obtained_total [\"get_token\"]",
        "cobo_tokens_obtained_total [\"refresh_token\"]",
        "cobo_tokens_rejected_total []",
    ];
    assert_eq!(
        counts,
        expected.map(|name| (name.to_owned(), DebugValue::Counter(1)))
    );
}

/// The values recorded under names with this prefix, with the values of their labels.
fn recorded(recorder: &DebuggingRecorder, prefix: &str) -> Vec<(String, DebugValue)> {
    let snapshot = recorder.snapshotter().snapshot().into_vec();
    let mut recorded: Vec<_> = snapshot
        .into_iter()
        .map(|(key, _, _, value)| {
            let key = key.key();
            let labels: Vec<_> = key.labels().map(|label| label.value()).collect();
            (format!("{} {labels:?}", key.name()), value)
        })
        .filter(|(name, _)| name.starts_with(prefix))
        .collect();
    recorded.sort_by(|one, other| one.0.cmp(&other.0));
    recorded
}

#[test]
fn calls_and_attempts_are_counted_and_calls_are_timed() {
    let recorder = DebuggingRecorder::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    metrics::with_local_recorder(&recorder, || {
        runtime.block_on(async {
            let unavailable = canned::plain("503 Service Unavailable", "", "");
            let token = r#"{"access_token":"a","token_type":"Bearer","expires_in":1}"#;
            let ok = canned::signed("200 OK", token);
            let server = Canned::start([unavailable, ok]).await;
            let retry = RetryPolicy::standard().base_delay(Duration::ZERO);
            let client = client::builder(server.environment()).retry(retry);
            let client = client.build().unwrap();
            let oauth = cobo_oauth::OAuthClient::new(client.clone());
            let call = oauth.get_token().client_id("c").org_id("o");
            call.grant_type("org_implicit").send().await.unwrap();
            client
                .request(Method::GET, "/wallets/7")
                .send()
                .await
                .unwrap();
            let refused = client.request(Method::CONNECT, "/wallets/7").send().await;
            refused.unwrap_err();
        });
    });
    let recorded = recorded(&recorder, "cobo_call");
    let (timed, counted): (Vec<_>, Vec<_>) = recorded
        .into_iter()
        .partition(|(_, value)| matches!(value, DebugValue::Histogram(_)));
    let expected = [
        "cobo_call_attempts_total [\"get_token\", \"success\"]",
        "cobo_call_attempts_total [\"get_token\", \"unexpected\"]",
        "cobo_call_attempts_total [\"raw\", \"success\"]",
        "cobo_calls_total [\"get_token\", \"success\"]",
        "cobo_calls_total [\"raw\", \"invalid_request\"]",
        "cobo_calls_total [\"raw\", \"success\"]",
    ];
    assert_eq!(
        counted,
        expected.map(|name| (name.to_owned(), DebugValue::Counter(1)))
    );
    let names: Vec<_> = timed.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "cobo_call_duration_seconds [\"get_token\", \"success\"]",
        "cobo_call_duration_seconds [\"raw\", \"invalid_request\"]",
        "cobo_call_duration_seconds [\"raw\", \"success\"]",
    ];
    assert_eq!(names, expected);
    for (name, value) in &timed {
        let DebugValue::Histogram(times) = value else {
            panic!("{name}");
        };
        assert!(times.len() == 1 && times[0].into_inner() < 60.0, "{name}");
    }
}

#[tokio::test]
async fn debug_output_and_errors_of_a_token_source_contain_no_secret() {
    let sandbox = Sandbox::start().await.unwrap();
    let store = MemoryStore::new();
    let tokens = client::tokens_in(&sandbox, store.clone());
    let token = tokens.token(DEMO_ORG_ID).await.unwrap();
    let pair = store.load(DEMO_ORG_ID).await.unwrap().unwrap();
    let secrets = [
        token.secret().expose(),
        pair.refresh_token.as_ref().unwrap().expose(),
    ];
    let lease = store
        .lease("another", Duration::from_secs(1))
        .await
        .unwrap();
    sandbox.remove(DEMO_ORG_ID);
    tokens.invalidate(DEMO_ORG_ID).await.unwrap();
    let error = tokens.token(DEMO_ORG_ID).await.unwrap_err();
    let shown = [
        format!("{tokens:?}"),
        format!("{:?}", tokens.credential(DEMO_ORG_ID)),
        format!("{:?}", tokens.state(DEMO_ORG_ID)),
        format!("{:?}", tokens.watch(DEMO_ORG_ID)),
        format!("{token:?} {pair:?} {store:?} {lease:?}"),
        format!("{error:?} {error}"),
    ];
    for text in shown {
        assert!(
            !secrets.iter().any(|secret| text.contains(secret)),
            "{text}"
        );
    }
    assert_eq!(
        format!(
            "{:?}",
            TokenPair::new(1, "hunter2", 0, 1).with_refresh_token("hunter2", 2)
        ),
        "TokenPair { generation: 1, access_token: Secret(REDACTED), obtained_at: 0, expires_at: 1, \
         refresh_token: Some(Secret(REDACTED)), refresh_expires_at: Some(2), \
         owner: None }"
    );
}
