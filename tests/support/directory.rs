//! Creates directories that a file store accepts: private to the current user.

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

/// Whether the files of a shared directory are encrypted.
#[derive(Debug, Clone, Copy)]
pub enum Files {
    /// Not encrypted.
    Plain,
    /// Encrypted, with a key for tests.
    Sealed,
}

impl Files {
    /// The name to pass to another process.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Sealed => "sealed",
        }
    }

    /// Parses a name that was passed to this process.
    pub fn named(name: &str) -> Self {
        let mut all = [Self::Plain, Self::Sealed].into_iter();
        all.find(|files| files.name() == name).unwrap()
    }

    /// Opens a store with files of this kind.
    pub fn open(self, dir: impl AsRef<Path>) -> Result<FileStore, StoreError> {
        match self {
            Self::Plain => FileStore::open(dir),
            Self::Sealed => FileStore::open_sealed(dir, StoreKey::new([7; 32])),
        }
    }
}

/// A store in a new directory.
pub fn store() -> (TempDir, FileStore) {
    let dir = directory();
    let store = FileStore::open(dir.path()).unwrap();
    (dir, store)
}
