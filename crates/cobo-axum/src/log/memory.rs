use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::{Claim, EventLog, LogError, NewEvent, ParkedEvent, Recorded};

/// How long and how many IDs of handled events are remembered.
const REMEMBERED: Duration = Duration::from_secs(7 * 24 * 60 * 60);
const MAX_REMEMBERED: usize = 100_000;

/// An event log in memory, for tests and for events that may be lost: when the process ends, what
/// is not handled is gone although it was acknowledged.
///
/// It remembers the IDs of the last 100,000 handled events for 7 days.
pub struct MemoryLog {
    capacity: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Events that are not done.
    events: HashMap<String, Entry>,
    /// The waiting ones: when they are due, the order of arrival, the ID.
    waiting: BTreeSet<(u64, u64, String)>,
    arrivals: u64,
    done: HashSet<String>,
    /// When each was done, oldest first.
    done_at: VecDeque<(u64, String)>,
}

struct Entry {
    body: Bytes,
    attempts: u32,
    /// Set while it is parked.
    parked: Option<String>,
}

impl MemoryLog {
    /// A log with at most `capacity` events that are waiting, claimed or parked.
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Ignoring the poison is safe: no code panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn wait(&mut self, id: &str, due: u64) {
        self.arrivals += 1;
        self.waiting.insert((due, self.arrivals, id.to_owned()));
    }

    fn forget_done(&mut self, now: u64) {
        let oldest = now.saturating_sub(u64::try_from(REMEMBERED.as_millis()).unwrap_or(u64::MAX));
        while let Some((at, id)) = self.done_at.front()
            && (*at < oldest || self.done_at.len() > MAX_REMEMBERED)
        {
            self.done.remove(id);
            self.done_at.pop_front();
        }
    }
}

#[async_trait]
impl EventLog for MemoryLog {
    async fn record(&self, event: NewEvent, now: u64) -> Result<Recorded, LogError> {
        let mut state = self.state();
        state.forget_done(now);
        if state.done.contains(&event.id) || state.events.contains_key(&event.id) {
            return Ok(Recorded::Duplicate);
        }
        if state.events.len() >= self.capacity {
            return Err(LogError::Full);
        }
        state.wait(&event.id, now);
        let entry = Entry {
            body: event.body,
            attempts: 0,
            parked: None,
        };
        state.events.insert(event.id, entry);
        Ok(Recorded::New)
    }

    async fn claim(&self, now: u64) -> Result<Claim, LogError> {
        let mut state = self.state();
        let next_due = state.waiting.first().map(|(due, ..)| *due);
        if next_due.is_none_or(|due| due > now) {
            return Ok(Claim::Nothing { next_due });
        }
        let Some((_, _, id)) = state.waiting.pop_first() else {
            return Ok(Claim::Nothing { next_due: None });
        };
        let Some(entry) = state.events.get_mut(&id) else {
            return Ok(Claim::Nothing { next_due: None });
        };
        entry.attempts += 1;
        Ok(Claim::Event {
            id,
            body: entry.body.clone(),
            attempt: entry.attempts,
        })
    }

    async fn done(&self, id: &str, now: u64) -> Result<(), LogError> {
        let mut state = self.state();
        if state.events.remove(id).is_some() && state.done.insert(id.to_owned()) {
            state.done_at.push_back((now, id.to_owned()));
        }
        state.forget_done(now);
        Ok(())
    }

    async fn retry(&self, id: &str, due: u64) -> Result<(), LogError> {
        let mut state = self.state();
        if state.events.contains_key(id) {
            state.wait(id, due);
        }
        Ok(())
    }

    async fn park(&self, id: &str, reason: &str) -> Result<(), LogError> {
        if let Some(entry) = self.state().events.get_mut(id) {
            entry.parked = Some(reason.to_owned());
        }
        Ok(())
    }

    async fn parked(&self) -> Result<Vec<ParkedEvent>, LogError> {
        let state = self.state();
        let parked = state.events.iter().filter_map(|(id, entry)| {
            Some(ParkedEvent {
                id: id.clone(),
                body: entry.body.clone(),
                reason: entry.parked.clone()?,
            })
        });
        Ok(parked.collect())
    }

    async fn release(&self, id: &str, now: u64) -> Result<bool, LogError> {
        let mut state = self.state();
        let Some(entry) = state.events.get_mut(id) else {
            return Ok(false);
        };
        if entry.parked.take().is_none() {
            return Ok(false);
        }
        entry.attempts = 0;
        state.wait(id, now);
        Ok(true)
    }
}

impl fmt::Debug for MemoryLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("MemoryLog")
            .field("capacity", &self.capacity)
            .field("events", &state.events.len())
            .field("done", &state.done.len())
            .finish()
    }
}
