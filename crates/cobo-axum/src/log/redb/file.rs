//! The open database, which is opened again after a disk error.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use ::redb::{Database, Error, StorageBackend};
use tokio::time::Instant;

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
    /// When it was last opened after an error, or that failed.
    reopened: Mutex<Option<Instant>>,
    reopen_pause: Duration,
    /// The events that workers of this process handle, and the numbers of their claims. If the file is
    /// opened again, these stay claimed.
    claimed: Mutex<HashMap<String, u32>>,
}

struct Opened {
    database: Database,
    /// Distinguishes it from a database that was opened later.
    number: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    /// The log may be new.
    First,
    /// The log must be there.
    AfterError,
}

impl LogFile {
    /// Opens the database. `open` is called again after each disk error.
    pub(super) fn open<B: StorageBackend>(
        open: impl Fn(Opening) -> io::Result<B> + Send + Sync + 'static,
        cache_bytes: usize,
        reopen_pause: Duration,
    ) -> Result<Self, Error> {
        let open = move |opening| {
            let backend = open(opening)?;
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
            reopened: Mutex::default(),
            reopen_pause,
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

    /// Notes that a worker of this process handles an event.
    pub(super) fn add_claim(&self, id: &str, claim: u32) {
        lock(&self.claimed).insert(id.to_owned(), claim);
    }

    /// Notes that a claim has ended, if it is the last one of the event; with `None`, whichever it is.
    pub(super) fn remove_claim(&self, id: &str, claim: Option<u32>) {
        let mut claimed = lock(&self.claimed);
        if claim.is_none() || claimed.get(id).copied() == claim {
            claimed.remove(id);
        }
    }

    /// Opens the database if it is closed.
    fn reopen(&self) -> Result<(), Error> {
        let opened = self.opened.read().unwrap_or_else(PoisonError::into_inner);
        if opened.is_some() {
            return Ok(());
        }
        drop(opened);
        let mut opened = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        if opened.is_some() {
            return Ok(());
        }
        let mut reopened = lock(&self.reopened);
        let pause = self.reopen_pause;
        if reopened.is_some_and(|at| at.elapsed() < pause) {
            let text = format!(
                "the disk failed again; the event log is opened {pause:?} after the last attempt to open it"
            );
            return Err(Error::Io(io::Error::other(text)));
        }
        let result = self.prepared(Opening::AfterError);
        *reopened = Some(Instant::now());
        *opened = Some(result?);
        tracing::warn!("the event log was opened again after a disk error");
        Ok(())
    }

    fn prepared(&self, opening: Opening) -> Result<Opened, Error> {
        let database = (self.open)(opening)?;
        tables::prepare(&database, &lock(&self.claimed))?;
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Ignoring the poison is safe: no code panics while it holds one of these locks.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes everything again and flushes it. Refuses an empty storage, in which redb would create a new log.
///
/// After a failed flush, the system may have the new bytes in its memory, and count them as written
/// although the disk does not have them. A later flush would skip them.
fn write_again(backend: &impl StorageBackend) -> io::Result<()> {
    let length = backend.len()?;
    if length == 0 {
        return Err(io::Error::other(
            "the storage of the event log is empty now; mount its disk again, or restore the file",
        ));
    }
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
