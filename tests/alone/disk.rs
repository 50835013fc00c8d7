//! A file store on disks that fail: full, unreadable, or cut off from power.
//!
//! Some tests mount a file system, which needs root. Without that permission they print a message
//! and are skipped.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a panic fails the test

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::fd::{OwnedFd, RawFd};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use cobo_oauth::{FileStore, Lease, Saved, StoreErrorKind, TokenPair, TokenStore};
use cobo_tests::directory::{directory, store};
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
use tempfile::TempDir;

const ORG: &str = "e3986401-4aec-480a-973d-e775a4518413";
const TTL: Duration = Duration::from_secs(30);

fn pair(generation: u64) -> TokenPair {
    TokenPair::new(generation, "the-access-token", 1_000, 44_200_000)
        .with_refresh_token("the-refresh-token", 2_592_000_000)
}

/// The generation of the stored pair, and its refresh token.
async fn loaded(store: &FileStore) -> (u64, Option<String>) {
    let pair = store.load(ORG).await.unwrap().unwrap();
    let token = pair.refresh_token.map(|token| token.expose().to_owned());
    (pair.generation, token)
}

fn whole(generation: u64) -> (u64, Option<String>) {
    (generation, Some("the-refresh-token".to_owned()))
}

async fn lease(store: &FileStore) -> Box<dyn Lease> {
    store.lease(ORG, TTL).await.unwrap().unwrap()
}

/// The endings of the files in a directory, sorted.
fn endings(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut endings: Vec<_> = names
        .map(|name| name.rsplit('.').next().unwrap().to_owned())
        .collect();
    endings.sort();
    endings
}

/// A mounted file system, unmounted when it is dropped.
struct Disk(TempDir);

impl Disk {
    /// An empty in-memory file system of this size.
    fn in_memory(size: &str) -> Option<Self> {
        Self::mount(&[
            "-t",
            "tmpfs",
            "-o",
            &format!("size={size},mode=700"),
            "none",
        ])
    }

    /// The file system in an image.
    fn of_image(image: &Path) -> Option<Self> {
        Self::mount(&["-o", "loop", image.to_str().unwrap()])
    }

    fn mount(arguments: &[&str]) -> Option<Self> {
        let directory = directory();
        let mounted = Command::new("mount")
            .args(arguments)
            .arg(directory.path())
            .output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self(directory)),
            other => {
                // `println` is not used, because its output is hidden if the test passes.
                let line = format!("SKIPPED: cannot mount a file system: {other:?}\n");
                std::io::stderr().write_all(line.as_bytes()).unwrap();
                None
            }
        }
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(self.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()) || std::thread::panicking());
    }
}

#[tokio::test]
async fn save_on_a_full_disk_keeps_the_old_pair_and_no_partial_file() {
    let Some(disk) = Disk::in_memory("64k") else {
        return;
    };
    let dir = disk.path().join("tokens");
    let store = FileStore::open(&dir).unwrap();
    assert_eq!(store.save(ORG, &pair(7)).await.unwrap(), Saved::Kept);
    let held = lease(&store).await;

    // The beginning of the file fits on the disk.
    let large = TokenPair::new(8, "x".repeat(100_000), 1_000, 44_200_000);
    let error = store.save(ORG, &large).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert!(error.is_not_applied(), "{error}");
    assert_eq!(endings(&dir), ["json", "lease", "lock"]);
    assert_eq!(loaded(&store).await, whole(7));

    // Not a single byte fits.
    let filler = dir.join("filler.full");
    let mut file = File::create(&filler).unwrap();
    while file.write_all(&[0; 512]).is_ok() {}
    let error = held.spend(7).await.unwrap_err();
    assert!(error.is_not_applied(), "{error}");
    assert_eq!(endings(&dir), ["full", "json", "lease", "lock"]);
    assert_eq!(loaded(&store).await, whole(7));

    drop(file);
    fs::remove_file(filler).unwrap();
    assert!(held.spend(7).await.unwrap().is_some());
    assert_eq!(loaded(&store).await, (7, None));
    drop((held, store)); // no file is open when the disk is unmounted
}

