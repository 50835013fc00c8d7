//! What every token store promises, checked on a real one.

use std::sync::Arc;
use std::time::Duration;

use cobo_auth::{Environment, ResponseKeys};
use cobo_oauth::{Owner, Saved, StoreErrorKind, TokenPair, TokenStore};

const TTL: Duration = Duration::from_secs(30);

/// Checks a store that is empty. `open` gives a handle on it, as another process would have.
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
    refuses_the_pairs_of_another_app(&open).await;
    gives_a_pair_without_an_owner_to_the_first_app(&open).await;
    keeps_a_pair_while_response_keys_are_rotated(&open).await;
    lists_the_organizations_of_an_app(&open).await;
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
    // What is left of a pair that is being refreshed, and what comes back, is the rest of it.
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
    // A store that has to be told over a network is told after that, though long before the end.
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

fn owned(generation: u64, owner: &Owner) -> TokenPair {
    pair(generation).with_owner(owner.clone())
}

/// Whatever another app does with its own client id or in its own environment, the pair stays.
async fn refuses_the_pairs_of_another_app(open: &impl Fn() -> Arc<dyn TokenStore>) {
    let (one, other) = (open(), open());
    let ours = owner("app \"one\" ü");
    let others = [
        Some(owner("app two")),
        Some(Owner::new(ours.client_id(), &Environment::production())),
        None,
    ];
    assert_eq!(
        one.save("owned", &owned(7, &ours)).await.unwrap(),
        Saved::Kept
    );
    for theirs in others {
        let mut pair = pair(8);
        pair.owner.clone_from(&theirs);
        let mut errors = vec![other.save("owned", &pair).await.unwrap_err()];
        pair.generation = 6;
        errors.push(other.save("owned", &pair).await.unwrap_err());
        if let Some(theirs) = &theirs {
            errors.push(other.remove("owned", theirs).await.unwrap_err());
        }
        for error in errors {
            assert_eq!(error.kind(), StoreErrorKind::OtherApp, "{theirs:?}");
            assert!(error.is_not_applied());
            let text = error.to_string();
            let client_id = format!("{:?}", ours.client_id());
            assert!(
                text.contains(&client_id) && text.contains("directory"),
                "{text}"
            );
        }
        assert_same(
            &other.load("owned").await.unwrap().unwrap(),
            &owned(7, &ours),
        );
    }
    // The app itself goes on, and gives the pair up by removing it.
    assert_eq!(
        one.save("owned", &owned(8, &ours)).await.unwrap(),
        Saved::Kept
    );
    let lease = one.lease("owned", TTL).await.unwrap().unwrap();
    assert!(lease.spend(8).await.unwrap().is_some());
    lease.release().await.unwrap();
    one.remove("owned", &ours).await.unwrap();
    let theirs = owner("app two");
    let late = other.save("owned", &owned(8, &theirs)).await.unwrap();
    assert_eq!(late, Saved::Newer { generation: 8 });
    assert_eq!(
        other.save("owned", &owned(9, &theirs)).await.unwrap(),
        Saved::Kept
    );
    let error = one.save("owned", &owned(10, &ours)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::OtherApp);
}

async fn gives_a_pair_without_an_owner_to_the_first_app(open: &impl Fn() -> Arc<dyn TokenStore>) {
    let (one, other) = (open(), open());
    assert_eq!(one.save("old", &pair(7)).await.unwrap(), Saved::Kept);
    let lease = one.lease("old", TTL).await.unwrap().unwrap();
    assert!(lease.spend(7).await.unwrap().is_some());
    let (ours, theirs) = (owner("app one"), owner("app two"));
    assert_eq!(
        one.save("old", &owned(8, &ours)).await.unwrap(),
        Saved::Kept
    );
    lease.release().await.unwrap();
    let error = other.save("old", &owned(9, &theirs)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::OtherApp);
    assert_same(&other.load("old").await.unwrap().unwrap(), &owned(8, &ours));
}

async fn keeps_a_pair_while_response_keys_are_rotated(open: &impl Fn() -> Arc<dyn TokenStore>) {
    const KEYS: [&str; 3] = [
        "a04ea1d5fa8da71f1dcfccf972b9c4eba0a2d8aba1f6da26f49977b08a0d2718",
        "8d4a482641adb2a34b726f05827dba9a9653e5857469b8749052bf4458a86729",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    ];
    let store = open();
    let with = |keys: &[&str]| {
        let keys = ResponseKeys::from_hex(keys.iter().copied()).unwrap();
        let environment = Environment::custom("https://api.example.com/v2", keys).unwrap();
        Owner::new("app", &environment)
    };
    let [first, second, third] = KEYS;
    for (generation, keys) in [
        (1, &[first][..]),
        (2, &[first, second]),
        (3, &[second]),
        (4, &[second, third]),
    ] {
        let saved = store
            .save("rotated", &owned(generation, &with(keys)))
            .await
            .unwrap();
        assert_eq!(saved, Saved::Kept, "{keys:?}");
    }
    let back = store.save("rotated", &owned(5, &with(&[first]))).await;
    assert_eq!(back.unwrap_err().kind(), StoreErrorKind::OtherApp);
}

async fn lists_the_organizations_of_an_app(open: &impl Fn() -> Arc<dyn TokenStore>) {
    let (one, other) = (open(), open());
    let (ours, theirs) = (owner("app that lists"), owner("app that does not"));
    // What the parts before have stored without an owner.
    let before = one.organizations(&ours).await.unwrap();
    let long = "y".repeat(300);
    let mut expected = before.clone();
    let many = (0..700).map(|number| format!("listed-{number}"));
    for org_id in many.chain([long, "Listed/../*?[]\\{}:pair ü\n".to_owned()]) {
        let saved = one.save(&org_id, &owned(1, &ours)).await.unwrap();
        assert_eq!(saved, Saved::Kept);
        expected.push(org_id);
    }
    for org_id in ["listed by the other", "Listed-1"] {
        let saved = one.save(org_id, &owned(1, &theirs)).await.unwrap();
        assert_eq!(saved, Saved::Kept);
    }
    one.remove("listed-3", &ours).await.unwrap();
    expected.retain(|org_id| org_id != "listed-3");
    let lease = one.lease("listed never", TTL).await.unwrap().unwrap();
    let mut listed = other.organizations(&ours).await.unwrap();
    lease.release().await.unwrap();
    listed.sort();
    expected.sort();
    assert_eq!(listed, expected);
    let mut theirs = other.organizations(&theirs).await.unwrap();
    theirs.retain(|org_id| !before.contains(org_id));
    theirs.sort();
    assert_eq!(theirs, ["Listed-1", "listed by the other"]);
}
