//! Locks of the operating system, which end with the process that holds them.

use std::fs::{File, TryLockError};
use std::path::Path;

use super::directory::{failed, private};
use crate::store::StoreError;

/// Held until it is dropped. Two of the same file exclude each other in one process as well.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Lock {
    /// The lock, unless another has it. The file is made where it is not there, and stays: one that
    /// is removed could be locked by two, under the same name.
    pub(super) fn attempt(path: &Path) -> Result<Option<Self>, StoreError> {
        let failed = failed("cannot lock", path);
        let cannot = |error| failed(error).not_applied();
        let mut options = private();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(path).map_err(cannot)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(cannot(error)),
        }
    }
}

impl Drop for Lock {
    /// Closing the file is not enough: a child process that is just being started has a copy of
    /// the handle until it runs its own program.
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}
