//! Locks of the operating system, which end with the process that holds them.
//!
//! The holder of a lock removes its file, while it is still locked, if nothing is stored of the
//! organization. So whoever has locked a file checks that it is still the one under its name: a file
//! that was removed in between may be locked by one process, and a new one by another. On systems
//! other than Unix files cannot be compared, and no lock file is removed.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::directory::{Place, failed, private};
use crate::store::StoreError;

/// How often a lock is tried again whose file was removed meanwhile.
const ATTEMPTS: usize = 16;

/// Held until it is dropped. Two of the same file exclude each other in one process as well.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    path: PathBuf,
    /// The file of the organization's pair.
    pair: PathBuf,
}

/// Which lock of an organization.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// Held while the pair is changed.
    Change,
    /// Held while the tokens are refreshed.
    Lease,
}

impl Lock {
    /// The lock, unless another has it. The file is made where it is not there.
    pub(super) fn attempt(place: &Place, kind: Kind) -> Result<Option<Self>, StoreError> {
        place.check()?;
        let path = place.path(match kind {
            Kind::Change => "lock",
            Kind::Lease => "lease",
        });
        let failed = failed("cannot lock", &path);
        let cannot = |error| failed(error).not_applied();
        let mut options = private();
        options.read(true).write(true).create(true).truncate(false);
        for _ in 0..ATTEMPTS {
            let file = options.open(&path).map_err(cannot)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(cannot(error)),
            }
            let (path, pair) = (path.clone(), place.path("json"));
            let lock = Self { file, path, pair };
            if is_at(&lock.file, &lock.path).map_err(cannot)? {
                return Ok(Some(lock));
            }
        }
        Ok(None) // others take it and give it back all the time
    }
}

impl Drop for Lock {
    /// Closing the file is not enough: a child process that is just being started has a copy of
    /// the handle until it runs its own program.
    fn drop(&mut self) {
        let nothing_is_stored = matches!(self.pair.try_exists(), Ok(false));
        if cfg!(unix) && nothing_is_stored && matches!(is_at(&self.file, &self.path), Ok(true)) {
            let _ = fs::remove_file(&self.path);
        }
        let _ = self.file.unlock();
    }
}

/// Whether the file under this name is the one that is open.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let named = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        named => named?,
    };
    let open = file.metadata()?;
    Ok((named.dev(), named.ino()) == (open.dev(), open.ino()))
}

#[cfg(not(unix))]
fn is_at(_file: &File, _path: &Path) -> io::Result<bool> {
    Ok(true)
}
