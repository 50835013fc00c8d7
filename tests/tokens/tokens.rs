//! Tokens that stay fresh against a real server, as an app sees them.

use std::error::Error as _;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use cobo_auth::{Credential as _, ErrorKind};
use cobo_oauth::{MemoryStore, TokenError, TokenErrorKind, TokenSource, TokenStore};
use cobo_sandbox::{AppKey, DEMO_ORG_ID, Sandbox};
use cobo_tests::canned::{self, Canned};
use cobo_tests::client;
use cobo_tests::failing::Failing;
use http::Method;

/// A sandbox, a source, and a client that acts for the demo organization.
async fn installed() -> (Sandbox, TokenSource, cobo_auth::Client) {
    let sandbox = Sandbox::start().await.unwrap();
    let tokens = client::tokens(&sandbox);
    let client = client::auth(&sandbox).with_credential(tokens.credential(DEMO_ORG_ID));
    (sandbox, tokens, client)
}

/// The number of `get_token` requests and of refreshes that the token endpoint received.
fn asked(sandbox: &Sandbox) -> (usize, usize) {
    let received = sandbox.received();
    let count = |method: &str| {
        let asked = |request: &&cobo_sandbox::ReceivedRequest| {
            request.path() == "/v2/oauth/token" && request.method == method
        };
        received.iter().filter(asked).count()
    };
    (count("GET"), count("POST"))
}

