//! File locks of the operating system. A lock ends when the process that holds it ends.
//!
//! The holder of a lock removes the lock's file before it unlocks it, if nothing is stored for the
//! organization. After locking a file, a process therefore checks that the path still leads to that
//! file: otherwise one process could hold the removed file while another holds a new one. On
//! systems other than Unix files cannot be compared, so no lock file is removed.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::directory::{OrgFiles, private};
use super::failure::failed;
use crate::store::StoreError;

/// How many times locking is retried after the lock's file was removed by another holder.
const MAX_ATTEMPTS: usize = 16;

/// A lock that is held until it is dropped. Two locks of the same file exclude each other, also
/// within one process.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    path: PathBuf,
    /// The path of the organization's pair.
    pair: PathBuf,
}

/// The kind of an organization's lock.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// Held while the pair is changed.
    Change,
    /// Held while the tokens are refreshed.
    Lease,
}

impl Lock {
    /// Takes the lock, or returns `None` if another holder has it. Creates the lock's file if it
    /// does not exist.
    pub(super) fn try_acquire(files: &OrgFiles, kind: Kind) -> Result<Option<Self>, StoreError> {
        files.check()?;
        let path = files.path(match kind {
            Kind::Change => "lock",
            Kind::Lease => "lease",
        });
        let failed = failed("cannot lock", &path);
        let cannot = |error| failed(error).not_applied();
        let mut options = private();
        options.read(true).write(true).create(true).truncate(false);
        for _ in 0..MAX_ATTEMPTS {
            let file = options.open(&path).map_err(cannot)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(cannot(error)),
            }
            let (path, pair) = (path.clone(), files.path("json"));
            let lock = Self { file, path, pair };
            if is_same_file(&lock.file, &lock.path).map_err(cannot)? {
                return Ok(Some(lock));
            }
        }
        Ok(None) // other holders keep taking and removing it
    }
}

impl Drop for Lock {
    /// Unlocks explicitly: closing the file is not enough, because a child process that is being
    /// started has a copy of the handle until it runs its own program.
    fn drop(&mut self) {
        let is_empty = matches!(self.pair.try_exists(), Ok(false));
        if cfg!(unix) && is_empty && matches!(is_same_file(&self.file, &self.path), Ok(true)) {
            let _ = fs::remove_file(&self.path);
        }
        let _ = self.file.unlock();
    }
}

/// Whether the file at this path is the open file.
#[cfg(unix)]
fn is_same_file(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let named = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        named => named?,
    };
    let open = file.metadata()?;
    Ok((named.dev(), named.ino()) == (open.dev(), open.ino()))
}

#[cfg(not(unix))]
fn is_same_file(_file: &File, _path: &Path) -> io::Result<bool> {
    Ok(true)
}
