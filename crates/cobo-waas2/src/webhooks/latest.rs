use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

/// Drops updates that are older than the one seen for the same object.
///
/// Cobo does not promise an order: `Completed` may arrive before `Confirming`. `Latest` remembers the
/// newest time of each object, for a limited number of objects; the one with the oldest time is
/// forgotten first. An update of a forgotten object is admitted.
///
/// It is in memory, and helps to skip work. Where an old update would do harm, compare the times in
/// the same database transaction that applies the update.
///
/// ```
/// use cobo_waas2::webhooks::Latest;
///
/// let latest = Latest::new(10_000);
/// assert!(latest.admit("transaction-1", 1_000));
/// assert!(latest.admit("transaction-1", 2_000));
/// assert!(!latest.admit("transaction-1", 1_500)); // older than the newest one
/// assert!(latest.admit("transaction-1", 2_000)); // the same one again, after a failure
/// ```
#[derive(Debug)]
pub struct Latest {
    capacity: usize,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    newest: HashMap<String, i64>,
    by_time: BTreeSet<(i64, String)>,
}

impl Latest {
    /// Creates a `Latest` that remembers up to `capacity` objects, at least one.
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            seen: Mutex::default(),
        }
    }

    /// Returns whether an update of this object is at least as new as the newest one seen, and remembers its
    /// time. The time is that of the update, such as `updated_timestamp` of a transaction.
    pub fn admit(&self, object: &str, timestamp: i64) -> bool {
        // Ignoring the poison is safe: no code panics while it holds the lock.
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match seen.newest.get(object).copied() {
            Some(newest) if timestamp < newest => return false,
            Some(newest) if timestamp == newest => return true,
            Some(newest) => {
                seen.by_time.remove(&(newest, object.to_owned()));
            }
            None => {}
        }
        seen.newest.insert(object.to_owned(), timestamp);
        seen.by_time.insert((timestamp, object.to_owned()));
        if seen.newest.len() > self.capacity
            && let Some((_, oldest)) = seen.by_time.pop_first()
        {
            seen.newest.remove(&oldest);
        }
        true
    }
}
