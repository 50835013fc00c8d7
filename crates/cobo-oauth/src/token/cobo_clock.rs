//! Caches Cobo's time, because reading it takes a lock that all clients of the process share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::moment::millis;

/// Cobo's time, readable without a lock. Queried once a second, and extrapolated with the monotonic
/// clock.
#[derive(Debug, Default)]
pub(crate) struct CoboClock {
    /// The second of the monotonic clock in which it was last queried; 0 at first.
    asked_in: AtomicU64,
    /// Cobo's time minus the monotonic clock, in milliseconds; 0 while Cobo's time is unknown.
    offset: AtomicU64,
}

impl CoboClock {
    /// Cobo's time at this monotonic time, in Unix milliseconds, if known.
    pub(crate) fn at(&self, monotonic: Duration, ask: impl FnOnce() -> Option<u64>) -> Option<u64> {
        let (now, second) = (millis(monotonic), monotonic.as_secs().saturating_add(1));
        let is_due = self.asked_in.load(Ordering::Relaxed) != second;
        // The swap selects one thread that queries.
        if is_due && self.asked_in.swap(second, Ordering::Relaxed) != second {
            let offset = ask().map_or(0, |cobo| cobo.saturating_sub(now));
            self.offset.store(offset, Ordering::Relaxed);
        }
        match self.offset.load(Ordering::Relaxed) {
            0 => None,
            offset => Some(now.saturating_add(offset)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_queried_once_a_second_and_extrapolated_between() {
        let clock = CoboClock::default();
        let at = Duration::from_millis;
        assert_eq!(clock.at(at(0), || None), None);
        assert_eq!(
            clock.at(at(999), || panic!("queried twice in one second")),
            None
        );
        assert_eq!(clock.at(at(1_000), || Some(500_000)), Some(500_000));
        assert_eq!(
            clock.at(at(1_900), || panic!("queried twice in one second")),
            Some(500_900)
        );
        assert_eq!(clock.at(at(2_000), || Some(600_000)), Some(600_000));
    }
}
