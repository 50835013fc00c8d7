//! The only place that reads the machine's clocks.

use std::fmt;
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Where the time comes from. Tests give a client one that they set.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Milliseconds since the Unix epoch; 0 for a clock that stands before it. An operator may set
    /// this clock, forward and back.
    fn unix_millis(&self) -> u64;

    /// The time since a moment that is fixed while the process runs. This clock is never set, but
    /// may stand still while the machine is suspended.
    fn monotonic(&self) -> Duration {
        since_start()
    }
}

/// The machine's own clocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)] // this is the place
    fn unix_millis(&self) -> u64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(0))
    }
}

#[allow(clippy::disallowed_methods)] // this is the place
fn since_start() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}
