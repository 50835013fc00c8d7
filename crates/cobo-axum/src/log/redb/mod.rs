//! An event log in a file.

mod builder;
mod create;
mod file;
mod tables;

use std::fmt;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use ::redb::{
    Database, Error, ReadableDatabase as _, ReadableTable as _, ReadableTableMetadata as _,
    WriteTransaction,
};
use async_trait::async_trait;
use bytes::Bytes;

use super::{Bounds, Claim, Counts, EventLog, LogError, NewEvent, ParkedEvent, Recorded};
pub use builder::RedbLogBuilder;
use file::LogFile;
use tables::{DONE, EVENTS, PARKED, STATES, WAITING};

/// An event log in a file, by the embedded database [redb](::redb). It survives a crash of the
/// process and of the machine: [`record`](EventLog::record) returns after the disk has the event.
///
/// One process can open a file at a time. The log remembers the IDs of the last million handled events
/// for 7 days. Bodies are stored as received, not encrypted. On Unix, a new file can be read and
/// written by its owner only (mode 0600); a file that exists keeps its mode. A user who can write to
/// it can forge events: they are verified before they are recorded, and not again afterwards.
///
/// After a disk error, the running calls fail, and the next call opens the file again. Before that, it
/// rewrites and flushes the whole file, because the operating system may have dropped data that a
/// failed flush should have written. If that fails, too, calls fail at once for a
/// [pause](RedbLogBuilder::reopen_pause). If the file is missing or empty then, because its disk was
/// unmounted, calls fail until it is there; no new one is created. Events that workers of this process
/// are handling stay claimed.
pub struct RedbLog {
    file: Arc<LogFile>,
    bounds: Bounds,
}

impl RedbLog {
    /// Opens or creates the file. Events that were claimed when the last process ended are waiting
    /// again. The log has at most `capacity` events that are waiting or claimed, and at most 100,000
    /// that are parked.
    ///
    /// It blocks while the file is read.
    ///
    /// # Errors
    ///
    /// The file cannot be opened, is not an event log, or is open in another process; or the capacity
    /// is 0.
    pub fn open(path: impl AsRef<Path>, capacity: usize) -> Result<Self, LogError> {
        Self::builder(capacity).open(path)
    }

    /// Starts the setup of a log with other settings than the defaults. The log has at most
    /// `capacity` events that are waiting or claimed.
    pub fn builder(capacity: usize) -> RedbLogBuilder {
        RedbLogBuilder::new(capacity)
    }

    /// Runs `work` in a transaction that is durable when this returns.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&WriteTransaction) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, LogError> {
        self.blocking(move |database, _| commit(database, work))
            .await
    }

    /// Runs `work` like `write`. After that, the event no longer has this claim; with `None`, it has no
    /// claim.
    async fn give_up<T: Send + 'static>(
        &self,
        id: &str,
        claim: Option<u32>,
        work: impl FnOnce(&WriteTransaction, &str) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, LogError> {
        let id = id.to_owned();
        self.blocking(move |database, file| {
            let value = commit(database, |transaction| work(transaction, &id))?;
            file.remove_claim(&id, claim);
            Ok(value)
        })
        .await
    }

    /// Runs `work` on a thread that may wait for the disk.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database, &LogFile) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, LogError> {
        let file = Arc::clone(&self.file);
        match tokio::task::spawn_blocking(move || file.run(work)).await {
            Ok(result) => result.map_err(failed),
            Err(panicked) => Err(LogError::Failed(panicked.into())),
        }
    }
}

fn failed(error: Error) -> LogError {
    LogError::Failed(Box::new(error))
}

fn commit<T>(
    database: &Database,
    work: impl FnOnce(&WriteTransaction) -> Result<T, Error>,
) -> Result<T, Error> {
    let transaction = database.begin_write()?;
    let value = work(&transaction)?;
    transaction.commit()?;
    Ok(value)
}

fn counts(events: u64, parked: u64) -> Counts {
    let count = |number| usize::try_from(number).unwrap_or(usize::MAX);
    Counts {
        unfinished: count(events.saturating_sub(parked)),
        parked: count(parked),
    }
}

#[async_trait]
impl EventLog for RedbLog {
    async fn record(&self, event: NewEvent, now: u64) -> Result<Recorded, LogError> {
        let bounds = self.bounds;
        // A duplicate needs no transaction that writes, so it does not wait for the disk.
        let id = event.id.clone();
        let known = self.blocking(move |database, _| {
            let transaction = database.begin_read()?;
            let done = transaction.open_table(DONE)?.get(id.as_str())?.is_some();
            let events = transaction.open_table(EVENTS)?;
            Ok(done || events.get(id.as_str())?.is_some())
        });
        if known.await? {
            return Ok(Recorded::Duplicate);
        }
        let recorded = self.write(move |transaction| {
            let id = event.id.as_str();
            let mut events = transaction.open_table(EVENTS)?;
            let done = transaction.open_table(DONE)?.get(id)?.is_some();
            if done || events.get(id)?.is_some() {
                return Ok(Ok(Recorded::Duplicate));
            }
            let parked = transaction.open_table(PARKED)?.len()?;
            if let Err(full) = bounds.check(counts(events.len()?, parked)) {
                return Ok(Err(full));
            }
            events.insert(id, &*event.body)?;
            tables::wait(transaction, id, 0, now)?;
            Ok(Ok(Recorded::New))
        });
        recorded.await?
    }

