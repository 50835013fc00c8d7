use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::fmt;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use super::{
    Bounds, Claim, Counts, EventLog, FORGOTTEN_PER_CALL, LogError, NewEvent, ParkedEvent,
    REMEMBERED, Recorded,
};

const MAX_REMEMBERED: usize = 100_000;

/// An event log in memory, for tests and for events that may be lost. When the process ends, events
/// that are not handled yet are lost, although they were acknowledged.
///
/// The log remembers the IDs of the last 100,000 handled events for 7 days.
pub struct MemoryLog {
    bounds: Bounds,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Events that are not done, by ID.
    events: BTreeMap<String, Entry>,
    /// The waiting events: due time, number of the arrival, ID.
    waiting: BTreeSet<(u64, u64, String)>,
    arrivals: u64,
    /// The number of parked events.
    parked: usize,
    done: HashSet<String>,
    /// Times and IDs of done events, oldest first.
    done_at: VecDeque<(u64, String)>,
}

struct Entry {
    body: Bytes,
    attempts: u32,
    /// The number of the last claim.
    claims: u32,
    place: Place,
}

enum Place {
    Waiting,
    Claimed,
    Parked(String),
}

impl Entry {
    fn parked(&self, id: &str) -> Option<ParkedEvent> {
        match &self.place {
            Place::Parked(reason) => Some(ParkedEvent {
                id: id.to_owned(),
                body: self.body.clone(),
                reason: reason.clone(),
            }),
            Place::Waiting | Place::Claimed => None,
        }
    }
}

impl MemoryLog {
    /// Creates a log with at most `capacity` events (at least one) that are waiting or claimed, and at most
    /// 100,000 that are parked.
    pub fn new(capacity: usize) -> Self {
        Self {
            bounds: Bounds::new(capacity.max(1)),
            state: Mutex::default(),
        }
    }

    /// Sets how many events may be parked before new ones are refused, at least one.
    #[must_use]
    pub fn max_parked(mut self, events: usize) -> Self {
        self.bounds.parked = events.max(1);
        self
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

    /// The event, if it has the claim with this number.
    fn claimed(&mut self, id: &str, claim: u32) -> Option<&mut Entry> {
        let entry = self.events.get_mut(id)?;
        (matches!(entry.place, Place::Claimed) && entry.claims == claim).then_some(entry)
    }

    fn counts(&self) -> Counts {
        Counts {
            unfinished: self.events.len() - self.parked,
            parked: self.parked,
        }
    }

    fn remember(&mut self, id: &str, now: u64) {
        if self.done.insert(id.to_owned()) {
            self.done_at.push_back((now, id.to_owned()));
        }
        self.forget_done(now);
    }

    fn forget_done(&mut self, now: u64) {
        let oldest = now.saturating_sub(REMEMBERED);
        for _ in 0..FORGOTTEN_PER_CALL {
            let expired = self.done_at.front().is_some_and(|(at, _)| *at < oldest);
            if !expired && self.done_at.len() <= MAX_REMEMBERED {
                return;
            }
            if let Some((_, id)) = self.done_at.pop_front() {
                self.done.remove(&id);
            }
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
        self.bounds.check(state.counts())?;
        state.wait(&event.id, now);
        let entry = Entry {
            body: event.body,
            attempts: 0,
            claims: 0,
            place: Place::Waiting,
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
        entry.attempts = entry.attempts.saturating_add(1);
        entry.claims = entry.claims.saturating_add(1);
        entry.place = Place::Claimed;
        Ok(Claim::Event {
            id,
            body: entry.body.clone(),
            attempt: entry.attempts,
            claim: entry.claims,
        })
    }

    async fn done(&self, id: &str, now: u64) -> Result<(), LogError> {
        let mut state = self.state();
        match state.events.get(id).map(|entry| &entry.place) {
            None | Some(Place::Parked(_)) => return Ok(()),
            // The call is late.
            Some(Place::Waiting) => state.waiting.retain(|(.., waiting)| waiting != id),
            Some(Place::Claimed) => {}
        }
        state.events.remove(id);
        state.remember(id, now);
        Ok(())
    }

    async fn retry(&self, id: &str, claim: u32, due: u64) -> Result<(), LogError> {
        let mut state = self.state();
        if let Some(entry) = state.claimed(id, claim) {
            entry.place = Place::Waiting;
            state.wait(id, due);
        }
        Ok(())
    }

    async fn park(&self, id: &str, claim: u32, reason: &str) -> Result<(), LogError> {
        let mut state = self.state();
        if let Some(entry) = state.claimed(id, claim) {
            entry.place = Place::Parked(reason.to_owned());
            state.parked += 1;
        }
        Ok(())
    }

    async fn parked(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<ParkedEvent>, LogError> {
        let state = self.state();
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let events = state.events.range::<str, _>((start, Bound::Unbounded));
        let parked = events.filter_map(|(id, entry)| entry.parked(id));
        Ok(parked.take(limit).collect())
    }

    async fn release(&self, id: &str, now: u64) -> Result<bool, LogError> {
        let mut state = self.state();
        let Some(entry) = state.events.get_mut(id) else {
            return Ok(false);
        };
        if !matches!(entry.place, Place::Parked(_)) {
            return Ok(false);
        }
        entry.attempts = 0;
        entry.place = Place::Waiting;
        state.parked -= 1;
        state.wait(id, now);
        Ok(true)
    }

    async fn discard(&self, id: &str, now: u64) -> Result<Option<ParkedEvent>, LogError> {
        let mut state = self.state();
        let parked = state.events.get(id).and_then(|entry| entry.parked(id));
        if parked.is_some() {
            state.events.remove(id);
            state.parked -= 1;
            state.remember(id, now);
        }
        Ok(parked)
    }

    async fn counts(&self) -> Result<Counts, LogError> {
        Ok(self.state().counts())
    }
}

impl fmt::Debug for MemoryLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("MemoryLog")
            .field("bounds", &self.bounds)
            .field("counts", &state.counts())
            .field("done", &state.done.len())
            .finish()
    }
}
