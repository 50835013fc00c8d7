//! The sandbox's only source of time.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

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
    advanced_ms: Arc<watch::Sender<u64>>,
}

#[derive(Clone, Copy, Debug)]
enum Base {
    System,
    Fixed(u64),
}

impl Clock {
    /// Creates a clock that follows the system's time.
    pub fn system() -> Self {
        Self::new(Base::System)
    }

    /// Creates a clock that stays at `unix_ms` (milliseconds since 1970) until it is advanced.
    pub fn fixed(unix_ms: u64) -> Self {
        Self::new(Base::Fixed(unix_ms))
    }

    fn new(base: Base) -> Self {
        Self {
            base,
            advanced_ms: Arc::new(watch::Sender::new(0)),
        }
    }

    /// Returns the current time, in milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        let base = match self.base {
            Base::System => system_ms(),
            Base::Fixed(unix_ms) => unix_ms,
        };
        base.saturating_add(*self.advanced_ms.borrow())
    }

    /// Advances the time by whole milliseconds; a fraction is dropped.
    pub fn advance(&self, by: Duration) {
        let by = whole_ms(by);
        self.advanced_ms
            .send_modify(|advanced| *advanced = advanced.saturating_add(by));
    }

    /// Waits until the clock shows this time, because time passed or because it was advanced.
    pub(crate) async fn reached(&self, unix_ms: u64) {
        // Subscribed before the time is read, so that no advance is missed.
        let mut advanced = self.advanced_ms.subscribe();
        loop {
            let missing_ms = unix_ms.saturating_sub(self.now_ms());
            if missing_ms == 0 {
                return;
            }
            // An error of `changed` means that the sender is gone, and `self` holds it.
            match self.base {
                Base::System => {
                    let passed = Duration::from_millis(missing_ms);
                    let _ = tokio::time::timeout(passed, advanced.changed()).await;
                }
                Base::Fixed(_) => {
                    let _ = advanced.changed().await;
                }
            }
        }
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

    #[tokio::test(start_paused = true)]
    async fn time_is_reached_when_it_passes_or_is_advanced() {
        let fixed = Clock::fixed(5);
        let reached = fixed.reached(7);
        tokio::pin!(reached);
        let day = Duration::from_secs(24 * 60 * 60);
        assert!(tokio::time::timeout(day, &mut reached).await.is_err());
        fixed.advance(Duration::from_millis(1));
        assert!(tokio::time::timeout(day, &mut reached).await.is_err());
        fixed.advance(Duration::from_millis(1));
        reached.await;

        // Paused time passes while nothing else happens; the system's time does not, so it is advanced.
        let system = Clock::system();
        let reached = system.reached(system.now_ms() + 60_000);
        system.advance(Duration::from_secs(61));
        reached.await;
    }

    #[test]
    fn time_saturates_instead_of_wrapping() {
        let clock = Clock::fixed(5);
        clock.advance(Duration::MAX);
        clock.advance(Duration::MAX);
        assert_eq!(clock.now_ms(), u64::MAX);
    }
}
