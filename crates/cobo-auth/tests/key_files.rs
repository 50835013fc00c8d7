//! Which key files are refused because of who else may use them.

#![cfg(unix)]
#![allow(clippy::unwrap_used)] // in a test a panic is the report

use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use cobo_auth::{KeyError, SecretKey};
use tempfile::TempDir;

const SEED: &str = "06f78882576ec0e05b1e51a33548da7e8cf958c190ba96be77b1c671f98a2b5f";

/// A folder on a disk.
fn on_disk() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// A key file with these permissions.
fn key_file(folder: &TempDir, mode: u32) -> PathBuf {
    let path = folder.path().join("key");
    std::fs::write(&path, SEED).unwrap();
    set_mode(&path, mode);
    path
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// The kind of the file system that a path is on, as `/proc/mounts` has it.
fn file_system(path: &Path) -> String {
    let path = path.canonicalize().unwrap();
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    let mounts = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        Some((fields.next()?, fields.next()?))
    });
    let of_path = mounts.filter(|(point, _)| path.starts_with(point));
    let longest = of_path.max_by_key(|(point, _)| point.len());
    longest.map_or_else(String::new, |(_, kind)| kind.to_owned())
}

/// Says that a test did not run, past the runner, which hides what a passing test prints.
fn skipped(test: &str, why: &str) {
    let mut stderr = std::io::stderr();
    writeln!(stderr, "SKIPPED {test}: {why}").unwrap();
}

#[test]
fn own_world_readable_key_file_on_disk_is_refused_with_a_chmod_hint() {
    let folder = on_disk();
    if file_system(folder.path()) == "tmpfs" {
        return skipped("own_world_readable_key_file_on_disk", "the disk is a tmpfs");
    }
    for mode in [0o644, 0o604, 0o444] {
        let path = key_file(&folder, mode);
        let error = SecretKey::from_file(&path).unwrap_err();
        assert!(
            matches!(error, KeyError::Readable { .. }),
            "{mode:o}: {error:?}"
        );
        let command = format!("run `chmod 600 {}` and replace the key", path.display());
        assert!(error.to_string().contains(&command), "{error}");
        assert!(SecretKey::from_mounted_file(&path).is_ok());
        std::fs::remove_file(path).unwrap();
    }
}

#[test]
fn owner_or_group_readable_key_file_is_accepted() {
    let folder = on_disk();
    for mode in [0o600, 0o400, 0o640, 0o440] {
        let path = key_file(&folder, mode);
        assert!(SecretKey::from_file(&path).is_ok(), "{mode:o}");
        std::fs::remove_file(path).unwrap();
    }
}

#[test]
fn key_file_writable_by_group_or_others_is_refused_on_any_file_system() {
    let mut folders = vec![on_disk()];
    folders.extend(in_memory());
    for folder in folders {
        for mode in [0o620, 0o660, 0o602, 0o666] {
            let path = key_file(&folder, mode);
            let error = SecretKey::from_file(&path).unwrap_err();
            assert!(
                matches!(error, KeyError::Writable { .. }),
                "{mode:o}: {error:?}"
            );
            assert!(error.to_string().contains("chmod 600"), "{error}");
            assert!(SecretKey::from_mounted_file(&path).is_ok());
        }
    }
}

#[test]
fn own_world_readable_key_file_on_tmpfs_is_accepted() {
    let Some(folder) = in_memory() else {
        return skipped(
            "own_world_readable_key_file_on_tmpfs",
            "/dev/shm is not a tmpfs",
        );
    };
    let path = key_file(&folder, 0o644);
    assert!(SecretKey::from_file(&path).is_ok());
}

/// A folder on a tmpfs, where the system has one that everybody may use.
fn in_memory() -> Option<TempDir> {
    let folder = tempfile::tempdir_in("/dev/shm").ok()?;
    (file_system(folder.path()) == "tmpfs").then_some(folder)
}

#[test]
fn world_readable_key_file_of_another_owner_is_accepted() {
    let folder = on_disk();
    let path = key_file(&folder, 0o444);
    if chown(&path, Some(12_345), Some(12_345)).is_err() {
        return skipped(
            "world_readable_key_file_of_another_owner",
            "only root may give a file away",
        );
    }
    assert!(SecretKey::from_file(&path).is_ok());
    set_mode(&path, 0o464);
    assert!(matches!(
        SecretKey::from_file(&path),
        Err(KeyError::Writable { .. })
    ));
}

#[test]
fn own_world_readable_key_file_on_a_read_only_mount_is_accepted() {
    let folder = on_disk();
    let path = key_file(&folder, 0o644);
    let Some(_mount) = ReadOnly::mount(folder.path()) else {
        return skipped(
            "own_world_readable_key_file_on_a_read_only_mount",
            "no right to mount",
        );
    };
    assert!(SecretKey::from_file(&path).is_ok());
}

/// A folder that is mounted over itself, read-only, until this is dropped.
struct ReadOnly<'a>(&'a Path);

impl<'a> ReadOnly<'a> {
    fn mount(folder: &'a Path) -> Option<Self> {
        let bind = |command: &mut Command| command.arg(folder).output().ok();
        let bound = bind(Command::new("mount").arg("--bind").arg(folder))?;
        let mount = bound.status.success().then_some(Self(folder))?;
        let remounted = bind(Command::new("mount").args(["-o", "remount,bind,ro"]))?;
        remounted.status.success().then_some(mount)
    }
}

impl Drop for ReadOnly<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).output();
    }
}
