//! Tokens that rest in a Redis which loses what it has acknowledged, as most of them may.

#![allow(clippy::unwrap_used)] // in a test a panic is the report

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cobo_auth::{Clock, SystemClock};
use cobo_oauth::{RedisStore, TokenSource};
use cobo_sandbox::{DEMO_ORG_ID, Sandbox};
use cobo_tests::client;
use cobo_tests::redis::{self, Redis};
use http::Method;

/// A clock that so many milliseconds have been added to.
#[derive(Debug, Clone, Default)]
struct Ahead(Arc<AtomicU64>);

impl Ahead {
    /// A token's life later.
    fn later(&self) {
        let half_a_day_and_more = 13 * 60 * 60 * 1_000;
        self.0.fetch_add(half_a_day_and_more, Ordering::Relaxed);
    }
}

impl Clock for Ahead {
    fn unix_millis(&self) -> u64 {
        SystemClock.unix_millis() + self.0.load(Ordering::Relaxed)
    }
}

/// A process of the app: it knows what it has seen itself.
fn process(sandbox: &Sandbox, redis: &Redis, clock: &Ahead) -> (TokenSource, cobo_auth::Client) {
    let store = RedisStore::connect(&redis.url()).unwrap();
    let tokens = TokenSource::builder(client::oauth(sandbox), sandbox.client_id());
    let tokens = tokens.store(store).clock(clock.clone()).build();
    let client = client::auth(sandbox).with_credential(tokens.credential(DEMO_ORG_ID));
    (tokens, client)
}

async fn call(client: &cobo_auth::Client) {
    let call = client.request(Method::GET, "/organizations/info").send();
    call.await.unwrap();
}

/// How often it was asked for a token by `get_token`, for a refresh, and with a refresh token that
/// was spent.
fn asked(sandbox: &Sandbox) -> (usize, usize, u64) {
    let received = sandbox.received();
    let count = |method: Method| {
        let asked = received
            .iter()
            .filter(|request| request.path() == "/v2/oauth/token" && request.method == method);
        asked.count()
    };
    let replayed = sandbox.replayed_refresh_tokens();
    (count(Method::GET), count(Method::POST), replayed)
}

/// Waits until nobody has a lease: the snapshot would have it, too.
async fn released(redis: &Redis) {
    while !redis.cli(&["KEYS", "*:lease"]).is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_refresh_token_that_comes_back_after_it_was_spent_is_noticed_by_nobody() {
    if !redis::is_there() {
        return;
    }
    let sandbox = Sandbox::start().await.unwrap();
    let mut redis = Redis::start().await;
    let clock = Ahead::default();
    let (_tokens, one) = process(&sandbox, &redis, &clock);
    call(&one).await;
    released(&redis).await;
    assert_eq!(redis.cli(&["SAVE"]), "OK");
    clock.later();
    call(&one).await;
    assert_eq!(asked(&sandbox), (1, 1, 0));

    // A process that has seen it spent does not present it, though Redis has it again.
    redis.restart().await;
    clock.later();
    call(&one).await;
    assert_eq!(asked(&sandbox), (2, 1, 0));

    // Another cannot know. Cobo refuses it, and `get_token` is next.
    redis.restart().await;
    let (_tokens, other) = process(&sandbox, &redis, &clock);
    call(&other).await;
    assert_eq!(asked(&sandbox), (3, 2, 1));

    // From then on all is as it was.
    clock.later();
    call(&other).await;
    assert_eq!(asked(&sandbox), (3, 3, 1));
}

/// The store's own timeout comes before the source's. The source rests all the same.
#[tokio::test]
async fn redis_that_hangs_is_not_asked_for_every_organization() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap(); // accepts, and says nothing
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let sandbox = Sandbox::start().await.unwrap();
    let tokens = client::tokens_in(&sandbox, RedisStore::connect(&url).unwrap());
    const ORGANIZATIONS: usize = 5;
    for number in 0..ORGANIZATIONS {
        let org_id = format!("organization-{number}");
        sandbox.install(&org_id);
        tokens.token(&org_id).await.unwrap();
    }
    listener.set_nonblocking(true).unwrap();
    let connections = std::iter::from_fn(|| listener.accept().ok()).count();
    assert!((1..ORGANIZATIONS).contains(&connections), "{connections}");
}
