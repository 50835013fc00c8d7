use std::sync::Arc;

use tokio::sync::Semaphore;

use super::limits::{Limits, MAX_LOOKUPS, MAX_WAITING_CALLBACKS};
use super::rate_limit::RateLimit;

/// The limits of the callbacks of all organizations.
#[derive(Debug)]
pub(crate) struct CallbackLimits {
    /// Permits to ask the store whether the organization of a callback is known.
    pub(crate) lookups: Semaphore,
    /// Places for callbacks of organizations that may be unknown.
    pub(crate) lookup_places: Arc<Semaphore>,
    /// Permits for requests, and places for callbacks that wait for one.
    pub(crate) requests: Semaphore,
    pub(crate) places: Arc<Semaphore>,
    /// The same for unknown organizations, and their shared rate.
    pub(crate) unknown_requests: Semaphore,
    pub(crate) unknown_places: Arc<Semaphore>,
    pub(crate) unknown_rate: RateLimit,
}

impl CallbackLimits {
    pub(crate) fn new(limits: &Limits) -> Self {
        let places = || Arc::new(Semaphore::new(MAX_WAITING_CALLBACKS));
        Self {
            lookups: Semaphore::new(MAX_LOOKUPS),
            lookup_places: places(),
            requests: Semaphore::new(limits.callback_concurrency()),
            places: places(),
            unknown_requests: Semaphore::new(limits.unknown_callback_concurrency()),
            unknown_places: places(),
            unknown_rate: RateLimit::new(limits.unknown_interval, limits.unknown_burst),
        }
    }
}
