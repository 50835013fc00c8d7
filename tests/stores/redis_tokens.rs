//! Tokens in a Redis that loses acknowledged writes, as most configurations may.

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

/// A clock that is ahead by this many milliseconds.
#[derive(Debug, Clone, Default)]
struct Ahead(Arc<AtomicU64>);

impl Ahead {
    /// Advances the clock by a token's lifetime.
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

/// A process of the app, which only knows what it has observed itself.
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

/// The number of `get_token` requests, of refreshes, and of requests with a spent refresh token.
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

/// Waits until no lease is held, because the snapshot would include it.
async fn released(redis: &Redis) {
    while !redis.cli(&["KEYS", "*:lease"]).is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn spent_refresh_token_restored_by_redis_data_loss_leads_to_get_token() {
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

    // A process that spent the token does not send it again, although Redis has it again.
    redis.restart().await;
    clock.later();
    call(&one).await;
    assert_eq!(asked(&sandbox), (2, 1, 0));

    // Another process cannot know this. Cobo refuses the token, and `get_token` follows.
    redis.restart().await;
    let (_tokens, other) = process(&sandbox, &redis, &clock);
    call(&other).await;
    assert_eq!(asked(&sandbox), (3, 2, 1));

    // Afterwards everything works normally.
    clock.later();
    call(&other).await;
    assert_eq!(asked(&sandbox), (3, 3, 1));
}

/// The store's own timeout ends before the source's, and the source still pauses its use of the
/// store.
#[tokio::test]
async fn unresponsive_redis_is_not_queried_for_every_organization() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap(); // accepts connections, but never responds
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
