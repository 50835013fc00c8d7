//! The tables of the database.

use std::collections::HashMap;

use ::redb::{
    Database, Error, ReadableTable as _, ReadableTableMetadata as _, TableDefinition,
    WriteTransaction,
};

use crate::log::{FORGOTTEN_PER_CALL, REMEMBERED};

/// The bodies of events that are not done, by ID.
pub(super) const EVENTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("events");
/// Of each event: the attempts since it arrived or was released, the number of its last claim, and when
/// it is due if it is waiting.
pub(super) const STATES: TableDefinition<'_, &str, (u32, u32, Option<u64>)> =
    TableDefinition::new("states");
/// When each waiting event is due, and its ID.
pub(super) const WAITING: TableDefinition<'_, (u64, &str), ()> = TableDefinition::new("waiting");
/// Why each parked event is parked, by ID.
pub(super) const PARKED: TableDefinition<'_, &str, &str> = TableDefinition::new("parked");
/// When each remembered event was done, by ID.
pub(super) const DONE: TableDefinition<'_, &str, u64> = TableDefinition::new("done");
/// The same, oldest first.
const DONE_AT: TableDefinition<'_, (u64, &str), ()> = TableDefinition::new("done_at");

const MAX_REMEMBERED: u64 = 1_000_000;

/// Creates the tables, and makes claimed events wait again, except those in `claimed`.
pub(super) fn prepare(database: &Database, claimed: &HashMap<String, u32>) -> Result<(), Error> {
    let transaction = database.begin_write()?;
    {
        transaction.open_table(EVENTS)?;
        transaction.open_table(DONE)?;
        transaction.open_table(DONE_AT)?;
        let parked = transaction.open_table(PARKED)?;
        let mut states = transaction.open_table(STATES)?;
        let mut waiting = transaction.open_table(WAITING)?;
        let mut interrupted = Vec::new();
        for entry in states.iter()? {
            let (id, state) = entry?;
            let ((attempts, claim, due), id) = (state.value(), id.value());
            if due.is_none() && !claimed.contains_key(id) && parked.get(id)?.is_none() {
                interrupted.push((id.to_owned(), attempts, claim));
            }
        }
        for (id, attempts, claim) in interrupted {
            states.insert(id.as_str(), (attempts, claim, Some(0)))?;
            waiting.insert((0, id.as_str()), ())?;
        }
    }
    Ok(transaction.commit()?)
}

/// The attempts of an event so far, if it has the claim with this number.
pub(super) fn claimed(
    transaction: &WriteTransaction,
    id: &str,
    claim: u32,
) -> Result<Option<u32>, Error> {
    let states = transaction.open_table(STATES)?;
    let state = states.get(id)?.map(|state| state.value());
    match state {
        Some((attempts, last, None)) if last == claim && !is_parked(transaction, id)? => {
            Ok(Some(attempts))
        }
        _ => Ok(None),
    }
}

pub(super) fn is_parked(transaction: &WriteTransaction, id: &str) -> Result<bool, Error> {
    Ok(transaction.open_table(PARKED)?.get(id)?.is_some())
}

/// Makes an event wait. Its last claim keeps its number.
pub(super) fn wait(
    transaction: &WriteTransaction,
    id: &str,
    attempts: u32,
    due: u64,
) -> Result<(), Error> {
    let mut states = transaction.open_table(STATES)?;
    let claim = states.get(id)?.map_or(0, |state| state.value().1);
    states.insert(id, (attempts, claim, Some(due)))?;
    transaction.open_table(WAITING)?.insert((due, id), ())?;
    Ok(())
}

/// Removes an event, and remembers its ID.
pub(super) fn finish(transaction: &WriteTransaction, id: &str, now: u64) -> Result<(), Error> {
    transaction.open_table(EVENTS)?.remove(id)?;
    let due = {
        let mut states = transaction.open_table(STATES)?;
        let state = states.remove(id)?;
        state.and_then(|state| state.value().2)
    };
    if let Some(due) = due {
        transaction.open_table(WAITING)?.remove((due, id))?;
    }
    transaction.open_table(PARKED)?.remove(id)?;
    transaction.open_table(DONE)?.insert(id, now)?;
    transaction.open_table(DONE_AT)?.insert((now, id), ())?;
    forget_done(transaction, now)
}

/// Forgets handled events that are too old or too many, a limited number at a time.
fn forget_done(transaction: &WriteTransaction, now: u64) -> Result<(), Error> {
    let mut done = transaction.open_table(DONE)?;
    let mut done_at = transaction.open_table(DONE_AT)?;
    for _ in 0..FORGOTTEN_PER_CALL {
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
    Ok(())
}
