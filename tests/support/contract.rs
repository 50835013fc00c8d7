//! Checks the contract of `TokenStore` on a real store.

use std::sync::Arc;
use std::time::Duration;

use cobo_auth::Environment;
use cobo_oauth::{Owner, Saved, TokenPair, TokenStore};

mod apps;

const TTL: Duration = Duration::from_secs(30);

/// Checks an empty store. Each call of `open` returns a new handle, as another process would have.
pub async fn token_store(open: impl Fn() -> Arc<dyn TokenStore>) {
    keeps_pairs(&open).await;
    keeps_the_newer_pair(&open).await;
    keeps_removed_pairs_away(&open).await;
    hands_a_refresh_token_out_once(&open).await;
    takes_a_refresh_token_back(&open).await;
    keeps_every_part_of_a_pair(&open).await;
    leases_to_one_at_a_time(&open).await;
    ends_a_lease_that_is_dropped(&open).await;
    serves_one_of_many_at_once(&open).await;
    keeps_organizations_apart(&open).await;
    takes_any_organization_id(&open).await;
    apps::refuses_the_pairs_of_another_app(&open).await;
    apps::gives_a_pair_without_an_owner_to_the_first_app(&open).await;
    apps::keeps_a_pair_while_response_keys_are_rotated(&open).await;
    apps::lists_the_organizations_of_an_app(&open).await;
}

/// An app in Cobo's development environment.
pub fn owner(client_id: &str) -> Owner {
    Owner::new(client_id, &Environment::development())
}

fn pair(generation: u64) -> TokenPair {
    TokenPair::new(
        generation,
        format!("access-{generation}"),
        1_000,
        44_200_000,
    )
    .with_refresh_token(format!("refresh-{generation}"), 2_592_000_000)
}

async fn loaded(store: &Arc<dyn TokenStore>, org_id: &str) -> Option<(u64, Option<String>)> {
    let pair = store.load(org_id).await.unwrap()?;
    assert_eq!(
        pair.access_token.expose(),
        format!("access-{}", pair.generation)
    );
    assert_eq!((pair.obtained_at, pair.expires_at), (1_000, 44_200_000));
    let refresh = pair.refresh_token.map(|token| token.expose().to_owned());
    Some((pair.generation, refresh))
}

fn whole(generation: u64) -> Option<(u64, Option<String>)> {
    Some((generation, Some(format!("refresh-{generation}"))))
}

fn spent(generation: u64) -> Option<(u64, Option<String>)> {
    Some((generation, None))
}

async fn keeps_pairs(open: &impl Fn() -> Arc<dyn TokenStore>) {
    let (one, other) = (open(), open());
    assert_eq!(loaded(&one, "kept").await, None);
    assert_eq!(one.save("kept", &pair(7)).await.unwrap(), Saved::Kept);
    assert_eq!(loaded(&one, "kept").await, whole(7));
    assert_eq!(loaded(&other, "kept").await, whole(7));
    other.remove("kept", &owner("app")).await.unwrap();
    other.remove("kept", &owner("app")).await.unwrap();
    assert_eq!(loaded(&one, "kept").await, None);
}

async fn keeps_the_newer_pair(open: &impl Fn() -> Arc<dyn TokenStore>) {
    let (one, other) = (open(), open());
    assert_eq!(one.save("newer", &pair(7)).await.unwrap(), Saved::Kept);
    let newer = Saved::Newer { generation: 7 };
    assert_eq!(other.save("newer", &pair(6)).await.unwrap(), newer);
    assert_eq!(other.save("newer", &pair(7)).await.unwrap(), newer);
    assert_eq!(loaded(&one, "newer").await, whole(7));
    assert_eq!(other.save("newer", &pair(8)).await.unwrap(), Saved::Kept);
    assert_eq!(loaded(&one, "newer").await, whole(8));
    let largest = u64::MAX;
    assert_eq!(
        one.save("newer", &pair(largest)).await.unwrap(),
        Saved::Kept
    );
    let saved = other.save("newer", &pair(largest - 1)).await.unwrap();
    assert_eq!(
        saved,
        Saved::Newer {
            generation: largest
        }
    );
}

async fn keeps_removed_pairs_away(open: &impl Fn() -> Arc<dyn TokenStore>) {
    let (one, other) = (open(), open());
    assert_eq!(one.save("away", &pair(7)).await.unwrap(), Saved::Kept);
    one.remove("away", &owner("app")).await.unwrap();
    let newer = Saved::Newer { generation: 7 };
    assert_eq!(other.save("away", &pair(6)).await.unwrap(), newer);
    assert_eq!(other.save("away", &pair(7)).await.unwrap(), newer);
    assert_eq!(loaded(&one, "away").await, None);
    let lease = one.lease("away", TTL).await.unwrap().unwrap();
    assert!(lease.spend(7).await.unwrap().is_none());
    lease.restore(7, "refresh-7".into()).await.unwrap();
    lease.release().await.unwrap();
    assert_eq!(loaded(&one, "away").await, None);
    assert_eq!(other.save("away", &pair(8)).await.unwrap(), Saved::Kept);
    assert_eq!(loaded(&one, "away").await, whole(8));
}

