use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ::redb::{
    Database, Error, ReadableDatabase as _, ReadableTable as _, ReadableTableMetadata as _,
    StorageBackend, TableDefinition, WriteTransaction,
};
use async_trait::async_trait;
use bytes::Bytes;

use super::{Claim, EventLog, LogError, NewEvent, ParkedEvent, Recorded};

/// The bodies of events that are not done, by ID.
const EVENTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("events");
/// Of each event: the attempts so far, and why it is parked.
const STATES: TableDefinition<'_, &str, (u32, Option<&str>)> = TableDefinition::new("states");
/// When each waiting event is due, and its ID.
const WAITING: TableDefinition<'_, (u64, &str), ()> = TableDefinition::new("waiting");
/// When each remembered event was done, by ID.
const DONE: TableDefinition<'_, &str, u64> = TableDefinition::new("done");
/// The same, oldest first.
const DONE_AT: TableDefinition<'_, (u64, &str), ()> = TableDefinition::new("done_at");

/// How long the IDs of handled events are remembered, in milliseconds, and how many.
const REMEMBERED: u64 = Duration::from_secs(7 * 24 * 60 * 60).as_millis() as u64;
const MAX_REMEMBERED: u64 = 1_000_000;

/// An event log in a file, by the embedded database [redb](::redb). It survives a crash of the
/// process and of the machine: [`record`](EventLog::record) returns after the disk has the event.
///
/// One process can open a file at a time. It remembers the IDs of the last million handled events
/// for 7 days. Bodies are stored as received, not encrypted: give the directory the permissions
/// that they need.
pub struct RedbLog {
    database: Arc<Database>,
    capacity: u64,
}

impl RedbLog {
    /// Opens or creates the file. Events that were claimed when the last process ended are waiting
    /// again. The log has at most `capacity` events that are waiting, claimed or parked.
    ///
    /// It blocks while the file is read.
    ///
    /// # Errors
    ///
    /// The file cannot be opened, is not such a log, or is open in another process.
    pub fn open(path: impl AsRef<Path>, capacity: usize) -> Result<Self, LogError> {
        Self::of(
            Database::create(path).map_err(|error| failed(error.into()))?,
            capacity,
        )
    }

    /// As [`open`](Self::open), with another storage than a file.
    ///
    /// # Errors
    ///
    /// The storage fails, or has something else in it.
    pub fn with_backend(backend: impl StorageBackend, capacity: usize) -> Result<Self, LogError> {
        let database = Database::builder().create_with_backend(backend);
        Self::of(database.map_err(|error| failed(error.into()))?, capacity)
    }

    fn of(database: Database, capacity: usize) -> Result<Self, LogError> {
        prepare(&database).map_err(failed)?;
        Ok(Self {
            database: Arc::new(database),
            capacity: u64::try_from(capacity).unwrap_or(u64::MAX),
        })
    }

    /// Runs `work` in a transaction that is durable when this returns.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&WriteTransaction) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, LogError> {
        self.blocking(move |database| {
            let transaction = database.begin_write()?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        })
        .await
    }

    /// Runs `work` on a thread that may wait for the disk.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, LogError> {
        let database = Arc::clone(&self.database);
        match tokio::task::spawn_blocking(move || work(&database)).await {
            Ok(result) => result.map_err(failed),
            Err(panicked) => Err(LogError::Failed(panicked.into())),
        }
    }
}

fn failed(error: Error) -> LogError {
    LogError::Failed(Box::new(error))
}

/// Creates the tables, and makes claimed events wait again.
fn prepare(database: &Database) -> Result<(), Error> {
    let transaction = database.begin_write()?;
    {
        transaction.open_table(EVENTS)?;
        transaction.open_table(DONE)?;
        transaction.open_table(DONE_AT)?;
        let states = transaction.open_table(STATES)?;
        let mut waiting = transaction.open_table(WAITING)?;
        let mut known = std::collections::HashSet::new();
        for entry in waiting.iter()? {
            known.insert(entry?.0.value().1.to_owned());
        }
        for entry in states.iter()? {
            let (id, state) = entry?;
            if state.value().1.is_none() && !known.contains(id.value()) {
                waiting.insert((0, id.value()), ())?;
            }
        }
    }
    Ok(transaction.commit()?)
}

/// Forgets handled events that are too old or too many.
fn forget_done(transaction: &WriteTransaction, now: u64) -> Result<(), Error> {
    let mut done = transaction.open_table(DONE)?;
    let mut done_at = transaction.open_table(DONE_AT)?;
    loop {
        let oldest = done_at.first()?.map(|(key, _)| {
            let (at, id) = key.value();
            (at, id.to_owned())
        });
        let Some((at, id)) = oldest else {
            return Ok(());
        };
        if at >= now.saturating_sub(REMEMBERED) && done_at.len()? <= MAX_REMEMBERED {
            return Ok(());
        }
        done_at.remove((at, id.as_str()))?;
        done.remove(id.as_str())?;
    }
}

