//! The only place that reads the machine's clocks.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Where the time comes from. Tests give a client one that they set.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Milliseconds since the Unix epoch; 0 for a clock that stands before it. An operator may set
    /// this clock, forward and back.
    fn unix_millis(&self) -> u64;

    /// The time since a moment that is fixed while the process runs. This clock is never set, but
    /// may stand still while the machine is suspended.
    fn monotonic(&self) -> Duration {
        SystemClock.monotonic()
    }

    /// Both clocks at once, for what is asked with every call. A few milliseconds late, where that
    /// is cheaper.
    fn reading(&self) -> Reading {
        Reading {
            unix_millis: self.unix_millis(),
            monotonic: self.monotonic(),
        }
    }
}

/// What both clocks show. See [`Clock::reading`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// As [`Clock::unix_millis`].
    pub unix_millis: u64,
    /// As [`Clock::monotonic`].
    pub monotonic: Duration,
}

/// The machine's own clocks.
///
/// On Linux a [`reading`](Clock::reading) takes the coarse clocks, which the kernel sets at each of
/// its ticks: up to 10 ms late, and several times cheaper.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)] // this is the place
    fn unix_millis(&self) -> u64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, millis)
    }

    fn monotonic(&self) -> Duration {
        monotonic::precise()
    }

    #[cfg(target_os = "linux")]
    fn reading(&self) -> Reading {
        use rustix::time::{ClockId, clock_gettime};

        let wall = duration(clock_gettime(ClockId::RealtimeCoarse));
        Reading {
            unix_millis: wall.map_or(0, millis),
            monotonic: monotonic::coarse(),
        }
    }
}

/// Without the division of 128 bits that `as_millis` makes.
fn millis(span: Duration) -> u64 {
    span.as_secs()
        .saturating_mul(1_000)
        .saturating_add(span.subsec_millis().into())
}

#[cfg(target_os = "linux")]
fn duration(time: rustix::time::Timespec) -> Option<Duration> {
    let nanos = u32::try_from(time.tv_nsec).ok()?;
    Some(Duration::new(u64::try_from(time.tv_sec).ok()?, nanos))
}

/// Since the machine was started: the coarse clock has to count from where the precise one does.
#[cfg(target_os = "linux")]
mod monotonic {
    use std::time::Duration;

    use rustix::time::{ClockId, clock_gettime};

    use super::duration;

    pub(super) fn precise() -> Duration {
        duration(clock_gettime(ClockId::Monotonic)).unwrap_or_default()
    }

    pub(super) fn coarse() -> Duration {
        duration(clock_gettime(ClockId::MonotonicCoarse)).unwrap_or_default()
    }
}

/// Since this was first asked for.
#[cfg(not(target_os = "linux"))]
mod monotonic {
    use std::sync::LazyLock;
    use std::time::{Duration, Instant};

    #[allow(clippy::disallowed_methods)] // this is the place
    pub(super) fn precise() -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_is_a_little_late_at_most() {
        let tick = Duration::from_millis(100);
        let before = (SystemClock.unix_millis(), SystemClock.monotonic());
        let reading = SystemClock.reading();
        let after = SystemClock.monotonic();
        assert!(reading.unix_millis + 100 >= before.0);
        assert!(reading.monotonic + tick >= before.1);
        assert!(reading.monotonic <= after);
        assert!(SystemClock.monotonic() >= after);
    }
}
