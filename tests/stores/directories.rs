//! The directory of a file store: who may use it, and which files remain in it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use cobo_oauth::{FileStore, Saved, StoreErrorKind, StoreKey, TokenPair, TokenStore};
use cobo_tests::contract::owner;
use cobo_tests::directory::{directory, store};
use cobo_tests::process::Process;

const ORG: &str = "e3986401-4aec-480a-973d-e775a4518413";
const TTL: Duration = Duration::from_secs(30);

fn pair(generation: u64) -> TokenPair {
    TokenPair::new(generation, "access", 1_000, 44_200_000)
        .with_refresh_token("refresh", 2_592_000_000)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn entries(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn worker() -> Command {
    Command::new(env!("CARGO_BIN_EXE_worker"))
}

#[tokio::test]
async fn organization_without_a_stored_pair_leaves_no_files() {
    let (dir, store) = store();
    assert!(store.load(ORG).await.unwrap().is_none());
    store.remove(ORG, &owner("app")).await.unwrap();
    let lease = store.lease(ORG, TTL).await.unwrap().unwrap();
    assert!(store.lease(ORG, TTL).await.unwrap().is_none());
    assert!(lease.spend(1).await.unwrap().is_none());
    lease.restore(1, "refresh".into()).await.unwrap();
    lease.release().await.unwrap();
    drop(store.lease(ORG, TTL).await.unwrap().unwrap());
    assert_eq!(entries(dir.path()), [""; 0].map(PathBuf::from));

    // The lease file remains if a pair was stored under the lease.
    let lease = store.lease(ORG, TTL).await.unwrap().unwrap();
    assert_eq!(store.save(ORG, &pair(1)).await.unwrap(), Saved::Kept);
    lease.release().await.unwrap();
    assert_eq!(entries(dir.path()).len(), 3);
}

#[tokio::test]
async fn pair_too_large_to_read_is_not_written() {
    const LARGEST: usize = 1024 * 1024;
    let plain = directory();
    let sealed = directory();
    let stores = [
        (plain.path(), FileStore::open(plain.path()).unwrap()),
        (
            sealed.path(),
            FileStore::open_sealed(sealed.path(), StoreKey::new([7; 32])).unwrap(),
        ),
    ];
    for (dir, store) in stores {
        let token = "x".repeat(LARGEST);
        let large = TokenPair::new(2, token.as_str(), 1_000, 2_000);
        for known in [false, true] {
            if known {
                assert_eq!(store.save(ORG, &pair(1)).await.unwrap(), Saved::Kept);
            }
            let error = store.save(ORG, &large).await.unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::TooLarge);
            assert!(error.is_not_applied());
            assert!(error.to_string().contains("at most 1048576"), "{error}");
            assert!(!format!("{error:?}").contains("xxxx"));
            assert_eq!(store.load(ORG).await.unwrap().is_some(), known);
            assert_eq!(entries(dir).is_empty(), !known);
        }
    }
    // The largest file that can be written can also be read.
    let (dir, store) = store();
    let file = dir.path().join(format!("org-{ORG}.json"));
    assert_eq!(store.save(ORG, &pair(1)).await.unwrap(), Saved::Kept);
    let rest = usize::try_from(fs::metadata(&file).unwrap().len()).unwrap() - "access".len();
    let largest = |more| {
        let token = "x".repeat(LARGEST - rest + more);
        let pair = TokenPair::new(2, token.as_str(), 1_000, 44_200_000);
        pair.with_refresh_token("refresh", 2_592_000_000)
    };
    let error = store.save(ORG, &largest(1)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::TooLarge);
    assert_eq!(store.save(ORG, &largest(0)).await.unwrap(), Saved::Kept);
    assert_eq!(store.load(ORG).await.unwrap().unwrap().generation, 2);
}

#[tokio::test]
async fn unreadable_pair_files_are_not_listed() {
    let (dir, store) = store();
    for org_id in ["one", "two", "damaged", "Hashed"] {
        assert_eq!(store.save(org_id, &pair(1)).await.unwrap(), Saved::Kept);
    }
    let path = |name: &str| dir.path().join(name);
    fs::write(path("org-damaged.json"), "{").unwrap();
    fs::copy(path("org-one.json"), path("org-another.json")).unwrap();
    fs::write(path("org-late.tmp"), "{").unwrap();
    fs::create_dir(path("org-directory.json")).unwrap();
    let mut listed = store.organizations(&owner("app")).await.unwrap();
    listed.sort();
    assert_eq!(listed, ["Hashed", "one", "two"]);

    let sealed = FileStore::open_sealed(dir.path(), StoreKey::new([7; 32])).unwrap();
    assert!(
        sealed
            .organizations(&owner("app"))
            .await
            .unwrap()
            .is_empty()
    );
}

/// A volume as Kubernetes mounts it for a group (`fsGroup`): new directories get its group and its setgid bit.
#[tokio::test]
async fn directory_in_a_group_writable_volume_is_private_to_its_owner() {
    let dir = directory();
    set_mode(dir.path(), 0o755);
    let volume = dir.path().join("volume");
    fs::create_dir(&volume).unwrap();
    let (user, group) = (65_533, 65_534);
    // Only root can change the owner and act as another user.
    let is_root = chown(&volume, Some(0), Some(group)).is_ok();
    set_mode(&volume, 0o2770);
    let tokens = volume.join("app/tokens");
    if is_root {
        let mut command = worker();
        command.uid(user).gid(group);
        let mut process = Process::start(command.arg("count").arg(&tokens).args(["org", "3"]));
        assert_eq!(process.line(), "3");
        assert_eq!(fs::metadata(&tokens).unwrap().uid(), user);
    } else {
        let store = FileStore::open(&tokens).unwrap();
        assert_eq!(store.save("org", &pair(1)).await.unwrap(), Saved::Kept);
    }
    assert_eq!(mode(&tokens), 0o700);
    assert_eq!(mode(&volume.join("app")), 0o700);
    assert_eq!(mode(&tokens.join("org-org.json")), 0o600);
    assert_eq!(mode(&volume), 0o2770, "what was there is left as it is");
}

#[test]
fn directory_made_group_accessible_by_kubernetes_is_rejected_with_a_fix() {
    let dir = directory();
    set_mode(dir.path(), 0o2770);
    let error = FileStore::open(dir.path()).unwrap_err().to_string();
    assert!(
        error.contains("mode 2770") && error.contains("fsGroupChangePolicy: OnRootMismatch"),
        "{error}"
    );
    set_mode(dir.path(), 0o2700);
    FileStore::open(dir.path()).unwrap();
}

#[test]
fn directory_is_private_to_its_owner_with_any_umask() {
    for umask in ["0", "022", "077", "0377", "0777"] {
        let dir = directory();
        let tokens = dir.path().join("deep/tokens");
        let mut shell = Command::new("sh");
        let script = r#"umask "$1"; exec "$2" hold "$3" org"#;
        shell.args(["-c", script, "sh", umask]);
        let program = worker().get_program().to_owned();
        let mut process = Process::start(shell.arg(program).arg(&tokens));
        assert_eq!(process.line(), "held", "umask {umask}");
        assert_eq!(mode(&tokens), 0o700, "umask {umask}");
        assert_eq!(mode(&dir.path().join("deep")), 0o700, "umask {umask}");
    }
}

/// A user with write access to the parent directory can replace the directory while the store is open.
#[tokio::test]
async fn directory_that_was_replaced_is_not_used() {
    let dir = directory();
    let (tokens, moved) = (dir.path().join("tokens"), dir.path().join("moved"));
    let store = FileStore::open(&tokens).unwrap();
    assert_eq!(store.save(ORG, &pair(1)).await.unwrap(), Saved::Kept);
    let lease = store.lease(ORG, TTL).await.unwrap().unwrap();
    fs::rename(&tokens, &moved).unwrap();
    fs::create_dir(&tokens).unwrap();
    set_mode(&tokens, 0o777);
    for error in [
        store.load(ORG).await.unwrap_err(),
        store.save(ORG, &pair(2)).await.unwrap_err(),
        store.remove(ORG, &owner("app")).await.unwrap_err(),
        store.lease("another", TTL).await.unwrap_err(),
        store.organizations(&owner("app")).await.unwrap_err(),
        lease.spend(1).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        assert!(error.is_not_applied());
        assert!(error.to_string().contains("was replaced"), "{error}");
    }
    assert_eq!(entries(&tokens), [""; 0].map(PathBuf::from));
    fs::remove_dir(&tokens).unwrap();
    fs::rename(&moved, &tokens).unwrap();
    assert!(lease.spend(1).await.unwrap().is_some());
}

#[test]
fn file_at_the_directory_path_is_rejected() {
    let dir = directory();
    fs::write(dir.path().join("file"), "").unwrap();
    for path in ["file", "file/below"] {
        let error = FileStore::open(dir.path().join(path)).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        assert!(error.to_string().contains(path), "{error}");
    }
}

/// As Kubernetes does at each mount: the group of the volume gets access to everything in it.
fn open_to_group(tokens: &Path) {
    for file in entries(tokens) {
        set_mode(&file, 0o660);
    }
    set_mode(tokens, 0o2770);
}

#[tokio::test]
async fn group_access_added_by_kubernetes_in_a_volume_is_removed() {
    let dir = directory();
    set_mode(dir.path(), 0o2770);
    let tokens = dir.path().join("tokens");
    let store = FileStore::open(&tokens).unwrap();
    assert_eq!(store.save(ORG, &pair(1)).await.unwrap(), Saved::Kept);
    let closed = || {
        assert_eq!(mode(&tokens), 0o700);
        for file in entries(&tokens) {
            assert_eq!(mode(&file), 0o600, "{}", file.display());
        }
    };
    open_to_group(&tokens);
    // A program that runs, and one that starts.
    assert!(store.load(ORG).await.unwrap().is_some());
    closed();
    open_to_group(&tokens);
    FileStore::open(&tokens).unwrap();
    closed();
    assert_eq!(mode(dir.path()), 0o2770, "the volume is left as it is");

    for refused in [0o770, 0o2775, 0o2771, 0o2750] {
        set_mode(&tokens, refused);
        FileStore::open(&tokens).unwrap_err();
        let error = store.load(ORG).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        assert_eq!(mode(&tokens), refused);
    }
}

#[tokio::test]
async fn pair_file_that_another_user_may_have_created_in_a_volume_is_rejected() {
    let dir = directory();
    set_mode(dir.path(), 0o2770);
    let tokens = dir.path().join("tokens");
    let store = FileStore::open(&tokens).unwrap();
    assert_eq!(store.save(ORG, &pair(1)).await.unwrap(), Saved::Kept);
    let file = tokens.join(format!("org-{ORG}.json"));
    let link = dir.path().join("link");
    fs::hard_link(&file, &link).unwrap();
    open_to_group(&tokens);
    for _ in 0..2 {
        let error = FileStore::open(&tokens).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unrecognised);
        assert!(error.to_string().contains(ORG), "{error}");
        let error = store.load(ORG).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unrecognised);
    }
    fs::remove_file(&link).unwrap();
    FileStore::open(&tokens).unwrap();
    // Only root gives files away.
    if chown(&file, Some(65_533), None).is_ok() {
        open_to_group(&tokens);
        let error = FileStore::open(&tokens).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unrecognised);
    }
}
