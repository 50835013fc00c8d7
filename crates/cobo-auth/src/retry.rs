use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::error::Error;

/// How often and how patiently a call is attempted.
///
/// Every attempt is signed anew, with its own nonce. The policy does not decide whether a call may be
/// attempted again: a repeatable one may, after every temporary failure; any other one only if the
/// failed attempt was certainly [not carried out](crate::Execution::NotExecuted). That is the case
/// if the request never left this machine, and if Cobo answered with a signed and fresh "too many
/// requests" (HTTP 429, code 2026).
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
    /// One attempt, and no deadline but the HTTP client's timeout.
    pub const fn none() -> Self {
        Self {
            max_attempts: 1,
            base_delay: Duration::ZERO,
            max_delay: Duration::ZERO,
            max_retry_after: Duration::ZERO,
            deadline: None,
        }
    }

    /// Three attempts within a minute. Before the second one a random time of up to 200 ms passes,
    /// doubled for each one after, up to 20 s; a server's `Retry-After` is honoured up to 30 s.
    pub const fn standard() -> Self {
        Self {
            max_attempts: 3,
            base_delay: Duration::from_millis(200),
            max_delay: Duration::from_secs(20),
            max_retry_after: Duration::from_secs(30),
            deadline: Some(Duration::from_secs(60)),
        }
    }

    /// How many attempts there are in all; 0 counts as 1.
    #[must_use]
    pub const fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// The longest time before the second attempt, doubled for each one after.
    #[must_use]
    pub const fn base_delay(mut self, delay: Duration) -> Self {
        self.base_delay = delay;
        self
    }

    /// The longest time between two attempts, unless the server asks for a longer one.
    #[must_use]
    pub const fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// The longest `Retry-After` that is honoured. A call that is told to wait for longer fails,
    /// and its error has the time.
    #[must_use]
    pub const fn max_retry_after(mut self, delay: Duration) -> Self {
        self.max_retry_after = delay;
        self
    }

    /// The time for all attempts together. An attempt under way is given up then, and none is
    /// waited for that could not begin.
    #[must_use]
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    pub(crate) const fn within(&self) -> Option<Duration> {
        self.deadline
    }

    /// How long to wait after an attempt has failed, or `None` to give up.
    pub(crate) fn delay(&self, failed: &Failed<'_>, budget: &Budget) -> Option<Duration> {
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
            .mul_f64(failed.chance)
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

/// An attempt that failed, and what is known when it has.
#[derive(Debug)]
pub(crate) struct Failed<'a> {
    pub(crate) error: &'a Error,
    /// Which attempt it was, from 1.
    pub(crate) attempt: u32,
    /// Whether the operation may be sent again after it may have been carried out.
    pub(crate) repeatable: bool,
    /// Whether the failure is what an expired token looks like, with a token just obtained: an
    /// internal error, then.
    pub(crate) after_renewal: bool,
    /// The time until the deadline.
    pub(crate) left: Option<Duration>,
    /// From 0 to 1, at random.
    pub(crate) chance: f64,
}

/// What keeps the clones of a client from hammering a server that is down: a retry costs ten
/// tokens, a success gives one back, and there are no more than for fifty retries. A call that is
/// repeated with a new token costs as much if that is refused, too.
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

    /// Whether there is enough for a retry.
    pub(crate) fn is_left(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= Self::RETRY
    }

    pub(crate) fn give_back(&self) {
        // Full most of the time, which is then only read.
        if self.0.load(Ordering::Relaxed) < Self::CAPACITY {
            let _ = self
                .0
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tokens| {
                    (tokens < Self::CAPACITY).then_some(tokens + 1)
                });
        }
    }
}

/// A random number from 0 to 1. Without random numbers it is 1: the longest delay is a safe one.
pub(crate) fn chance() -> f64 {
    getrandom::u32().map_or(1.0, |number| f64::from(number) / f64::from(u32::MAX))
}

#[cfg(test)]
#[path = "retry_tests.rs"]
mod tests;
