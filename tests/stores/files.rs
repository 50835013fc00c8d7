//! A file store on a real disk: its files, its refusals, and processes that share it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cobo_oauth::{FileStore, Lease, Saved, StoreErrorKind, StoreKey, TokenPair, TokenStore};
use cobo_tests::contract::owner;
use cobo_tests::directory::{directory, store};

const ORG: &str = "e3986401-4aec-480a-973d-e775a4518413";
const TTL: Duration = Duration::from_secs(30);

fn pair(generation: u64) -> TokenPair {
    TokenPair::new(generation, "the-access-token", 1_000, 44_200_000)
        .with_refresh_token("the-refresh-token", 2_592_000_000)
}

fn file(dir: &Path, ending: &str) -> PathBuf {
    dir.join(format!("org-{ORG}.{ending}"))
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

async fn lease(store: &impl TokenStore) -> Box<dyn Lease> {
    store.lease(ORG, TTL).await.unwrap().unwrap()
}

#[tokio::test]
async fn pair_file_is_plain_json_and_private_to_its_owner() {
    let dir = directory();
    let dir = dir.path().join("deep/tokens");
    let store = FileStore::open(&dir).unwrap();
    assert_eq!(store.save(ORG, &pair(7)).await.unwrap(), Saved::Kept);
    lease(&store).await.release().await.unwrap();
    assert_eq!(mode(&dir), 0o700);
    for ending in ["json", "lock", "lease"] {
        assert_eq!(mode(&file(&dir, ending)), 0o600, "{ending}");
    }
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 3);
    let text = fs::read_to_string(file(&dir, "json")).unwrap();
    let expected = r#"{
  "version": 1,
  "org_id": "e3986401-4aec-480a-973d-e775a4518413",
  "pair": {
    "generation": 7,
    "access_token": "the-access-token",
    "obtained_at": 1000,
    "expires_at": 44200000,
    "refresh_token": "the-refresh-token",
    "refresh_expires_at": 2592000000
  }
}
"#;
    assert_eq!(text, expected);
}

#[tokio::test]
async fn removed_pair_keeps_its_generation_but_no_token() {
    let (dir, plain) = store();
    let sealed = directory();
    let sealed_store = FileStore::open_sealed(sealed.path(), StoreKey::new([7; 32])).unwrap();
    for (dir, store) in [(dir.path(), plain), (sealed.path(), sealed_store)] {
        store.remove(ORG, &owner("app")).await.unwrap();
        assert!(!file(dir, "json").exists());
        assert_eq!(store.save(ORG, &pair(7)).await.unwrap(), Saved::Kept);
        store.remove(ORG, &owner("app")).await.unwrap();
        let text = fs::read_to_string(file(dir, "json")).unwrap();
        assert!(!text.contains("token"), "{text}");
        assert!(store.load(ORG).await.unwrap().is_none());
    }
    let text = fs::read_to_string(file(dir.path(), "json")).unwrap();
    assert!(text.ends_with("\"removed\": 7\n}\n"), "{text}");
}

#[tokio::test]
async fn encrypted_file_contains_no_plaintext_token() {
    let dir = directory();
    let key = StoreKey::new([7; 32]);
    let store = FileStore::open_sealed(dir.path(), key).unwrap();
    assert_eq!(store.save(ORG, &pair(7)).await.unwrap(), Saved::Kept);
    let text = fs::read_to_string(file(dir.path(), "json")).unwrap();
    assert!(text.contains(ORG) && text.contains("XChaCha20-Poly1305"));
    assert!(!text.contains("token"), "{text}");
    assert!(!text.contains(&hex::encode("token")), "{text}");
    assert!(!format!("{store:?}").contains("7, 7"));
}

#[test]
fn directory_accessible_to_other_users_is_rejected() {
    let dir = directory();
    for mode in [0o755, 0o770, 0o701] {
        fs::set_permissions(dir.path(), Permissions::from_mode(mode)).unwrap();
        let error = FileStore::open(dir.path()).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        let text = error.to_string();
        assert!(text.contains("chmod 700") && text.contains(&format!("mode {mode:04o}")));
    }
    fs::set_permissions(dir.path(), Permissions::from_mode(0o700)).unwrap();
    FileStore::open(dir.path()).unwrap();

    fs::write(dir.path().join("file"), "").unwrap();
    let error = FileStore::open(dir.path().join("file")).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
}

