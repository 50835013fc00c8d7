use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::error::Error;

/// How many times a call is attempted, and with what delays.
///
/// Every attempt is signed anew, with its own nonce. The policy does not decide whether a call may
/// be attempted again: a repeatable one may, after every temporary failure; any other one only if
/// the failed attempt was certainly [not carried out](crate::Execution::NotExecuted): the request
/// never left this machine, or Cobo answered with a signed and fresh "too many requests" (HTTP 429,
/// code 2026).
///
/// ```
/// use std::time::Duration;
/// use cobo_auth::RetryPolicy;
///
/// let patient = RetryPolicy::standard()
///     .max_attempts(5)
///     .deadline(Duration::from_secs(120));
/// let once = RetryPolicy::none();
/// # let _ = (patient, once);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    max_attempts: u32,
    base_delay: Duration,
    max_delay: Duration,
    max_retry_after: Duration,
    deadline: Option<Duration>,
}

impl RetryPolicy {
    /// Returns the policy with a single attempt. There is no deadline except the HTTP client's
    /// timeout.
    pub const fn none() -> Self {
        Self {
            max_attempts: 1,
            base_delay: Duration::ZERO,
            max_delay: Duration::ZERO,
            max_retry_after: Duration::ZERO,
            deadline: None,
        }
    }

    /// Returns the policy with three attempts within a minute. The delay before the second attempt
    /// is random, up to 200 ms. This maximum doubles with each further attempt, up to 20 s. A
    /// server's `Retry-After` is honoured up to 30 s.
    pub const fn standard() -> Self {
        Self {
            max_attempts: 3,
            base_delay: Duration::from_millis(200),
            max_delay: Duration::from_secs(20),
            max_retry_after: Duration::from_secs(30),
            deadline: Some(Duration::from_secs(60)),
        }
    }

    /// Sets the maximum number of attempts, including the first; 0 counts as 1.
    #[must_use]
    pub const fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Sets the maximum delay before the second attempt. It doubles with each further attempt.
    #[must_use]
    pub const fn base_delay(mut self, delay: Duration) -> Self {
        self.base_delay = delay;
        self
    }

    /// Sets the maximum delay between two attempts. A server's `Retry-After` may be longer.
    #[must_use]
    pub const fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// Sets the longest `Retry-After` that is honoured. If the server asks for a longer wait, the
    /// call fails, and [`Error::retry_after`] has the time.
    #[must_use]
    pub const fn max_retry_after(mut self, delay: Duration) -> Self {
        self.max_retry_after = delay;
        self
    }

    /// Sets the time for all attempts together. When it ends, an attempt in flight is cancelled. A
    /// retry whose delay would pass the deadline is not made.
    #[must_use]
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    pub(crate) const fn time_limit(&self) -> Option<Duration> {
        self.deadline
    }

    /// The delay before the next attempt, or `None` to give up.
    pub(crate) fn delay(&self, failed: &AttemptFailure<'_>, budget: &Budget) -> Option<Duration> {
        let may = failed.repeatable || failed.error.may_be_sent_again();
        let passes = failed.error.is_retryable() || failed.after_renewal;
        if !may || !passes || failed.attempt >= self.max_attempts {
            return None;
        }
        let asked = failed.error.retry_after().unwrap_or_default();
        if asked > self.max_retry_after {
            return None;
        }
        let doublings = failed.attempt.saturating_sub(1).min(31);
        let longest = self.base_delay.saturating_mul(1 << doublings);
        let delay = longest
            .min(self.max_delay)
            .mul_f64(failed.jitter)
            .max(asked);
        let in_time = failed.left.is_none_or(|left| delay < left);
        (in_time && budget.take()).then_some(delay)
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::standard()
    }
}

/// A failed attempt, with what is needed to decide on a retry.
#[derive(Debug)]
pub(crate) struct AttemptFailure<'a> {
    pub(crate) error: &'a Error,
    /// The number of the attempt, from 1.
    pub(crate) attempt: u32,
    /// Whether the operation may be sent again after it may have been carried out.
    pub(crate) repeatable: bool,
    /// Whether the failure looks like an expired token although the token was just obtained. Then
    /// it is an internal error.
    pub(crate) after_renewal: bool,
    /// The time until the deadline.
    pub(crate) left: Option<Duration>,
    /// Jitter: a random factor from 0 to 1.
    pub(crate) jitter: f64,
}

/// Limits the retries of all clones of a client when a server is down. A retry costs ten tokens, a
/// success gives one back, and the capacity is enough for fifty retries. A repetition with a new
/// access token costs the same if the new token is refused, too.
#[derive(Debug)]
pub(crate) struct Budget(AtomicU32);

impl Budget {
    const CAPACITY: u32 = 500;
    const RETRY: u32 = 10;

    pub(crate) fn full() -> Self {
        Self(AtomicU32::new(Self::CAPACITY))
    }

    pub(crate) fn take(&self) -> bool {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tokens| {
                tokens.checked_sub(Self::RETRY)
            })
            .is_ok()
    }

    /// Whether the budget is enough for a retry.
    pub(crate) fn is_left(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= Self::RETRY
    }

    pub(crate) fn refund(&self) {
        // The budget is full most of the time; then a read is enough.
        if self.0.load(Ordering::Relaxed) < Self::CAPACITY {
            let _ = self
                .0
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tokens| {
                    (tokens < Self::CAPACITY).then_some(tokens + 1)
                });
        }
    }
}

/// A random number from 0 to 1. If there are no random numbers it is 1, the longest delay.
pub(crate) fn jitter() -> f64 {
    getrandom::u32().map_or(1.0, |number| f64::from(number) / f64::from(u32::MAX))
}

#[cfg(test)]
#[path = "retry_tests.rs"]
mod tests;
