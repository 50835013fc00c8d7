//! Checks two apps that use one store.

use std::sync::Arc;

use cobo_auth::{Environment, ResponseKeys};
use cobo_oauth::{Owner, Saved, StoreErrorKind, TokenPair, TokenStore};

use super::{TTL, assert_same, owner, pair};

fn owned(generation: u64, owner: &Owner) -> TokenPair {
    pair(generation).with_owner(owner.clone())
}

/// Another app, with its own client id or environment, can never change the pair.
pub(super) async fn refuses_the_pairs_of_another_app(open: &impl Fn() -> Arc<dyn TokenStore>) {
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
    // The app itself can still save the pair, and give it up by removing it.
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

pub(super) async fn gives_a_pair_without_an_owner_to_the_first_app(
    open: &impl Fn() -> Arc<dyn TokenStore>,
) {
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

pub(super) async fn keeps_a_pair_while_response_keys_are_rotated(
    open: &impl Fn() -> Arc<dyn TokenStore>,
) {
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

pub(super) async fn lists_the_organizations_of_an_app(open: &impl Fn() -> Arc<dyn TokenStore>) {
    let (one, other) = (open(), open());
    let (ours, theirs) = (owner("app that lists"), owner("app that does not"));
    // The pairs that earlier parts stored without an owner.
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
