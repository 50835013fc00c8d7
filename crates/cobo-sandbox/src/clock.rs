//! The sandbox's only source of time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The sandbox's clock: the system's time or a fixed time, plus what it was [advanced](Clock::advance) by.
///
/// Clones share the offset, so a test can keep a clone and advance the sandbox's time with it. `advance` only
/// moves the time forward, so an expired token stays expired.
///
/// ```
/// use std::time::Duration;
/// use cobo_sandbox::Clock;
///
/// let clock = Clock::fixed(1_700_000_000_000);
/// clock.advance(Duration::from_secs(1));
/// assert_eq!(clock.now_ms(), 1_700_000_001_000);
/// ```
#[derive(Clone, Debug)]
pub struct Clock {
    base: Base,
    advanced_ms: Arc<AtomicU64>,
}

#[derive(Clone, Copy, Debug)]
enum Base {
    System,
    Fixed(u64),
}

impl Clock {
    /// A clock that follows the system's time.
    pub fn system() -> Self {
        Self::new(Base::System)
    }

    /// A clock that stays at `unix_ms` (milliseconds since 1970) until it is advanced.
    pub fn fixed(unix_ms: u64) -> Self {
        Self::new(Base::Fixed(unix_ms))
    }

    fn new(base: Base) -> Self {
        Self {
            base,
            advanced_ms: Arc::default(),
        }
    }

    /// The current time, in milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        let base = match self.base {
            Base::System => system_ms(),
            Base::Fixed(unix_ms) => unix_ms,
        };
        base.saturating_add(self.advanced_ms.load(Ordering::Acquire))
    }

    /// Advances the time by whole milliseconds; a fraction is dropped.
    pub fn advance(&self, by: Duration) {
        let by = whole_ms(by);
        // Cannot fail: the closure always gives a value.
        let _ = self
            .advanced_ms
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |advanced| {
                Some(advanced.saturating_add(by))
            });
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

/// A duration in whole milliseconds; `u64::MAX` if it does not fit.
pub(crate) fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[allow(
    clippy::disallowed_methods,
    reason = "the one place that reads the system's time"
)]
fn system_ms() -> u64 {
    // A system clock before 1970 counts as 1970.
    whole_ms(
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cloned_clock_shares_the_time_of_the_original() {
        let clock = Clock::fixed(5);
        clock.clone().advance(Duration::from_millis(7));
        assert_eq!(clock.now_ms(), 12);
    }

    #[test]
    fn time_saturates_instead_of_wrapping() {
        let clock = Clock::fixed(5);
        clock.advance(Duration::MAX);
        clock.advance(Duration::MAX);
        assert_eq!(clock.now_ms(), u64::MAX);
    }
}