/// Makes this thread and its child threads obey directory permissions, even as root.
fn obey_permissions() {
    let mut sets = capabilities(None).unwrap();
    sets.effective
        .remove(CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH);
    set_capabilities(None, sets).unwrap();
}

/// The new file already has its final name; it is only uncertain if the name survives a crash.
#[tokio::test]
async fn failed_directory_flush_has_unknown_outcome() {
    obey_permissions();
    let (dir, store) = store();
    assert_eq!(store.save(ORG, &pair(7)).await.unwrap(), Saved::Kept);
    let held = lease(&store).await;

    // Files in the directory can be used and renamed, but the directory itself cannot be opened.
    fs::set_permissions(dir.path(), Permissions::from_mode(0o300)).unwrap();
    let error = store.save(ORG, &pair(8)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert!(!error.is_not_applied(), "{error}");
    assert_eq!(loaded(&store).await, whole(8));
    let error = held.spend(8).await.unwrap_err();
    assert!(!error.is_not_applied(), "{error}");
    assert_eq!(loaded(&store).await, (8, None));
    fs::set_permissions(dir.path(), Permissions::from_mode(0o700)).unwrap();
}

/// The image is copied while it is mounted, so it contains only flushed data, as after a power
/// failure.
#[tokio::test]
async fn acknowledged_writes_survive_a_power_failure() {
    let images = directory();
    let image = images.path().join("disk");
    File::create(&image).unwrap().set_len(16 << 20).unwrap();
    let made = Command::new("mkfs.ext4").arg("-q").arg(&image).status();
    if !made.is_ok_and(|status| status.success()) {
        std::io::stderr()
            .write_all(b"SKIPPED: no mkfs.ext4\n")
            .unwrap();
        return;
    }
    let Some(disk) = Disk::of_image(&image) else {
        return;
    };
    let store = FileStore::open(disk.path().join("tokens")).unwrap();
    let after_power_failure = async || {
        let copy = images.path().join("copy");
        fs::copy(&image, &copy).unwrap();
        let disk = Disk::of_image(&copy).unwrap();
        let store = FileStore::open(disk.path().join("tokens")).unwrap();
        let pair = store.load(ORG).await.unwrap().unwrap();
        (
            pair.generation,
            pair.refresh_token.map(|token| token.expose().to_owned()),
        )
    };

    assert_eq!(store.save(ORG, &pair(7)).await.unwrap(), Saved::Kept);
    assert_eq!(after_power_failure().await, whole(7));
    let held = lease(&store).await;
    assert!(held.spend(7).await.unwrap().is_some());
    assert_eq!(after_power_failure().await, (7, None));
    held.restore(7, "the-refresh-token".into()).await.unwrap();
    assert_eq!(after_power_failure().await, whole(7));
    assert_eq!(store.save(ORG, &pair(8)).await.unwrap(), Saved::Kept);
    assert_eq!(after_power_failure().await, whole(8));
}

/// A second handle to an open file of this process, as a child process has between `fork` and
/// `exec`.
fn second_handle(path: &Path) -> OwnedFd {
    let entries = fs::read_dir("/proc/self/fd").unwrap();
    let mut open = entries.filter_map(|entry| {
        let entry = entry.unwrap();
        let target = fs::read_link(entry.path()).ok()?;
        let number: RawFd = entry.file_name().to_str()?.parse().ok()?;
        (target == path).then_some(number)
    });
    let process = pidfd_open(getpid(), PidfdFlags::empty()).unwrap();
    pidfd_getfd(process, open.next().unwrap(), PidfdGetfdFlags::empty()).unwrap()
}

#[tokio::test]
async fn released_lease_is_free_even_if_a_child_process_has_its_file_open() {
    let (dir, store) = store();
    let path = dir.path().canonicalize().unwrap();
    let path = path.join(format!("org-{ORG}.lease"));
    // A stored pair is needed, because otherwise the lock file is removed.
    assert_eq!(store.save(ORG, &pair(7)).await.unwrap(), Saved::Kept);
    let held = lease(&store).await;
    let handle = second_handle(&path);
    assert!(store.lease(ORG, TTL).await.unwrap().is_none());
    held.release().await.unwrap();
    assert!(store.lease(ORG, TTL).await.unwrap().is_some());
    drop(handle);
}
