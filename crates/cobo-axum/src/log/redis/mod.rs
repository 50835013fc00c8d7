//! An event log in Redis.

mod builder;
mod connection;
mod script;
mod tls;

use std::fmt;
use std::time::Duration;

use ::redis::Value;
use async_trait::async_trait;
use bytes::Bytes;

use super::{
    Bounds, Claim, Counts, EventLog, FORGOTTEN_PER_CALL, LogError, NewEvent, ParkedEvent,
    REMEMBERED, Recorded,
};
pub use builder::RedisLogBuilder;
use connection::Connection;
use script::{Keys, Script};

const MAX_REMEMBERED: usize = 1_000_000;

/// An event log in Redis, which processes on several machines share. It remembers the IDs of the last
/// million handled events for 7 days, by Redis's clock.
///
/// ```
/// use cobo_axum::RedisLog;
///
/// # fn main() -> Result<(), cobo_axum::LogError> {
/// let log = RedisLog::connect("rediss://:password@events.example.com:6379", 10_000)?;
/// assert!(!format!("{log:?}").contains("password"));
/// # Ok(())
/// # }
/// ```
///
/// - **Durability depends on Redis.** An event that is acknowledged to Cobo is on Redis's disk only
///   with `appendonly yes`, `appendfsync always` and `no-appendfsync-on-rewrite no`. With Redis's
///   default settings, a crash loses acknowledged events. The setting `maxmemory-policy` must not be
///   one of the `allkeys-…`, which remove events. [`check_durability`](Self::check_durability) checks
///   all four; each new connection logs a warning if they are not right. A failover to a replica may
///   lose the last events even so, because Redis replicates after it answers.
/// - **Who can write to Redis can forge events.** They are verified before they are recorded, and not
///   again afterwards. Give the log a password and its own user, and use TLS: `redis://` to another
///   machine is refused unless you [allow it](RedisLogBuilder::danger_allow_plain_redis). Bodies are
///   stored as received, not encrypted.
/// - **Claims** have a lease of 5 minutes (see [`lease`](RedisLogBuilder::lease)), by Redis's clock.
///   If a process ends, the events that it was handling are claimed again after their lease. An inbox stops a
///   handler after three quarters of the lease, so that no other worker handles the event at the same
///   time. A handler that blocks its thread is not stopped.
/// - **Clocks.** When an event is due is a time of the inbox's clock. If the clock of one machine is
///   wrong, its events wait for the inbox's longest pause at most, or are tried again too early.
/// - **Redis may be down.** The log connects on the first call, and again after a failure. Each call
///   ends within 2 seconds (see [`timeout`](RedisLogBuilder::timeout)).
/// - **Another process** may record an event. An idle worker finds it within a minute.
/// - **URLs** begin with `redis://`, `rediss://` (TLS, with the feature `rustls-aws-lc` or `rustls-ring`)
///   or `unix://`.
/// - **Clusters.** All keys of a log are in one slot of a cluster, but the log does not follow
///   redirections: each call to a node without that slot fails. Give the URL of a single server.
/// - **Permissions.** The Redis user needs `+evalsha +script|load +time` and the commands for hashes and
///   sorted sets on `cobo-events:*`, and `+config|get` for the check of its settings.
pub struct RedisLog {
    connection: Connection,
    keys: Keys,
    bounds: Bounds,
    lease: Duration,
}

impl RedisLog {
    /// Creates a log with at most `capacity` events that are waiting or claimed, and at most 100,000
    /// that are parked. It connects on the first call.
    ///
    /// # Errors
    ///
    /// As for [`RedisLogBuilder::build`].
    pub fn connect(url: &str, capacity: usize) -> Result<Self, LogError> {
        Self::builder(url, capacity).build()
    }

    /// Starts the setup of a log with other settings than the defaults.
    pub fn builder(url: &str, capacity: usize) -> RedisLogBuilder {
        RedisLogBuilder::new(url, capacity)
    }

    /// Checks that Redis flushes each event to its disk, and removes none to save memory.
    ///
    /// # Errors
    ///
    /// A setting is not right, or cannot be read: some hosted servers do not permit that. The error
    /// names the setting.
    pub async fn check_durability(&self) -> Result<(), LogError> {
        self.connection.check_durability().await
    }

    /// A script that is called with these arguments.
    fn call<'a>(&self, script: Script, arguments: impl IntoIterator<Item = &'a [u8]>) -> Call {
        let mut invocation = script.get().prepare_invoke();
        for key in self.keys.all() {
            invocation.key(key);
        }
        for argument in arguments {
            invocation.arg(argument);
        }
        Call {
            invocation,
            repeats: script.repeats(),
        }
    }
}

/// A call of a script.
struct Call {
    invocation: ::redis::ScriptInvocation<'static>,
    /// Whether it may be sent again if it was not answered.
    repeats: bool,
}

fn digits(number: impl ToString) -> Vec<u8> {
    number.to_string().into_bytes()
}

fn unrecognised() -> LogError {
    LogError::Failed(
        "the keys of this namespace do not hold an event log; use another namespace".into(),
    )
}