#[async_trait]
impl EventLog for RedbLog {
    async fn record(&self, event: NewEvent, now: u64) -> Result<Recorded, LogError> {
        let capacity = self.capacity;
        let recorded = self.write(move |transaction| {
            let mut events = transaction.open_table(EVENTS)?;
            let id = event.id.as_str();
            let done = transaction.open_table(DONE)?.get(id)?.is_some();
            if done || events.get(id)?.is_some() {
                return Ok(Some(Recorded::Duplicate));
            }
            if events.len()? >= capacity {
                return Ok(None);
            }
            events.insert(id, &*event.body)?;
            transaction
                .open_table(STATES)?
                .insert(id, (0_u32, None::<&str>))?;
            transaction.open_table(WAITING)?.insert((now, id), ())?;
            Ok(Some(Recorded::New))
        });
        recorded.await?.ok_or(LogError::Full)
    }

    async fn claim(&self, now: u64) -> Result<Claim, LogError> {
        let next_due = self.blocking(|database| {
            let waiting = database.begin_read()?.open_table(WAITING)?;
            let next_due = waiting.first()?.map(|(key, _)| key.value().0);
            Ok(next_due)
        });
        let next_due = next_due.await?;
        if next_due.is_none_or(|due| due > now) {
            return Ok(Claim::Nothing { next_due });
        }
        // Another worker may have claimed it since.
        self.write(move |transaction| {
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
            let attempts = states.get(id.as_str())?.map_or(0, |state| state.value().0);
            let attempt = attempts.saturating_add(1);
            states.insert(id.as_str(), (attempt, None::<&str>))?;
            Ok(Claim::Event { id, body, attempt })
        })
        .await
    }

    async fn done(&self, id: &str, now: u64) -> Result<(), LogError> {
        let id = id.to_owned();
        self.write(move |transaction| {
            let id = id.as_str();
            transaction.open_table(EVENTS)?.remove(id)?;
            transaction.open_table(STATES)?.remove(id)?;
            transaction.open_table(DONE)?.insert(id, now)?;
            transaction.open_table(DONE_AT)?.insert((now, id), ())?;
            forget_done(transaction, now)
        })
        .await
    }

    async fn retry(&self, id: &str, due: u64) -> Result<(), LogError> {
        let id = id.to_owned();
        self.write(move |transaction| {
            let id = id.as_str();
            if transaction.open_table(STATES)?.get(id)?.is_some() {
                transaction.open_table(WAITING)?.insert((due, id), ())?;
            }
            Ok(())
        })
        .await
    }

    async fn park(&self, id: &str, reason: &str) -> Result<(), LogError> {
        let (id, reason) = (id.to_owned(), reason.to_owned());
        self.write(move |transaction| {
            let mut states = transaction.open_table(STATES)?;
            let attempts = states.get(id.as_str())?.map(|state| state.value().0);
            if let Some(attempts) = attempts {
                states.insert(id.as_str(), (attempts, Some(reason.as_str())))?;
            }
            Ok(())
        })
        .await
    }

    async fn parked(&self) -> Result<Vec<ParkedEvent>, LogError> {
        self.blocking(|database| {
            let transaction = database.begin_read()?;
            let states = transaction.open_table(STATES)?;
            let events = transaction.open_table(EVENTS)?;
            let mut parked = Vec::new();
            for entry in states.iter()? {
                let (id, state) = entry?;
                let (Some(reason), Some(body)) = (state.value().1, events.get(id.value())?) else {
                    continue;
                };
                parked.push(ParkedEvent {
                    id: id.value().to_owned(),
                    body: Bytes::copy_from_slice(body.value()),
                    reason: reason.to_owned(),
                });
            }
            Ok(parked)
        })
        .await
    }

    async fn release(&self, id: &str, now: u64) -> Result<bool, LogError> {
        let id = id.to_owned();
        self.write(move |transaction| {
            let id = id.as_str();
            let mut states = transaction.open_table(STATES)?;
            let parked = states
                .get(id)?
                .is_some_and(|state| state.value().1.is_some());
            if parked {
                states.insert(id, (0_u32, None::<&str>))?;
                transaction.open_table(WAITING)?.insert((now, id), ())?;
            }
            Ok(parked)
        })
        .await
    }
}

impl fmt::Debug for RedbLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedbLog")
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}
