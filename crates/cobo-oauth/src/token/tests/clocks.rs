//! Tests of hosts that share a store and whose clocks differ. Cobo's time decides when a token has
//! expired.

use std::time::Duration;

use cobo_auth::Clock as _;

use super::cobo::FakeCobo;
use super::fixtures::{Life, TestClock, owner, paused};
use super::store::TestStore;
use crate::token::builder::TokenSourceBuilder;
use crate::token::source::TokenSource;

const ORG: &str = "org";
const HOUR: i64 = 60 * 60 * 1_000;
/// The lifetime of access tokens, in seconds.
const LIFE: u64 = 43_200;

struct Fixture {
    /// Cobo's clock, which shows the true time.
    clock: TestClock,
    cobo: FakeCobo,
    store: TestStore,
    hosts: u64,
}

impl Fixture {
    fn new() -> Self {
        let clock = TestClock::new();
        let cobo = FakeCobo::new(LIFE, &clock);
        cobo.report_time();
        Self {
            clock,
            cobo,
            store: TestStore::new(),
            hosts: 0,
        }
    }

    /// A host whose clock is ahead by this many milliseconds, and that has called Cobo before.
    async fn host(&mut self, ahead_by_millis: i64) -> TokenSource {
        self.hosts += 1;
        let life = Life::new(self.hosts);
        let mut builder = TokenSourceBuilder::with_issuer(self.cobo.of(&life), owner())
            .store(self.store.of(&life))
            .clock(self.clock.ahead_by(ahead_by_millis));
        builder.jitter = Box::new(|| 0.5);
        let host = builder.build();
        host.token(&format!("of-host-{}", self.hosts))
            .await
            .unwrap();
        host
    }

    fn has_expired(&self, token: &cobo_auth::AccessToken) -> bool {
        let (end, _) = self.cobo.expiry_of(token.secret().expose()).unwrap();
        end.wall <= self.clock.unix_millis()
    }
}

#[test]
fn hosts_with_different_clocks_never_serve_an_expired_token() {
    let offsets = [
        0,
        HOUR / 120,
        -HOUR / 120,
        2 * HOUR,
        -2 * HOUR,
        13 * HOUR,
        -13 * HOUR,
    ];
    for one in offsets {
        for other in offsets {
            paused(async {
                let mut fixture = Fixture::new();
                let hosts = [fixture.host(one).await, fixture.host(other).await];
                fixture.cobo.requests();
                for step in 0..200_usize {
                    // Irregular, so that each host also finds pairs that the other stored long ago.
                    let host = &hosts[usize::from(step % 7 < 3)];
                    let token = host.token(ORG).await.unwrap();
                    assert!(
                        !fixture.has_expired(&token),
                        "step {step}, clocks ahead by {one} and {other} ms"
                    );
                    tokio::time::sleep(Duration::from_secs(33 * 60)).await;
                }
                // 110 hours are about ten lifetimes. The hosts must not keep requesting new tokens.
                let requests = fixture.cobo.requests().len();
                assert!(requests <= 30, "{requests} requests, {one} {other}");
            });
        }
    }
}

#[test]
fn host_whose_clock_is_behind_serves_no_token_that_expired_by_cobos_time() {
    paused(async {
        let mut fixture = Fixture::new();
        let (right, behind) = (fixture.host(0).await, fixture.host(-HOUR).await);
        right.token(ORG).await.unwrap();
        tokio::time::sleep(Duration::from_secs(2 * 60 * 60)).await;
        let token = behind.token(ORG).await.unwrap();
        assert_eq!(token.secret().expose(), "a3");
        tokio::time::sleep(Duration::from_secs(LIFE - 2 * 60 * 60)).await;
        let token = behind.token(ORG).await.unwrap();
        assert_eq!(token.secret().expose(), "a4");
    });
}

#[test]
fn host_whose_clock_is_ahead_stores_the_expiry_by_cobos_time() {
    paused(async {
        let mut fixture = Fixture::new();
        let (ahead, right) = (fixture.host(HOUR).await, fixture.host(0).await);
        ahead.token(ORG).await.unwrap();
        tokio::time::sleep(Duration::from_secs(2 * 60 * 60)).await;
        let token = right.token(ORG).await.unwrap();
        assert_eq!(token.secret().expose(), "a3");
        tokio::time::sleep(Duration::from_secs(LIFE - 2 * 60 * 60)).await;
        let token = right.token(ORG).await.unwrap();
        assert_eq!(token.secret().expose(), "a4");
    });
}

#[test]
fn host_whose_clock_is_days_behind_uses_its_token() {
    paused(async {
        let mut fixture = Fixture::new();
        let behind = fixture.host(-100 * HOUR).await;
        for _ in 0..3 {
            let token = behind.token(ORG).await.unwrap();
            assert!(!fixture.has_expired(&token));
            tokio::time::sleep(Duration::from_secs(60 * 60)).await;
        }
        assert_eq!(
            fixture.cobo.requests(),
            ["get_token of-host-1", "get_token org"]
        );
    });
}

#[test]
fn host_whose_clock_is_behind_uses_the_token_that_another_stored() {
    paused(async {
        let mut fixture = Fixture::new();
        let (right, behind) = (fixture.host(0).await, fixture.host(-2 * HOUR).await);
        let theirs = right.token(ORG).await.unwrap();
        fixture.cobo.requests();
        let token = behind.token(ORG).await.unwrap();
        assert_eq!(token.secret().expose(), theirs.secret().expose());
        assert_eq!(fixture.cobo.requests(), [""; 0]);
    });
}