/// The owner of a directory can read its files, whatever their mode.
#[test]
fn directory_owned_by_another_user_is_rejected() {
    let dir = directory();
    let theirs = match std::os::unix::fs::chown(dir.path(), Some(65_534), None) {
        Ok(()) => dir.path(),
        Err(_) => Path::new("/"), // only root gives directories away
    };
    let error = FileStore::open(theirs).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    let text = error.to_string();
    assert!(
        text.contains("another user") && text.contains("chown"),
        "{text}"
    );
}

#[tokio::test]
async fn deleted_directory_is_reported_as_unavailable() {
    let (dir, store) = store();
    let held = lease(&store).await;
    fs::remove_dir_all(dir.path()).unwrap();
    let kind = StoreErrorKind::Unavailable;
    let error = store.save(ORG, &pair(7)).await.unwrap_err();
    assert!(error.kind() == kind && error.is_not_applied());
    assert_eq!(store.lease(ORG, TTL).await.unwrap_err().kind(), kind);
    assert_eq!(held.spend(7).await.unwrap_err().kind(), kind);
}

/// Asserts that no operation changes a file that cannot be parsed.
async fn assert_left_alone(store: &FileStore, lease: &dyn Lease, path: &Path, what: &str) {
    let before = fs::read(path).unwrap();
    let errors = [
        store.load(ORG).await.unwrap_err(),
        store.save(ORG, &pair(u64::MAX)).await.unwrap_err(),
        store.remove(ORG, &owner("app")).await.unwrap_err(),
        lease.spend(7).await.unwrap_err(),
        lease.restore(7, "refresh".into()).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), StoreErrorKind::Unrecognised, "{what}");
        let text = format!("{error} {error:?}");
        assert!(text.contains(path.to_str().unwrap()), "{text}");
        assert!(!text.contains("the-refresh-token"), "{text}");
    }
    assert!(fs::read(path).unwrap() == before, "{what}");
    assert!(!path.with_extension("tmp").exists(), "{what}");
}