/// The organization that the API identifies the caller as.
async fn whoami(client: &cobo_auth::Client) -> Result<String, cobo_auth::Error> {
    let response = client.request(Method::GET, "/organizations/info").send();
    let organization: serde_json::Value = response.await?.json()?;
    Ok(organization["org_id"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn repeated_calls_for_one_organization_use_one_token() {
    let (sandbox, _tokens, client) = installed().await;
    assert_eq!(whoami(&client).await.unwrap(), DEMO_ORG_ID);
    assert_eq!(whoami(&client).await.unwrap(), DEMO_ORG_ID);
    assert_eq!(asked(&sandbox), (1, 0));
}

#[tokio::test]
async fn each_organization_has_its_own_token() {
    let sandbox = Sandbox::start().await.unwrap();
    let tokens = client::tokens(&sandbox);
    let auth = client::auth(&sandbox);
    for number in 0..20 {
        sandbox.install(&format!("org-{number}"));
    }
    for number in (0..20).chain(0..20) {
        let org_id = format!("org-{number}");
        let client = auth.with_credential(tokens.credential(&org_id));
        assert_eq!(whoami(&client).await.unwrap(), org_id);
    }
    assert_eq!(asked(&sandbox), (20, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_concurrent_callers_cause_one_token_request() {
    let sandbox = Sandbox::start().await.unwrap();
    let tokens = client::tokens(&sandbox);
    let call = |_| {
        let tokens = tokens.clone();
        tokio::spawn(async move { tokens.token(DEMO_ORG_ID).await.unwrap().generation() })
    };
    let mut generations = Vec::new();
    for call in (0..10_000).map(call).collect::<Vec<_>>() {
        generations.push(call.await.unwrap());
    }
    generations.dedup();
    assert_eq!(generations.len(), 1);
    assert_eq!(asked(&sandbox), (1, 0));
}

#[tokio::test]
async fn token_rejected_as_expired_is_replaced_within_the_call() {
    let (sandbox, _tokens, client) = installed().await;
    whoami(&client).await.unwrap();
    sandbox.expire_access_tokens(DEMO_ORG_ID);
    assert_eq!(whoami(&client).await.unwrap(), DEMO_ORG_ID);
    assert_eq!(asked(&sandbox), (1, 1));
}

#[tokio::test]
async fn expired_refresh_token_leads_to_get_token() {
    let (sandbox, _tokens, client) = installed().await;
    whoami(&client).await.unwrap();
    sandbox.expire_access_tokens(DEMO_ORG_ID);
    sandbox.expire_refresh_tokens(DEMO_ORG_ID);
    assert_eq!(whoami(&client).await.unwrap(), DEMO_ORG_ID);
    assert_eq!(asked(&sandbox), (2, 1));
}

#[tokio::test]
async fn removed_app_gets_a_not_installed_error_until_it_is_installed_again() {
    let (sandbox, tokens, client) = installed().await;
    whoami(&client).await.unwrap();
    sandbox.remove(DEMO_ORG_ID);
    let error = whoami(&client).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credential);
    let why = TokenError::of(&error).unwrap();
    assert!(why.is_not_installed() && !why.is_retryable());
    assert_eq!(why.org_id(), DEMO_ORG_ID);
    let text = why.to_string();
    assert!(text.contains("has to be installed again"), "{text}");
    assert!(text.contains(DEMO_ORG_ID), "{text}");

    // Further requests get the same error, and nothing is sent to Cobo.
    sandbox.clear_received();
    for _ in 0..100 {
        tokens.token(DEMO_ORG_ID).await.unwrap_err();
    }
    assert_eq!(asked(&sandbox), (0, 0));

    // The organization installs the app again, and Cobo sends a callback.
    sandbox.install(DEMO_ORG_ID);
    let query = format!("approval_result=1&org_id={DEMO_ORG_ID}");
    assert!(tokens.on_installation(&query).await.unwrap().is_confirmed());
    assert_eq!(whoami(&client).await.unwrap(), DEMO_ORG_ID);
}

#[tokio::test]
async fn unregistered_app_key_is_reported_as_an_authentication_error() {
    let sandbox = Sandbox::start().await.unwrap();
    for key in sandbox.app_keys() {
        sandbox.remove_app_key(&AppKey::from_hex(&key).unwrap());
    }
    let error = client::tokens(&sandbox)
        .token(DEMO_ORG_ID)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), TokenErrorKind::Unauthenticated);
    assert!(error.to_string().contains("check the app's key"), "{error}");
}

#[tokio::test]
async fn unreachable_server_gives_a_retryable_error() {
    let sandbox = Sandbox::start().await.unwrap();
    let oauth = client::oauth(&sandbox);
    let tokens = TokenSource::new(oauth, sandbox.client_id());
    sandbox.shutdown().await;
    let error = tokens.token(DEMO_ORG_ID).await.unwrap_err();
    assert_eq!(error.kind(), TokenErrorKind::Unavailable);
    assert!(error.is_retryable());
    let why = error.source().unwrap().downcast_ref::<cobo_auth::Error>();
    assert!(why.unwrap().is_connect(), "{error:?}");
}

#[tokio::test]
async fn invalid_organization_id_is_rejected_before_sending() {
    let sandbox = Sandbox::start().await.unwrap();
    let tokens = client::tokens(&sandbox);
    for org_id in ["", "a b", "ü", &"x".repeat(257)] {
        let error = tokens.token(org_id).await.unwrap_err();
        assert_eq!(error.kind(), TokenErrorKind::InvalidOrganization);
        assert!(error.to_string().len() < 400);
    }
    assert_eq!(asked(&sandbox), (0, 0));
}

#[test]
fn token_source_can_be_built_without_a_runtime() {
    let runtime = || tokio::runtime::Runtime::new().unwrap();
    let serving = runtime();
    let sandbox = serving.block_on(Sandbox::start()).unwrap();
    let tokens = client::tokens(&sandbox);
    let credential = tokens.credential(DEMO_ORG_ID);
    assert!(credential.current().is_none());
    let first = runtime().block_on(tokens.token(DEMO_ORG_ID)).unwrap();
    // That runtime has ended, but the token is still valid and another runtime can use it.
    assert_eq!(
        credential.current().unwrap().generation(),
        first.generation()
    );
    credential.rejected(&first);
    let second = runtime().block_on(tokens.token(DEMO_ORG_ID)).unwrap();
    assert!(second.generation() > first.generation());
}

#[tokio::test]
async fn token_source_works_with_a_client_that_has_a_token_credential() {
    let sandbox = Sandbox::start().await.unwrap();
    let auth =
        client::auth(&sandbox).with_credential(client::tokens(&sandbox).credential("nobody"));
    let tokens = TokenSource::new(cobo_oauth::OAuthClient::new(auth), sandbox.client_id());
    tokens.token(DEMO_ORG_ID).await.unwrap();
}

#[tokio::test]
async fn processes_with_a_shared_store_share_tokens() {
    let sandbox = Sandbox::start().await.unwrap();
    let store = MemoryStore::new();
    let process = || client::tokens_in(&sandbox, store.clone());
    let (one, other) = (process(), process());
    let first = one.token(DEMO_ORG_ID).await.unwrap();
    let same = other.token(DEMO_ORG_ID).await.unwrap();
    assert_eq!(first.generation(), same.generation());
    assert_eq!(asked(&sandbox), (1, 0));

    // One process replaces the token. The other, rejected as well, uses the one that the first
    // stored.
    sandbox.expire_access_tokens(DEMO_ORG_ID);
    let auth = client::auth(&sandbox);
    for tokens in [&one, &other] {
        let client = auth.with_credential(tokens.credential(DEMO_ORG_ID));
        assert_eq!(whoami(&client).await.unwrap(), DEMO_ORG_ID);
    }
    assert_eq!(asked(&sandbox), (1, 1));
}

#[tokio::test]
async fn failing_custom_store_does_not_prevent_obtaining_a_token() {
    let sandbox = Sandbox::start().await.unwrap();
    let tokens = TokenSource::builder(client::oauth(&sandbox), sandbox.client_id())
        .store(Failing::Hangs)
        .store_timeout(Duration::from_millis(50))
        .build();
    tokens.token(DEMO_ORG_ID).await.unwrap();
    assert!(tokens.state(DEMO_ORG_ID).unwrap().unsaved);
    let error = tokens.forget(DEMO_ORG_ID).await.unwrap_err();
    assert!(error.to_string().contains("got no answer"), "{error}");
    tokens.shutdown().await;
}

#[tokio::test]
async fn no_token_request_is_sent_after_shutdown() {
    let sandbox = Sandbox::start().await.unwrap();
    let tokens = client::tokens(&sandbox);
    let credential = tokens.credential(DEMO_ORG_ID);
    tokens.token(DEMO_ORG_ID).await.unwrap();
    tokens.shutdown().await;
    assert!(
        credential.current().is_some(),
        "what is valid is still served"
    );
    let error = tokens.token("another").await.unwrap_err();
    assert_eq!(error.kind(), TokenErrorKind::ShutDown);
    assert_eq!(asked(&sandbox), (1, 0));
}

#[tokio::test]
async fn refresh_continues_after_its_caller_is_dropped() {
    let sandbox = Sandbox::start().await.unwrap();
    let store = MemoryStore::new();
    let tokens = client::tokens_in(&sandbox, store.clone());
    let token = tokens.token(DEMO_ORG_ID).await.unwrap();
    tokens.credential(DEMO_ORG_ID).rejected(&token);
    let mut watch = tokens.watch(DEMO_ORG_ID);
    {
        // Polled once, which starts it, and then dropped.
        let mut call = pin!(tokens.token(DEMO_ORG_ID));
        poll_fn(|context| {
            assert!(call.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
    }
    while !watch.changed().await.unwrap().valid {}
    let stored = store.load(DEMO_ORG_ID).await.unwrap().unwrap();
    assert!(stored.generation > token.generation() && stored.refresh_token.is_some());
    assert_eq!(asked(&sandbox), (1, 1));
}

/// How failures of `get_token` are classified, since apps act on the kind.
#[tokio::test]
async fn get_token_failures_have_the_expected_error_kind() {
    let signed = canned::signed;
    let plain = canned::plain;
    let json = "content-type: application/json\r\n";
    let oauth = |name: &str| format!(r#"{{"error":"{name}","error_description":"x"}}"#);
    let code = |code: u32| format!(r#"{{"error_code":{code},"error_message":"x","error_id":"x"}}"#);
    let token = r#"{"access_token":"a","token_type":"Bearer","expires_in":3600}"#;
    use TokenErrorKind::{AppRefused, NotInstalled, Unauthenticated, Unavailable};
    for (name, answer, kind) in [
        (
            "grant",
            signed("400 Bad Request", &oauth("invalid_grant")),
            NotInstalled,
        ),
        (
            "denied",
            signed("403 Forbidden", &oauth("access_denied")),
            NotInstalled,
        ),
        (
            "client",
            signed("401 Unauthorized", &oauth("invalid_client")),
            AppRefused,
        ),
        (
            "slow down",
            signed("400 Bad Request", &oauth("slow_down")),
            Unavailable,
        ),
        (
            "key",
            signed("401 Unauthorized", &code(2024)),
            Unauthenticated,
        ),
        (
            "key, says an unknown server",
            plain("401 Unauthorized", json, &code(2024)),
            Unauthenticated,
        ),
        (
            "parameter",
            signed("400 Bad Request", &code(2006)),
            AppRefused,
        ),
        ("endpoint", signed("404 Not Found", &code(2021)), AppRefused),
        (
            "internal",
            signed("500 Internal Server Error", &code(1000)),
            Unavailable,
        ),
        (
            "too many",
            signed("429 Too Many Requests", &code(2026)),
            Unavailable,
        ),
        (
            "gateway",
            plain("502 Bad Gateway", "", "<html>"),
            Unavailable,
        ),
        (
            "forbidden by a gateway",
            plain("403 Forbidden", "", "<html>"),
            Unavailable,
        ),
        ("unsigned", plain("200 OK", json, token), Unavailable),
        (
            "redirect",
            plain("302 Found", "location: http://127.0.0.1:1/\r\n", ""),
            Unavailable,
        ),
        ("not JSON", signed("200 OK", "{"), Unavailable),
    ] {
        let server = Canned::start([answer]).await;
        let client = client::builder(server.environment()).build().unwrap();
        let tokens = TokenSource::new(cobo_oauth::OAuthClient::new(client), "client");
        let error = tokens.token("org").await.unwrap_err();
        assert_eq!(error.kind(), kind, "{name}: {error}");
        let error = cobo_auth::Error::from(error);
        let passes = matches!(kind, Unavailable | Unauthenticated);
        assert_eq!(error.is_retryable(), passes, "{name}");
        assert!(error.to_string().contains("\"org\""), "{error}");
    }
}
