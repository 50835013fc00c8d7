//! The only place that reads the machine's clock.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// Where the time comes from. Tests give a client one that they set.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Milliseconds since the Unix epoch; 0 for a clock that stands before it.
    fn unix_millis(&self) -> u64;
}

/// The machine's own clock.
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