    async fn claim(&self, now: u64) -> Result<Claim, LogError> {
        let next_due = self.blocking(|database, _| {
            let waiting = database.begin_read()?.open_table(WAITING)?;
            let next_due = waiting.first()?.map(|(key, _)| key.value().0);
            Ok(next_due)
        });
        let next_due = next_due.await?;
        if next_due.is_none_or(|due| due > now) {
            return Ok(Claim::Nothing { next_due });
        }
        // Another worker may have claimed the event since then, so the transaction looks again.
        self.blocking(move |database, file| {
            let claim = commit(database, |transaction| claim(transaction, now))?;
            if let Claim::Event { id, claim, .. } = &claim {
                file.add_claim(id, *claim);
            }
            Ok(claim)
        })
        .await
    }

    async fn done(&self, id: &str, now: u64) -> Result<(), LogError> {
        self.give_up(id, None, move |transaction, id| {
            let is_there = transaction.open_table(EVENTS)?.get(id)?.is_some();
            if is_there && !tables::is_parked(transaction, id)? {
                tables::finish(transaction, id, now)?;
            }
            Ok(())
        })
        .await
    }

    async fn retry(&self, id: &str, claim: u32, due: u64) -> Result<(), LogError> {
        self.give_up(
            id,
            Some(claim),
            move |transaction, id| match tables::claimed(transaction, id, claim)? {
                Some(attempts) => tables::wait(transaction, id, attempts, due),
                None => Ok(()),
            },
        )
        .await
    }

    async fn park(&self, id: &str, claim: u32, reason: &str) -> Result<(), LogError> {
        let reason = reason.to_owned();
        self.give_up(id, Some(claim), move |transaction, id| {
            if tables::claimed(transaction, id, claim)?.is_some() {
                let mut parked = transaction.open_table(PARKED)?;
                parked.insert(id, reason.as_str())?;
            }
            Ok(())
        })
        .await
    }

    async fn parked(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<ParkedEvent>, LogError> {
        let after = after.map(str::to_owned);
        self.blocking(move |database, _| {
            let transaction = database.begin_read()?;
            let parked = transaction.open_table(PARKED)?;
            let events = transaction.open_table(EVENTS)?;
            let start = after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
            let mut found = Vec::new();
            for entry in parked.range::<&str>((start, Bound::Unbounded))?.take(limit) {
                let (id, reason) = entry?;
                let body = events.get(id.value())?;
                found.push(ParkedEvent {
                    id: id.value().to_owned(),
                    body: body.map_or_else(Bytes::new, |body| Bytes::copy_from_slice(body.value())),
                    reason: reason.value().to_owned(),
                });
            }
            Ok(found)
        })
        .await
    }

    async fn release(&self, id: &str, now: u64) -> Result<bool, LogError> {
        let id = id.to_owned();
        self.write(move |transaction| {
            let parked = transaction.open_table(PARKED)?.remove(&*id)?.is_some();
            if parked {
                tables::wait(transaction, &id, 0, now)?;
            }
            Ok(parked)
        })
        .await
    }

    async fn discard(&self, id: &str, now: u64) -> Result<Option<ParkedEvent>, LogError> {
        let id = id.to_owned();
        self.write(move |transaction| {
            let reason = {
                let parked = transaction.open_table(PARKED)?;
                let reason = parked.get(&*id)?;
                reason.map(|reason| reason.value().to_owned())
            };
            let Some(reason) = reason else {
                return Ok(None);
            };
            let body = {
                let events = transaction.open_table(EVENTS)?;
                let body = events.get(&*id)?;
                body.map_or_else(Bytes::new, |body| Bytes::copy_from_slice(body.value()))
            };
            tables::finish(transaction, &id, now)?;
            Ok(Some(ParkedEvent { id, body, reason }))
        })
        .await
    }

    async fn counts(&self) -> Result<Counts, LogError> {
        self.blocking(|database, _| {
            let transaction = database.begin_read()?;
            let events = transaction.open_table(EVENTS)?.len()?;
            Ok(counts(events, transaction.open_table(PARKED)?.len()?))
        })
        .await
    }
}

/// Claims the event that has been due for the longest time.
fn claim(transaction: &WriteTransaction, now: u64) -> Result<Claim, Error> {
    let mut waiting = transaction.open_table(WAITING)?;
    let first = waiting.first()?.map(|(key, _)| {
        let (due, id) = key.value();
        (due, id.to_owned())
    });
    let (due, id) = match first {
        Some((due, id)) if due <= now => (due, id),
        first => {
            let next_due = first.map(|(due, _)| due);
            return Ok(Claim::Nothing { next_due });
        }
    };
    waiting.remove((due, id.as_str()))?;
    let events = transaction.open_table(EVENTS)?;
    let body = events.get(id.as_str())?;
    let Some(body) = body.map(|body| Bytes::copy_from_slice(body.value())) else {
        return Ok(Claim::Nothing {
            next_due: Some(now),
        });
    };
    let mut states = transaction.open_table(STATES)?;
    let state = states.get(id.as_str())?.map(|state| state.value());
    let (attempts, claims, _) = state.unwrap_or_default();
    let (attempt, claim) = (attempts.saturating_add(1), claims.saturating_add(1));
    states.insert(id.as_str(), (attempt, claim, None))?;
    Ok(Claim::Event {
        id,
        body,
        attempt,
        claim,
    })
}

impl fmt::Debug for RedbLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedbLog")
            .field("bounds", &self.bounds)
            .finish_non_exhaustive()
    }
}
