use std::time::Duration;

/// Timeouts, backoffs and other limits of a source.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// The time limit of one attempt to get a token, for all its requests together.
    pub(crate) deadline: Duration,
    /// How many tokens are obtained at a time.
    pub(crate) concurrency: usize,
    /// The timeout of one store call.
    pub(crate) store: Duration,
    /// How long callers without a valid token wait for another process that has the lease.
    pub(crate) patience: Duration,
    /// The lifetime of refresh tokens.
    pub(crate) refresh_life: Duration,
    /// The longest time for which a refusal is cached.
    pub(crate) refusal: Duration,
    /// The interval between requests for callbacks of unknown organizations.
    pub(crate) unknown_interval: Duration,
    /// How many of these requests may start at once after a pause.
    pub(crate) unknown_burst: u32,
}

/// The range of configurable deadlines and timeouts.
pub(crate) const SHORTEST: Duration = Duration::from_millis(10);
pub(crate) const LONGEST: Duration = Duration::from_secs(60 * 60);

/// How many organizations' callbacks may wait to be answered: so many known ones, so many unknown
/// ones, and so many of which that is being found out.
pub(crate) const WAITING: usize = 1_000;
/// How many callbacks ask the store at a time whether their organization is known.
pub(crate) const LOOK_UPS: usize = 8;
/// How long an organization's callbacks rest after an answer.
pub(crate) const REST: Duration = Duration::from_secs(2);

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
const FIRST_GRACE: Duration = Duration::from_secs(5);
const LONGEST_GRACE: Duration = Duration::from_secs(300);

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(60),
            concurrency: 96,
            store: Duration::from_secs(3),
            patience: Duration::from_secs(2),
            refresh_life: Duration::from_secs(30 * 24 * 60 * 60),
            refusal: Duration::from_secs(30),
            unknown_interval: Duration::from_secs(1),
            unknown_burst: 20,
        }
    }
}

impl Limits {
    /// How many tokens are obtained at a time for callbacks.
    pub(crate) fn callbacks(&self) -> usize {
        (self.concurrency / 2).clamp(1, 8)
    }

    /// How many tokens are obtained at a time for callbacks of unknown organizations.
    pub(crate) fn unknown_callbacks(&self) -> usize {
        (self.callbacks() / 2).max(1)
    }

    /// How long a lease lasts: longer than its holder may take for the requests and for the store
    /// calls around them.
    pub(crate) fn lease(&self) -> Duration {
        self.deadline + 5 * self.store
    }

    /// After this time a flight is considered lost, whatever it waited for.
    pub(crate) fn flight(&self) -> Duration {
        3 * self.deadline + 12 * self.store
    }

    /// How long a shutdown waits for requests that were sent and for their results to be stored.
    pub(crate) fn shutdown(&self) -> Duration {
        self.deadline + 5 * self.store
    }

    /// The pause that the server asked for, limited to one minute: a gateway may ask for a day.
    pub(crate) fn asked_for(&self, retry_after: Option<Duration>) -> Duration {
        retry_after.unwrap_or_default().min(LONGEST_PAUSE)
    }

    /// The backoff after the `n`th failure in a row, from 1; `chance` is the jitter, from 0 to 1.
    pub(crate) fn pause(&self, failures: u32, refused: bool, chance: f64) -> Duration {
        let longest = if refused {
            self.refusal
        } else {
            doubled(FIRST_PAUSE, failures.saturating_sub(1)).min(LONGEST_PAUSE)
        };
        longest.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
    }

    /// How long a refused token is kept before it is replaced, after this many replacements in a
    /// row. The first refused token is replaced at once.
    pub(crate) fn grace(&self, rejections: u32) -> Duration {
        match rejections.checked_sub(1) {
            None => Duration::ZERO,
            Some(more) => doubled(FIRST_GRACE, more).min(LONGEST_GRACE),
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
    fn pauses_grow_to_a_minute_and_are_jittered() {
        let limits = Limits::default();
        let pauses = [1, 2, 3, 6, 7, u32::MAX].map(|n| limits.pause(n, false, 1.0).as_secs());
        assert_eq!(pauses, [1, 2, 4, 32, 60, 60]);
        assert_eq!(limits.pause(3, false, 0.0), Duration::from_secs(2));
        assert_eq!(limits.pause(9, true, 1.0), limits.refusal);
    }

    #[test]
    fn the_first_refused_token_is_replaced_at_once() {
        let limits = Limits::default();
        let graces = [0, 1, 2, 3, 8, u32::MAX].map(|n| limits.grace(n).as_secs());
        assert_eq!(graces, [0, 5, 10, 20, 300, 300]);
    }
}
