//! How a token source divides its time between a refresh and `get_token`, and its work with other
//! processes.

use std::time::Duration;

use async_trait::async_trait;
use cobo_auth::{Clock, Secret, SystemClock};
use cobo_oauth::{
    Lease, MemoryStore, OAuthClient, Owner, Saved, StoreError, TokenPair, TokenSource, TokenStore,
};
use cobo_tests::canned::{self, Canned};
use cobo_tests::client;
use tokio::time::Instant;

const ORG: &str = "org";

fn issued(access_token: &str) -> Vec<u8> {
    let pair = format!(
        r#"{{"access_token":"{access_token}","refresh_token":"r-{access_token}","expires_in":3600}}"#
    );
    canned::signed("200 OK", &pair)
}

/// The methods of the requests so far: GET is `get_token`, POST a refresh.
fn methods(server: &Canned) -> Vec<String> {
    let method = |request: Vec<u8>| {
        let text = String::from_utf8(request).unwrap();
        text.split(' ').next().unwrap().to_owned()
    };
    server.received().into_iter().map(method).collect()
}

fn oauth(server: &Canned) -> OAuthClient {
    OAuthClient::new(client::builder(server.environment()).build().unwrap())
}

/// Time is paused, and advances when all tasks wait.
#[tokio::test]
async fn refresh_without_a_response_leaves_half_the_deadline_for_get_token() {
    let silence = Vec::new();
    let server = Canned::start([issued("a1"), silence, issued("a2")]).await;
    let tokens = TokenSource::builder(oauth(&server), "client");
    let tokens = tokens.deadline(Duration::from_secs(10)).build();
    let first = tokens.token(ORG).await.unwrap();
    cobo_auth::Credential::rejected(&tokens.credential(ORG), &first);

    tokio::time::pause();
    let begun = Instant::now();
    let second = tokens.token(ORG).await.unwrap();
    assert_eq!(second.secret().expose(), "a2");
    assert_eq!(begun.elapsed().as_secs(), 5);
    assert_eq!(methods(&server), ["GET", "POST", "GET"]);
}

/// A store in which another process refreshes just before this one gets the lease.
#[derive(Debug)]
struct Overtaken {
    store: MemoryStore,
    others: TokenPair,
}

#[async_trait]
impl TokenStore for Overtaken {
    async fn load(&self, org_id: &str) -> Result<Option<TokenPair>, StoreError> {
        self.store.load(org_id).await
    }

    async fn save(&self, org_id: &str, pair: &TokenPair) -> Result<Saved, StoreError> {
        self.store.save(org_id, pair).await
    }

    async fn remove(&self, org_id: &str, owner: &Owner) -> Result<(), StoreError> {
        self.store.remove(org_id, owner).await
    }

    async fn organizations(&self, owner: &Owner) -> Result<Vec<String>, StoreError> {
        self.store.organizations(owner).await
    }

    async fn lease(
        &self,
        org_id: &str,
        ttl: Duration,
    ) -> Result<Option<Box<dyn Lease>>, StoreError> {
        assert_eq!(self.store.save(org_id, &self.others).await?, Saved::Kept);
        self.store.lease(org_id, ttl).await
    }
}

#[tokio::test]
async fn pair_stored_just_before_the_lease_was_acquired_is_used_without_a_request() {
    let server = Canned::start([issued("a2")]).await;
    let now = SystemClock.unix_millis();
    let store = MemoryStore::new();
    let expired = TokenPair::new(1, "expired", 1, 2).with_refresh_token("r1", u64::MAX);
    assert_eq!(store.save(ORG, &expired).await.unwrap(), Saved::Kept);
    let others = TokenPair::new(2, Secret::new("others"), now, now + 3_600_000)
        .with_refresh_token("r2", u64::MAX);
    let tokens = TokenSource::builder(oauth(&server), "client");
    let tokens = tokens
        .store(Overtaken {
            store: store.clone(),
            others,
        })
        .build();

    let token = tokens.token(ORG).await.unwrap();
    assert_eq!(token.secret().expose(), "others");
    assert!(server.received().is_empty());
    let kept = store.load(ORG).await.unwrap().unwrap();
    assert_eq!(kept.refresh_token.unwrap().expose(), "r2");
}