fn text(value: Value) -> Result<String, LogError> {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes).map_err(|_| unrecognised()),
        _ => Err(unrecognised()),
    }
}

fn bytes(value: Value) -> Result<Bytes, LogError> {
    match value {
        Value::BulkString(bytes) => Ok(bytes.into()),
        _ => Err(unrecognised()),
    }
}

/// Parses a time, which is a score of a sorted set.
fn time(value: Value) -> Result<u64, LogError> {
    // Times are below 2^53, so a float has each of them exactly.
    let time: f64 = text(value)?.parse().map_err(|_| unrecognised())?;
    Ok(time as u64)
}

fn parked_event(id: String, body: Value, reason: Value) -> Result<ParkedEvent, LogError> {
    Ok(ParkedEvent {
        id,
        body: bytes(body)?,
        reason: text(reason)?,
    })
}

#[async_trait]
impl EventLog for RedisLog {
    async fn record(&self, event: NewEvent, now: u64) -> Result<Recorded, LogError> {
        let (now, unfinished, parked) = (
            digits(now),
            digits(self.bounds.unfinished),
            digits(self.bounds.parked),
        );
        let id = event.id.as_bytes();
        let call = self.call(
            Script::Record,
            [id, &event.body, &now, &unfinished, &parked],
        );
        match self.connection.run::<i64>(call).await? {
            0 => Ok(Recorded::New),
            1 => Ok(Recorded::Duplicate),
            2 => Err(LogError::Full),
            3 => Err(LogError::TooManyParked),
            _ => Err(unrecognised()),
        }
    }

    async fn claim(&self, now: u64) -> Result<Claim, LogError> {
        let (now, lease) = (digits(now), digits(self.lease.as_millis()));
        let call = self.call(Script::Claim, [&*now, &lease]);
        let found: Vec<Value> = self.connection.run(call).await?;
        let mut found = found.into_iter();
        let number = |number| u32::try_from(number).unwrap_or(u32::MAX);
        match (found.next(), found.next(), found.next(), found.next()) {
            (None, ..) => Ok(Claim::Nothing { next_due: None }),
            (Some(due), None, ..) => Ok(Claim::Nothing {
                next_due: Some(time(due)?),
            }),
            (Some(id), Some(body), Some(Value::Int(attempt)), Some(Value::Int(claim))) => {
                Ok(Claim::Event {
                    id: text(id)?,
                    body: bytes(body)?,
                    attempt: number(attempt),
                    claim: number(claim),
                })
            }
            _ => Err(unrecognised()),
        }
    }

    /// Remembers the ID by Redis's clock, and not by that of the caller.
    async fn done(&self, id: &str, _now: u64) -> Result<(), LogError> {
        let call = self.call(Script::Done, [id.as_bytes()]);
        self.connection.run(call).await
    }

    async fn retry(&self, id: &str, claim: u32, due: u64) -> Result<(), LogError> {
        let (claim, due) = (digits(claim), digits(due));
        let call = self.call(Script::Retry, [id.as_bytes(), &claim, &due]);
        self.connection.run(call).await
    }

    async fn park(&self, id: &str, claim: u32, reason: &str) -> Result<(), LogError> {
        let claim = digits(claim);
        let call = self.call(Script::Park, [id.as_bytes(), &claim, reason.as_bytes()]);
        self.connection.run(call).await
    }

    async fn parked(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<ParkedEvent>, LogError> {
        let after = after.map_or("-".to_owned(), |id| format!("({id}"));
        let limit = digits(limit.min(u32::MAX as usize));
        let call = self.call(Script::Parked, [after.as_bytes(), &limit]);
        let found: Vec<(String, Value, Value)> = self.connection.run(call).await?;
        let events = found.into_iter();
        events
            .map(|(id, body, reason)| parked_event(id, body, reason))
            .collect()
    }

    async fn release(&self, id: &str, now: u64) -> Result<bool, LogError> {
        let now = digits(now);
        let call = self.call(Script::Release, [id.as_bytes(), &now]);
        self.connection.run(call).await
    }

    /// Remembers the ID by Redis's clock, and not by that of the caller.
    async fn discard(&self, id: &str, _now: u64) -> Result<Option<ParkedEvent>, LogError> {
        let call = self.call(Script::Discard, [id.as_bytes()]);
        let found: Vec<Value> = self.connection.run(call).await?;
        let mut found = found.into_iter();
        match (found.next(), found.next()) {
            (Some(body), Some(reason)) => parked_event(id.to_owned(), body, reason).map(Some),
            _ => Ok(None),
        }
    }

    async fn counts(&self) -> Result<Counts, LogError> {
        let call = self.call(Script::Counts, []);
        let (unfinished, parked) = self.connection.run(call).await?;
        Ok(Counts { unfinished, parked })
    }

    fn lease(&self) -> Option<Duration> {
        Some(self.lease)
    }
}

impl fmt::Debug for RedisLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLog")
            .field("bounds", &self.bounds)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}
