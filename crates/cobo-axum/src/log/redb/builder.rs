use std::io;
use std::path::Path;
use std::sync::Arc;

use ::redb::StorageBackend;

use super::file::{LogFile, backend};
use super::{RedbLog, failed};
use crate::log::{Bounds, LogError};

/// Sets up a [`RedbLog`].
///
/// ```
/// use cobo_axum::RedbLog;
///
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("events.redb");
/// let log = RedbLog::builder(10_000)
///     .max_parked(1_000)
///     .cache_bytes(4 * 1024 * 1024)
///     .open(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct RedbLogBuilder {
    bounds: Bounds,
    cache_bytes: usize,
}

impl RedbLogBuilder {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            bounds: Bounds::new(capacity),
            cache_bytes: 16 * 1024 * 1024,
        }
    }

    /// Sets how many events may be parked before new ones are refused. With `usize::MAX`, only the
    /// disk limits them, and parked events never make the inbox answer 503. Default: 100,000.
    pub fn max_parked(mut self, events: usize) -> Self {
        self.bounds.parked = events;
        self
    }

    /// Sets how much memory the database uses as a cache, in bytes. Default: 16 MiB.
    pub fn cache_bytes(mut self, bytes: usize) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// Opens or creates the file. Blocks while it is read.
    ///
    /// # Errors
    ///
    /// As for [`RedbLog::open`].
    pub fn open(self, path: impl AsRef<Path>) -> Result<RedbLog, LogError> {
        let path = path.as_ref().to_owned();
        self.open_with(move || backend(&path))
    }

    /// Opens a log in a storage that is not a file. `open` is called again after each error of the
    /// storage.
    ///
    /// # Errors
    ///
    /// The storage fails, or has something else in it.
    pub fn open_with<B: StorageBackend>(
        self,
        open: impl Fn() -> io::Result<B> + Send + Sync + 'static,
    ) -> Result<RedbLog, LogError> {
        let file = LogFile::open(open, self.cache_bytes).map_err(failed)?;
        Ok(RedbLog {
            file: Arc::new(file),
            bounds: self.bounds,
        })
    }
}