#[tokio::test]
async fn unrecognised_pair_file_is_never_changed() {
    let (dir, store) = store();
    let path = file(dir.path(), "json");
    let held = lease(&store).await;
    assert_eq!(store.save(ORG, &pair(7)).await.unwrap(), Saved::Kept);
    let good = fs::read_to_string(&path).unwrap();
    let large = format!("{good}{}", " ".repeat(1024 * 1024));
    for (what, text) in [
        (
            "a newer version",
            good.replace("\"version\": 1", "\"version\": 2"),
        ),
        (
            "a newer version that looks otherwise",
            r#"{"version": 3, "tokens": []}"#.into(),
        ),
        (
            "a field more",
            good.replace("\"pair\"", "\"scope\": \"\",\n  \"pair\""),
        ),
        (
            "a field more in the pair",
            good.replace("\"generation\"", "\"kind\": 1, \"generation\""),
        ),
        (
            "a field twice",
            good.replace("\"version\"", "\"version\": 1, \"version\""),
        ),
        (
            "a field less",
            good.replace("    \"expires_at\": 44200000,\n", ""),
        ),
        (
            "another type",
            good.replace("44200000", "\"the-refresh-token\""),
        ),
        (
            "a list for an object",
            r#"[1, "org", [7, "access", 1, 2]]"#.into(),
        ),
        ("another organization's", good.replace(ORG, "another")),
        (
            "a pair that was removed",
            good.replace("\"pair\"", "\"removed\": 7,\n  \"pair\""),
        ),
        ("neither", format!(r#"{{"version": 1, "org_id": "{ORG}"}}"#)),
        ("nothing", String::new()),
        ("too large", large),
    ] {
        assert_ne!(text, good, "{what}");
        fs::write(&path, text).unwrap();
        assert_left_alone(&store, &*held, &path, what).await;
    }
    fs::write(&path, good).unwrap();
    assert_eq!(
        held.spend(7).await.unwrap().unwrap().expose(),
        "the-refresh-token"
    );
}

#[tokio::test]
async fn file_written_without_encryption_or_with_another_key_is_never_changed() {
    let dir = directory();
    let path = file(dir.path(), "json");
    let plain = FileStore::open(dir.path()).unwrap();
    let sealed = |key| FileStore::open_sealed(dir.path(), StoreKey::new([key; 32])).unwrap();
    let (one, other) = (sealed(1), sealed(2));

    assert_eq!(plain.save(ORG, &pair(7)).await.unwrap(), Saved::Kept);
    let held = lease(&one).await;
    assert_left_alone(&one, &*held, &path, "not encrypted").await;
    held.release().await.unwrap();
    plain.remove(ORG, &owner("app")).await.unwrap();
    let held = lease(&one).await;
    assert_left_alone(&one, &*held, &path, "removed, not encrypted").await;
    held.release().await.unwrap();
    fs::remove_file(&path).unwrap();

    assert_eq!(one.save(ORG, &pair(7)).await.unwrap(), Saved::Kept);
    for (store, what) in [(&plain, "encrypted"), (&other, "another key")] {
        let held = lease(store).await;
        assert_left_alone(store, &*held, &path, what).await;
        held.release().await.unwrap();
    }

    // A file of another organization is moved to this organization's name.
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(one.save("another", &pair(8)).await.unwrap(), Saved::Kept);
    let swapped = fs::read_to_string(dir.path().join("org-another.json")).unwrap();
    fs::write(&path, swapped.replace("another", ORG)).unwrap();
    let held = lease(&one).await;
    assert_left_alone(&one, &*held, &path, "swapped").await;
    fs::write(&path, text).unwrap();
    assert!(held.spend(7).await.unwrap().is_some());
}

/// Every prefix of a file, every file with one changed byte, and random bytes are either parsed or
/// left unchanged.
#[tokio::test]
async fn arbitrary_file_content_never_panics_and_is_never_changed() {
    let dir = directory();
    let path = file(dir.path(), "json");
    let plain = FileStore::open(dir.path()).unwrap();
    let sealed = FileStore::open_sealed(dir.path(), StoreKey::new([1; 32])).unwrap();
    for store in [plain, sealed] {
        assert_eq!(store.save(ORG, &pair(7)).await.unwrap(), Saved::Kept);
        let good = fs::read(&path).unwrap();
        let held = lease(&store).await;
        let prefixes = (0..good.len()).map(|end| good[..end].to_vec());
        let changed = (0..good.len()).flat_map(|at| {
            let good = &good;
            [0x01, 0x80].map(move |bit| {
                let mut bytes = good.clone();
                bytes[at] ^= bit;
                bytes
            })
        });
        let noise = (1..64_u8).map(|seed| {
            let next = |state: &mut u8| {
                *state = state.wrapping_mul(77).wrapping_add(31);
                Some(*state)
            };
            std::iter::successors(Some(seed), |state| next(&mut state.clone()))
                .take(seed.into())
                .collect()
        });
        let mut refused = 0;
        for bytes in prefixes.chain(changed).chain(noise) {
            fs::write(&path, &bytes).unwrap();
            match store.load(ORG).await {
                // The changed byte was in a token or in white space.
                Ok(pair) => assert!(pair.is_some()),
                Err(error) => {
                    assert_eq!(error.kind(), StoreErrorKind::Unrecognised);
                    let what = format!("{:?}", String::from_utf8_lossy(&bytes));
                    assert_left_alone(&store, &*held, &path, &what).await;
                    refused += 1;
                }
            }
        }
        assert!(refused > good.len());
        fs::remove_file(&path).unwrap();
        held.release().await.unwrap();
    }
}

#[tokio::test]
async fn temporary_file_of_a_killed_writer_is_overwritten_or_removed() {
    let (dir, store) = store();
    let temporary = file(dir.path(), "tmp");
    for half in ["{\"version\": 1, \"or", ""] {
        fs::write(&temporary, half).unwrap();
        fs::set_permissions(&temporary, Permissions::from_mode(0o644)).unwrap();
        assert!(store.load(ORG).await.unwrap().is_none());
        assert_eq!(store.save(ORG, &pair(7)).await.unwrap(), Saved::Kept);
        assert_eq!(mode(&file(dir.path(), "json")), 0o600);
        assert!(!temporary.exists());

        fs::write(&temporary, half).unwrap();
        store.remove(ORG, &owner("app")).await.unwrap();
        assert!(!temporary.exists());
        fs::remove_file(file(dir.path(), "json")).unwrap();
    }
}
