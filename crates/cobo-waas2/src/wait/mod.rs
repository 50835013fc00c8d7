//! Waits until asynchronous work of Cobo's has ended: transactions, TSS requests, and activities of staking,
//! swaps and tokenization.
//!
//! [`Waiter::wait`] takes the request that gets the state of one thing by its id, and sends it until
//! the state is final:
//!
//! ```no_run
//! use std::time::Duration;
//! use cobo_waas2::Waas2Client;
//! use cobo_waas2::wait::{WaitError, Waiter};
//!
//! # async fn example(client: Waas2Client) -> Result<(), Box<dyn std::error::Error>> {
//! let request = client.get_transaction_by_id().transaction_id("a-transaction-id");
//! let waiter = Waiter::new().deadline(Duration::from_secs(600));
//! match waiter.wait(request).await {
//!     Ok(transaction) => println!("completed: {:?}", transaction.transaction_hash),
//!     Err(WaitError::Failed { reason, .. }) => println!("failed: {reason}"),
//!     Err(WaitError::TimedOut { last, .. }) => println!("not final yet: {last:?}"),
//!     Err(error) => return Err(error.into()),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A [webhook](https://www.cobo.com/developers/v2/guides/webhooks-callbacks/introduction) tells of the
//! end without requests. Wait where a webhook cannot be received, or to be sure.

use std::fmt;
use std::time::Duration;

use cobo_auth::{Error, ErrorCode, ErrorKind, Execution};
use cobo_model::Outcome;
use tokio::time::Instant;

mod things;

#[cfg(test)]
mod tests;

/// A thing whose state changes until it is final.
pub trait Progress {
    /// Returns how it has ended. `None` while its state is not final, is unknown, or is missing.
    fn outcome(&self) -> Option<Outcome>;

    /// Returns its state, and why it failed as far as Cobo says so.
    fn reason(&self) -> String;
}

/// A request that gets the state of one thing.
pub trait StateRequest: Clone + Send {
    /// The thing.
    type Thing: Progress + fmt::Debug + Send;

    /// Sends the request.
    fn fetch(self) -> impl Future<Output = Result<Self::Thing, Error>> + Send;
}

/// Asks for the state of a thing until it is final. The settings are how often it asks, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiter {
    first: Duration,
    longest: Duration,
    deadline: Duration,
}

impl Default for Waiter {
    fn default() -> Self {
        Self::new()
    }
}

impl Waiter {
    /// Creates a waiter that asks at once, then after about a second, and then doubles the delay each time,
    /// up to 30 s. It stops asking after 10 minutes.
    pub const fn new() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(30),
            deadline: Duration::from_secs(600),
        }
    }

    /// Sets the first and the longest delay between two requests. A delay below 100 ms is lengthened to 100 ms.
    /// The wait before a request is random, between half of the delay and the delay. A
    /// `Retry-After` of the server is honoured if it is longer, up to 60 s.
    #[must_use]
    pub const fn delays(mut self, first: Duration, longest: Duration) -> Self {
        self.first = first;
        self.longest = longest;
        self
    }

    /// Sets how long to wait in all, requests included.
    #[must_use]
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sends the request until the thing's state is final, and returns the thing if it ended in
    /// success. A state that this SDK does not know is not final.
    ///
    /// Getting a state changes nothing, so most failed requests are sent again until the deadline: no
    /// connection, a timeout, every 5xx, and every response that Cobo did not sign. These end the
    /// wait: a failure on this machine (invalid request, signer, credential), a refusal that Cobo
    /// signed, a redirect, and a response that is too large or does not decode. "Not found" ends the
    /// wait only after a minute, because Cobo may not show a thing at once after it is created.
    ///
    /// # Errors
    ///
    /// The thing ended in failure, the deadline passed, or a request failed in a way that another request
    /// would not change.
    pub async fn wait<R: StateRequest>(&self, request: R) -> Result<R::Thing, WaitError<R::Thing>> {
        let (mut last, mut error) = (None, None);
        let ended = self.poll(request, &mut last, &mut error);
        match tokio::time::timeout(self.deadline, ended).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                let last = last.map(Box::new);
                return Err(WaitError::Request { last, error });
            }
            Err(_) => {
                let last = last.map(Box::new);
                return Err(WaitError::TimedOut { last, error });
            }
        }
        match last {
            Some(thing) if thing.outcome() == Some(Outcome::Success) => Ok(thing),
            Some(thing) => Err(WaitError::Failed {
                reason: thing.reason(),
                last: Box::new(thing),
            }),
            // `poll` ends only after it has set `last`.
            None => Err(WaitError::TimedOut { last: None, error }),
        }
    }

    /// Asks until the thing in `last` is in a final state. `error` is the temporary error of the last
    /// request, if it failed.
    async fn poll<R: StateRequest>(
        &self,
        request: R,
        last: &mut Option<R::Thing>,
        error: &mut Option<Error>,
    ) -> Result<(), Error> {
        let longest = self.longest.clamp(SHORTEST_DELAY, LONGEST_DELAY);
        let mut delay = self.first.clamp(SHORTEST_DELAY, longest);
        let started = Instant::now();
        loop {
            match request.clone().fetch().await {
                Ok(thing) => {
                    let thing = last.insert(thing);
                    *error = None;
                    if thing.outcome().is_some() {
                        return Ok(());
                    }
                }
                Err(failed) if ends_wait(&failed, started.elapsed()) => return Err(failed),
                Err(failed) => *error = Some(failed),
            }
            let asked = error.as_ref().and_then(Error::retry_after);
            let asked = asked.unwrap_or_default().min(LONGEST_RETRY_AFTER);
            let pause = delay.mul_f64(0.5 + jitter() / 2.0);
            tokio::time::sleep(pause.max(asked)).await;
            delay = delay.saturating_mul(2).min(longest);
        }
    }
}

