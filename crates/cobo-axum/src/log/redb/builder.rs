use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ::redb::StorageBackend;

use super::create::backend;
use super::file::LogFile;
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
    reopen_pause: Duration,
}

impl RedbLogBuilder {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            bounds: Bounds::new(capacity),
            cache_bytes: 16 * 1024 * 1024,
            reopen_pause: Duration::from_secs(1),
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

    /// Sets how long the log waits after it opened its storage again because of a disk error, or tried
    /// to, before it does so once more: each time it writes the whole file. Calls in between fail at
    /// once. Default: 1 s.
    pub fn reopen_pause(mut self, pause: Duration) -> Self {
        self.reopen_pause = pause;
        self
    }

    /// Opens or creates the file. Blocks the thread while the file is read.
    ///
    /// # Errors
    ///
    /// As for [`RedbLog::open`]; or the limit of parked events is 0.
    pub fn open(self, path: impl AsRef<Path>) -> Result<RedbLog, LogError> {
        let path = path.as_ref().to_owned();
        self.open_with(move || backend(&path))
    }

    /// Opens a log in a storage that is not a file. `open` is called again after each error of the
    /// storage.
    ///
    /// # Errors
    ///
    /// The storage fails, or contains data that is not an event log; or a limit is 0.
    pub fn open_with<B: StorageBackend>(
        self,
        open: impl Fn() -> io::Result<B> + Send + Sync + 'static,
    ) -> Result<RedbLog, LogError> {
        self.bounds.validate()?;
        let file = LogFile::open(open, self.cache_bytes, self.reopen_pause).map_err(failed)?;
        Ok(RedbLog {
            file: Arc::new(file),
            bounds: self.bounds,
        })
    }
}
