//! The machine's clocks. Other modules measure only durations (with tokio's `Instant`).

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The source of time of a client. Tests use a clock that they set.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Returns the milliseconds since the Unix epoch; 0 if the clock shows an earlier time. An
    /// operator may set this clock forward or back.
    fn unix_millis(&self) -> u64;

    /// Returns the time since a moment that is fixed while the process runs. This clock cannot be
    /// set, but may stop while the machine is suspended.
    fn monotonic(&self) -> Duration {
        SystemClock.monotonic()
    }

    /// Reads both clocks at once, for values that every call needs. It may be a few milliseconds
    /// late if that is cheaper.
    fn reading(&self) -> Reading {
        Reading {
            unix_millis: self.unix_millis(),
            monotonic: self.monotonic(),
        }
    }
}

/// The time of both clocks. See [`Clock::reading`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// As [`Clock::unix_millis`].
    pub unix_millis: u64,
    /// As [`Clock::monotonic`].
    pub monotonic: Duration,
}

/// The machine's own clocks.
///
/// On Linux a [`reading`](Clock::reading) uses the coarse clocks, which the kernel updates at each
/// tick: up to 10 ms late, but several times cheaper.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)] // only this module may call it
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

/// Avoids the 128-bit division of `as_millis`.
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

/// The time since the machine started. The coarse and the precise clock must count from the same
/// moment.
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

/// The time since the first call.
#[cfg(not(target_os = "linux"))]
mod monotonic {
    use std::sync::LazyLock;
    use std::time::{Duration, Instant};

    #[allow(clippy::disallowed_methods)] // only this module may call it
    pub(super) fn precise() -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_reading_is_at_most_one_tick_old() {
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