async fn hands_a_refresh_token_out_once(open: &impl Fn() -> Arc<dyn TokenStore>) {
    let (one, other) = (open(), open());
    let lease = one.lease("spent", TTL).await.unwrap().unwrap();
    assert!(lease.spend(7).await.unwrap().is_none(), "there is no pair");
    assert_eq!(one.save("spent", &pair(7)).await.unwrap(), Saved::Kept);
    assert!(
        lease.spend(6).await.unwrap().is_none(),
        "another generation"
    );
    assert!(
        lease.spend(8).await.unwrap().is_none(),
        "another generation"
    );
    let token = lease.spend(7).await.unwrap().unwrap();
    assert_eq!(token.expose(), "refresh-7");
    assert!(lease.spend(7).await.unwrap().is_none());
    assert_eq!(
        loaded(&other, "spent").await,
        spent(7),
        "the access token is still good"
    );
    lease.release().await.unwrap();

    let lease = other.lease("spent", TTL).await.unwrap().unwrap();
    assert!(lease.spend(7).await.unwrap().is_none());
    let newer = Saved::Newer { generation: 7 };
    assert_eq!(other.save("spent", &pair(7)).await.unwrap(), newer);
    assert_eq!(
        loaded(&one, "spent").await,
        spent(7),
        "a late writer does not bring it back"
    );
    assert_eq!(other.save("spent", &pair(8)).await.unwrap(), Saved::Kept);
    lease.release().await.unwrap();
    assert_eq!(loaded(&one, "spent").await, whole(8));
}

async fn takes_a_refresh_token_back(open: &impl Fn() -> Arc<dyn TokenStore>) {
    let (one, other) = (open(), open());
    assert_eq!(one.save("back", &pair(7)).await.unwrap(), Saved::Kept);
    let lease = one.lease("back", TTL).await.unwrap().unwrap();
    let token = lease.spend(7).await.unwrap().unwrap();
    lease.restore(6, "another".into()).await.unwrap();
    assert_eq!(loaded(&other, "back").await, spent(7));
    lease.restore(7, token.clone()).await.unwrap();
    assert_eq!(loaded(&other, "back").await, whole(7));
    assert_eq!(lease.spend(7).await.unwrap().unwrap().expose(), "refresh-7");
    assert_eq!(other.save("back", &pair(8)).await.unwrap(), Saved::Kept);
    lease.restore(7, token).await.unwrap();
    assert_eq!(
        loaded(&other, "back").await,
        whole(8),
        "the pair has been replaced"
    );
    other.remove("back", &owner("app")).await.unwrap();
    lease.restore(8, "another".into()).await.unwrap();
    assert_eq!(loaded(&other, "back").await, None);
    lease.release().await.unwrap();
}

async fn keeps_every_part_of_a_pair(open: &impl Fn() -> Arc<dyn TokenStore>) {
    let (one, other) = (open(), open());
    let odd = "\"\\ü\u{7f}\r\n{}\0";
    let pairs = [
        TokenPair::new(0, "access", 0, 0),
        TokenPair::new(1, "", 1_000, 2_000).with_refresh_token("", 3_000),
        TokenPair::new(2, odd, 1_000, 2_000).with_refresh_token(odd, 3_000),
        TokenPair::new(u64::MAX, "access", 1_000, u64::MAX).with_refresh_token("refresh", u64::MAX),
    ];
    for pair in &pairs {
        assert_eq!(one.save("parts", pair).await.unwrap(), Saved::Kept);
        assert_same(&other.load("parts").await.unwrap().unwrap(), pair);
    }
    // Spending removes only the refresh token; restoring it gives the same pair as before.
    let [.., last] = pairs;
    let lease = one.lease("parts", TTL).await.unwrap().unwrap();
    let token = lease.spend(u64::MAX).await.unwrap().unwrap();
    let mut left = last.clone();
    left.refresh_token = None;
    assert_same(&other.load("parts").await.unwrap().unwrap(), &left);
    lease.restore(u64::MAX, token).await.unwrap();
    lease.restore(u64::MAX, "another".into()).await.unwrap();
    assert_same(&other.load("parts").await.unwrap().unwrap(), &last);
    lease.release().await.unwrap();
}

