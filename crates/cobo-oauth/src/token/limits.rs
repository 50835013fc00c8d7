use std::time::Duration;

/// Timeouts, backoffs and other limits of a source.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// The time limit of one refresh task, for all its requests together.
    pub(crate) deadline: Duration,
    /// How many tokens are obtained at a time.
    pub(crate) concurrency: usize,
    /// The timeout of one store call.
    pub(crate) store: Duration,
    /// How long callers without a valid token wait for another process that has the lease.
    pub(crate) lease_wait: Duration,
    /// The lifetime of refresh tokens.
    pub(crate) refresh_life: Duration,
    /// The longest time for which a refusal is cached.
    pub(crate) refusal_memory: Duration,
    /// The interval between requests for callbacks of unknown organizations.
    pub(crate) unknown_interval: Duration,
    /// How many of these requests may start at once after a pause.
    pub(crate) unknown_burst: u32,
}

/// The range of configurable deadlines and timeouts.
pub(crate) const MIN_TIMEOUT: Duration = Duration::from_millis(10);
pub(crate) const MAX_TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// How many callbacks may wait: this many of known organizations, this many of unknown ones, and
/// this many for the store to say which of the two they are.
pub(crate) const MAX_WAITING_CALLBACKS: usize = 1_000;
/// How many callbacks ask the store at a time whether their organization is known.
pub(crate) const MAX_LOOKUPS: usize = 8;
/// The pause after each answer to an organization's callbacks.
pub(crate) const CALLBACK_INTERVAL: Duration = Duration::from_secs(2);

/// How many times a caller retries when the task that it waited for gave it no result.
pub(crate) const MAX_WAITS: usize = 4;

const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const MAX_BACKOFF: Duration = Duration::from_secs(60);
const FIRST_GRACE_PERIOD: Duration = Duration::from_secs(5);
const MAX_GRACE_PERIOD: Duration = Duration::from_secs(300);

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(60),
            concurrency: 96,
            store: Duration::from_secs(3),
            lease_wait: Duration::from_secs(2),
            refresh_life: Duration::from_secs(30 * 24 * 60 * 60),
            refusal_memory: Duration::from_secs(30),
            unknown_interval: Duration::from_secs(1),
            unknown_burst: 20,
        }
    }
}

impl Limits {
    /// How many tokens are obtained at a time for callbacks.
    pub(crate) fn callback_concurrency(&self) -> usize {
        (self.concurrency / 2).clamp(1, 8)
    }

    /// How many tokens are obtained at a time for callbacks of unknown organizations.
    pub(crate) fn unknown_callback_concurrency(&self) -> usize {
        (self.callback_concurrency() / 2).max(1)
    }

    /// How long a lease lasts: longer than its holder may take for the requests and for the store
    /// calls around them.
    pub(crate) fn lease(&self) -> Duration {
        self.deadline + 5 * self.store
    }

    /// After this time a refresh task is considered lost.
    pub(crate) fn refresh_task(&self) -> Duration {
        3 * self.deadline + 12 * self.store
    }

    /// How long a shutdown waits for requests that were sent and for their results to be stored.
    pub(crate) fn shutdown(&self) -> Duration {
        self.deadline + 5 * self.store
    }

    /// The pause that the server asked for, limited to one minute: a gateway may ask for a day.
    pub(crate) fn capped_retry_after(&self, retry_after: Option<Duration>) -> Duration {
        retry_after.unwrap_or_default().min(MAX_BACKOFF)
    }

    /// The backoff after the `n`th failure in a row, from 1; `jitter` is from 0 to 1.
    pub(crate) fn backoff(&self, failures: u32, refused: bool, jitter: f64) -> Duration {
        let longest = if refused {
            self.refusal_memory
        } else {
            doubled(FIRST_BACKOFF, failures.saturating_sub(1)).min(MAX_BACKOFF)
        };
        longest.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
    }

    /// How long a rejected token is kept before it is replaced, after this many replacements in a
    /// row. The first rejected token is replaced at once.
    pub(crate) fn grace_period(&self, rejections: u32) -> Duration {
        match rejections.checked_sub(1) {
            None => Duration::ZERO,
            Some(more) => doubled(FIRST_GRACE_PERIOD, more).min(MAX_GRACE_PERIOD),
        }
    }
}

fn doubled(span: Duration, times: u32) -> Duration {
    span.saturating_mul(2_u32.saturating_pow(times))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_a_minute_with_jitter() {
        let limits = Limits::default();
        let backoffs = [1, 2, 3, 6, 7, u32::MAX].map(|n| limits.backoff(n, false, 1.0).as_secs());
        assert_eq!(backoffs, [1, 2, 4, 32, 60, 60]);
        assert_eq!(limits.backoff(3, false, 0.0), Duration::from_secs(2));
        assert_eq!(limits.backoff(9, true, 1.0), limits.refusal_memory);
    }

    #[test]
    fn grace_period_is_zero_at_first_and_then_doubles() {
        let limits = Limits::default();
        let periods = [0, 1, 2, 3, 8, u32::MAX].map(|n| limits.grace_period(n).as_secs());
        assert_eq!(periods, [0, 5, 10, 20, 300, 300]);
    }
}
