//! Directories that a file store takes: nobody else may use them.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use cobo_oauth::FileStore;
use tempfile::TempDir;

/// An empty directory.
pub fn directory() -> TempDir {
    let owners_only = Permissions::from_mode(0o700);
    let mut builder = tempfile::Builder::new();
    builder.permissions(owners_only).tempdir().unwrap()
}

/// A store in a directory of its own.
pub fn store() -> (TempDir, FileStore) {
    let dir = directory();
    let store = FileStore::open(dir.path()).unwrap();
    (dir, store)
}