/// Whether another request would fail in the same way. `waited` is the time since the first request.
fn ends_wait(error: &Error, waited: Duration) -> bool {
    // Code 1000 is also an internal error, which passes.
    if error.is_retryable() || error.is_token_expired() {
        return false;
    }
    match error.kind() {
        ErrorKind::Redirect | ErrorKind::TooLarge | ErrorKind::Decode => true,
        // Only a refusal that Cobo signed, and a failure on this machine, count as not executed.
        _ => {
            let early = error.code() == Some(ErrorCode::NOT_FOUND) && waited < NOT_FOUND_TIME;
            error.execution() == Execution::NotExecuted && !early
        }
    }
}

/// How long "not found" does not end a wait.
const NOT_FOUND_TIME: Duration = Duration::from_secs(60);
/// Shorter delays are lengthened to this, so that a wait never sends requests without a pause.
const SHORTEST_DELAY: Duration = Duration::from_millis(100);

/// A longer `Retry-After` is not honoured: any server on the way can send one, and the thing may end sooner.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60);
/// Longer delays are shortened to this.
const LONGEST_DELAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A random number from 0 to 1. If there are no random numbers it is 1, the longest delay.
fn jitter() -> f64 {
    getrandom::u32().map_or(1.0, |number| f64::from(number) / f64::from(u32::MAX))
}

/// Why [`Waiter::wait`] did not see a success.
#[derive(Debug)]
#[non_exhaustive]
pub enum WaitError<T> {
    /// The thing ended in failure. A transaction that was sped up or dropped also ends like this, and another
    /// one takes its place: `reason` names it. Follow that one before you pay again.
    Failed {
        /// The thing in its final state.
        last: Box<T>,
        /// Its state, and why it failed as far as Cobo says so.
        reason: String,
    },
    /// The deadline passed. The thing may still end in either way.
    TimedOut {
        /// The thing as it was last seen, if a request succeeded.
        last: Option<Box<T>>,
        /// The error of the last request, if it failed.
        error: Option<Error>,
    },
    /// A request failed, and another one would fail in the same way. This says nothing about the thing.
    Request {
        /// The thing as it was last seen, if a request succeeded.
        last: Option<Box<T>>,
        /// The error.
        error: Error,
    },
}

impl<T: Progress> fmt::Display for WaitError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { reason, .. } => write!(f, "it ended in failure: {reason}"),
            Self::TimedOut { last, error } => {
                f.write_str("the deadline of the wait passed; ")?;
                match last {
                    Some(last) => write!(f, "the last state is {}", last.reason())?,
                    None => f.write_str("no state was read")?,
                }
                if let Some(error) = error {
                    write!(f, "; the last request failed: {error}")?;
                }
                f.write_str("; it may still end: wait again")
            }
            Self::Request { error, .. } => write!(f, "the state cannot be read: {error}"),
        }
    }
}

impl<T: Progress + fmt::Debug> std::error::Error for WaitError<T> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::TimedOut { error, .. } => error.as_ref().map(|error| error as _),
            Self::Request { error, .. } => Some(error),
            Self::Failed { .. } => None,
        }
    }
}
