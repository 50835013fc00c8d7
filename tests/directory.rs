//! Directories that a file store takes: nobody else may use them.

use std::path::Path;

use cobo_oauth::{FileStore, StoreError, StoreKey};
use tempfile::TempDir;

/// An empty directory.
pub fn directory() -> TempDir {
    #[cfg_attr(not(unix), allow(unused_mut))]
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir().unwrap()
}

/// What a process that shares a directory with others is told of its files.
#[derive(Debug, Clone, Copy)]
pub enum Files {
    /// Not encrypted.
    Plain,
    /// Encrypted, with a key of the tests.
    Sealed,
}

impl Files {
    /// What a process is told.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Sealed => "sealed",
        }
    }

    /// What a process has been told.
    pub fn named(name: &str) -> Self {
        let mut all = [Self::Plain, Self::Sealed].into_iter();
        all.find(|files| files.name() == name).unwrap()
    }

    /// A store of such files.
    pub fn open(self, dir: impl AsRef<Path>) -> Result<FileStore, StoreError> {
        match self {
            Self::Plain => FileStore::open(dir),
            Self::Sealed => FileStore::open_sealed(dir, StoreKey::new([7; 32])),
        }
    }
}

/// A store in a directory of its own.
pub fn store() -> (TempDir, FileStore) {
    let dir = directory();
    let store = FileStore::open(dir.path()).unwrap();
    (dir, store)
}