fn assert_same(one: &TokenPair, other: &TokenPair) {
    let refresh = |pair: &TokenPair| {
        let token = pair.refresh_token.as_ref();
        token.map(|token| token.expose().to_owned())
    };
    assert_eq!(one.generation, other.generation);
    assert_eq!(one.access_token.expose(), other.access_token.expose());
    assert_eq!(one.obtained_at, other.obtained_at);
    assert_eq!(one.expires_at, other.expires_at);
    assert_eq!(refresh(one), refresh(other));
    assert_eq!(one.refresh_expires_at, other.refresh_expires_at);
    assert_eq!(one.owner, other.owner);
}

async fn leases_to_one_at_a_time(open: &impl Fn() -> Arc<dyn TokenStore>) {
    let (one, other) = (open(), open());
    let lease = one.lease("leased", TTL).await.unwrap().unwrap();
    assert!(other.lease("leased", TTL).await.unwrap().is_none());
    assert!(one.lease("leased", TTL).await.unwrap().is_none());
    let elsewhere = other.lease("leased elsewhere", TTL).await.unwrap().unwrap();
    lease.release().await.unwrap();
    let lease = other.lease("leased", TTL).await.unwrap().unwrap();
    assert!(one.lease("leased", TTL).await.unwrap().is_none());
    lease.release().await.unwrap();
    elsewhere.release().await.unwrap();
}

async fn ends_a_lease_that_is_dropped(open: &impl Fn() -> Arc<dyn TokenStore>) {
    let (one, other) = (open(), open());
    drop(one.lease("dropped", TTL).await.unwrap().unwrap());
    // A network store releases a dropped lease in the background, but long before its TTL ends.
    let taken = async {
        loop {
            if let Some(lease) = other.lease("dropped", TTL).await.unwrap() {
                return lease;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let lease = tokio::time::timeout(TTL / 3, taken).await.unwrap();
    lease.release().await.unwrap();
}

async fn serves_one_of_many_at_once(open: &impl Fn() -> Arc<dyn TokenStore>) {
    const MANY: usize = 16;
    let lease = |store: Arc<dyn TokenStore>| async move { store.lease("many", TTL).await.unwrap() };
    let leases = at_once((0..MANY).map(|_| lease(open()))).await;
    let mut leases: Vec<_> = leases.into_iter().flatten().collect();
    assert_eq!(leases.len(), 1);

    let save =
        |store: Arc<dyn TokenStore>| async move { store.save("many", &pair(7)).await.unwrap() };
    let saved = at_once((0..MANY).map(|_| save(open()))).await;
    let kept = saved.iter().filter(|saved| **saved == Saved::Kept).count();
    assert_eq!(kept, 1);

    let lease: Arc<dyn cobo_oauth::Lease> = leases.remove(0).into();
    let spend = |lease: Arc<dyn cobo_oauth::Lease>| async move { lease.spend(7).await.unwrap() };
    let tokens = at_once((0..MANY).map(|_| spend(lease.clone()))).await;
    assert_eq!(tokens.iter().flatten().count(), 1);
}

async fn at_once<T: Send + 'static>(
    calls: impl Iterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let mut results = Vec::new();
    for call in calls.map(tokio::spawn).collect::<Vec<_>>() {
        results.push(call.await.unwrap());
    }
    results
}

async fn keeps_organizations_apart(open: &impl Fn() -> Arc<dyn TokenStore>) {
    let store = open();
    for (org_id, generation) in [("a", 1), ("A", 2), ("a/../a", 3), ("a ", 4), ("{a}", 5)] {
        assert_eq!(
            store.save(org_id, &pair(generation)).await.unwrap(),
            Saved::Kept
        );
    }
    for (org_id, generation) in [("a", 1), ("A", 2), ("a/../a", 3), ("a ", 4), ("{a}", 5)] {
        assert_eq!(
            loaded(&store, org_id).await,
            whole(generation),
            "{org_id:?}"
        );
    }
    store.remove("a", &owner("app")).await.unwrap();
    assert_eq!(loaded(&store, "A").await, whole(2));
}

async fn takes_any_organization_id(open: &impl Fn() -> Arc<dyn TokenStore>) {
    let store = open();
    let long = "x".repeat(4_096);
    for org_id in [
        "",
        ".",
        "..",
        "/etc/passwd",
        "ü\0\n",
        "*",
        "lock",
        long.as_str(),
    ] {
        let lease = store.lease(org_id, TTL).await.unwrap().unwrap();
        assert_eq!(
            store.save(org_id, &pair(1)).await.unwrap(),
            Saved::Kept,
            "{org_id:?}"
        );
        assert_eq!(lease.spend(1).await.unwrap().unwrap().expose(), "refresh-1");
        lease.release().await.unwrap();
        assert_eq!(loaded(&store, org_id).await, spent(1));
    }
}
