//! The open database, which is opened again after a disk error.

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use ::redb::backends::FileBackend;
use ::redb::{Database, Error, StorageBackend};

use super::tables;

/// How many bytes are written again at a time.
const CHUNK: usize = 1024 * 1024;

/// A database that is opened again by the next call after a disk error.
///
/// redb refuses everything after a disk error, until the database is opened again.
pub(super) struct LogFile {
    open: Box<dyn Fn(Opening) -> Result<Database, Error> + Send + Sync>,
    /// `None` after an error.
    opened: RwLock<Option<Opened>>,
    /// How many times it was opened.
    openings: AtomicU64,
    /// The IDs of the events that workers of this process handle. If the file is opened again, these
    /// stay claimed.
    claimed: Mutex<HashSet<String>>,
}

struct Opened {
    database: Database,
    /// Distinguishes it from a database that was opened later.
    number: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opening {
    First,
    AfterError,
}

impl LogFile {
    /// Opens the database. `open` is called again after each disk error.
    pub(super) fn open<B: StorageBackend>(
        open: impl Fn() -> io::Result<B> + Send + Sync + 'static,
        cache_bytes: usize,
    ) -> Result<Self, Error> {
        let open = move |opening| {
            let backend = open()?;
            if opening == Opening::AfterError {
                write_again(&backend)?;
            }
            let mut builder = Database::builder();
            builder.set_cache_size(cache_bytes);
            Ok(builder.create_with_backend(backend)?)
        };
        let file = Self {
            open: Box::new(open),
            opened: RwLock::default(),
            openings: AtomicU64::new(0),
            claimed: Mutex::default(),
        };
        let opened = file.prepared(Opening::First)?;
        *file.opened.write().unwrap_or_else(PoisonError::into_inner) = Some(opened);
        Ok(file)
    }

    /// Runs `work` on the database. After a disk error, closes it: the next call opens it again. `work`
    /// is not repeated.
    pub(super) fn run<T>(
        &self,
        work: impl FnOnce(&Database, &Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.reopen()?;
        let opened = self.opened.read().unwrap_or_else(PoisonError::into_inner);
        // Another call may have closed it since.
        let current = opened.as_ref().ok_or(Error::PreviousIo)?;
        let (result, number) = (work(&current.database, self), current.number);
        drop(opened);
        if matches!(&result, Err(Error::Io(_) | Error::PreviousIo)) {
            self.close(number);
        }
        result
    }

    /// The IDs of the events that workers of this process handle.
    pub(super) fn claimed(&self) -> MutexGuard<'_, HashSet<String>> {
        // Ignoring the poison is safe: no code panics while it holds the lock.
        self.claimed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the database if it is closed.
    fn reopen(&self) -> Result<(), Error> {
        let opened = self.opened.read().unwrap_or_else(PoisonError::into_inner);
        if opened.is_some() {
            return Ok(());
        }
        drop(opened);
        let mut opened = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        if opened.is_none() {
            *opened = Some(self.prepared(Opening::AfterError)?);
            tracing::warn!("the event log was opened again after a disk error");
        }
        Ok(())
    }

    fn prepared(&self, opening: Opening) -> Result<Opened, Error> {
        let database = (self.open)(opening)?;
        tables::prepare(&database, &self.claimed())?;
        let number = self.openings.fetch_add(1, Ordering::Relaxed);
        Ok(Opened { database, number })
    }

    /// Closes the database, unless it was opened again since.
    fn close(&self, number: u64) {
        let mut opened = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        // It is dropped while the lock is held: a file cannot be opened twice.
        if opened.take_if(|opened| opened.number == number).is_some() {
            tracing::error!("the disk of the event log failed; the next call opens the log again");
        }
    }
}

/// Opens or creates a file.
pub(super) fn backend(path: &Path) -> io::Result<FileBackend> {
    let mut options = std::fs::OpenOptions::new();
    let options = options.read(true).write(true).create(true).truncate(false);
    let file = options.open(path)?;
    flush_folder(path)?;
    FileBackend::new(file).map_err(io::Error::other)
}

/// Flushes the entry of the file in its folder. Without this, a new file may be missing after a crash
/// of the machine, although its content was flushed.
#[cfg(unix)]
fn flush_folder(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    std::fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Other systems have no such call.
#[cfg(not(unix))]
fn flush_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Writes everything again and flushes it.
///
/// After a failed flush, the system may have the new bytes in its memory, and count them as written
/// although the disk does not have them. A later flush would skip them.
fn write_again(backend: &impl StorageBackend) -> io::Result<()> {
    let length = backend.len()?;
    let mut buffer = vec![0; CHUNK];
    let mut offset = 0;
    while offset < length {
        let rest = usize::try_from(length - offset).unwrap_or(CHUNK);
        let chunk = &mut buffer[..rest.min(CHUNK)];
        backend.read(offset, chunk)?;
        backend.write(offset, chunk)?;
        offset += chunk.len() as u64;
    }
    backend.sync_data()
}
