//! The Lua scripts. Redis runs each of them as one step.
//!
//! If Redis refuses a command in the middle of a script, it keeps what the script has already changed.
//! Therefore the commands are in an order in which the event is then handled again, and never lost.
//!
//! Without memory (`maxmemory`), Redis refuses a command that may need some, unless the script has
//! already called another command that writes. Therefore each script except `RECORD` first calls one
//! that needs no memory, even if it removes nothing: otherwise no event could leave the log.

use std::sync::LazyLock;

use super::{FORGOTTEN_PER_CALL, MAX_REMEMBERED, REMEMBERED};

/// The keys of a log. The part in braces selects the slot of a cluster.
#[derive(Debug)]
pub(super) struct Keys([String; 8]);

impl Keys {
    pub(super) fn new(namespace: &str) -> Self {
        let names = [
            "bodies", "attempts", "claims", "waiting", "claimed", "parked", "reasons", "done",
        ];
        Self(names.map(|name| format!("cobo-events:{{{namespace}}}:{name}")))
    }

    pub(super) fn all(&self) -> &[String] {
        &self.0
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    Record,
    Claim,
    Done,
    Retry,
    Park,
    Parked,
    Release,
    Discard,
    Counts,
}

impl Script {
    pub(super) fn get(self) -> &'static redis::Script {
        match self {
            Self::Record => &RECORD,
            Self::Claim => &CLAIM,
            Self::Done => &DONE,
            Self::Retry => &RETRY,
            Self::Park => &PARK,
            Self::Parked => &PARKED,
            Self::Release => &RELEASE,
            Self::Discard => &DISCARD,
            Self::Counts => &COUNTS,
        }
    }

    /// Returns whether a call that was not answered may be sent again. `Claim` may not: the event of the
    /// lost answer is claimed until its lease ends. `Release` and `Discard` may not: the second call
    /// would answer that the event was not parked.
    pub(super) fn repeats(self) -> bool {
        !matches!(self, Self::Claim | Self::Release | Self::Discard)
    }
}

/// - `bodies`, `attempts` and `claims` (the number of the last claim): hashes of all events that are not
///   done, by ID.
/// - `waiting`: when each waiting event is due, by the clock of the inbox. `claimed`: when each lease
///   ends, by Redis's clock.
/// - `parked`: a sorted set with the same score for all events, so it is in the order of the IDs.
///   `reasons`: a hash.
/// - `done`: when each remembered event was done, by Redis's clock. The clock of one worker must not
///   decide what is forgotten for all of them.
const PRELUDE: &str = r"
local bodies, attempts, claims, waiting, claimed, parked, reasons, done = unpack(KEYS)
local function clock()
    local time = redis.call('TIME')
    return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function remember(id)
    local now = clock()
    redis.call('ZADD', done, now, id)
    local oldest = string.format('(%d', now - DONE_MILLIS)
    local old = redis.call('ZRANGEBYSCORE', done, '-inf', oldest, 'LIMIT', 0, FORGOTTEN)
    for _, forgotten in ipairs(old) do redis.call('ZREM', done, forgotten) end
    local excess = math.min(redis.call('ZCARD', done) - MAX_DONE, FORGOTTEN)
    if excess > 0 then redis.call('ZREMRANGEBYRANK', done, 0, excess - 1) end
end
local function has_claim(id, claim)
    return redis.call('ZSCORE', claimed, id) and redis.call('HGET', claims, id) == claim
end
local function remove(id)
    redis.call('ZREM', claimed, id)
    redis.call('ZREM', waiting, id)
    redis.call('HDEL', attempts, id)
    redis.call('HDEL', claims, id)
    redis.call('HDEL', reasons, id)
    redis.call('ZREM', parked, id)
    redis.call('HDEL', bodies, id)
end
";

fn script(code: &str) -> redis::Script {
    let prelude = PRELUDE
        .replace("FORGOTTEN", &FORGOTTEN_PER_CALL.to_string())
        .replace("DONE_MILLIS", &REMEMBERED.to_string())
        .replace("MAX_DONE", &MAX_REMEMBERED.to_string());
    redis::Script::new(&(prelude + code))
}

/// Arguments: the ID, the body, the time, the two bounds.
static RECORD: LazyLock<redis::Script> = LazyLock::new(|| {
    script(
        r"
local id = ARGV[1]
if redis.call('HEXISTS', bodies, id) == 1 or redis.call('ZSCORE', done, id) then return 1 end
local held = redis.call('ZCARD', parked)
if redis.call('HLEN', bodies) - held >= tonumber(ARGV[4]) then return 2 end
if held >= tonumber(ARGV[5]) then return 3 end
redis.call('ZADD', waiting, ARGV[3], id)
redis.call('HSET', bodies, id, ARGV[2])
return 0
",
    )
});

/// Arguments: the time, the length of a lease in milliseconds. Returns the ID, the body, the attempt and
/// the number of the claim; or when the next event is due; or nothing.
static CLAIM: LazyLock<redis::Script> = LazyLock::new(|| {
    script(
        r"
local now = clock()
for _, id in ipairs(redis.call('ZRANGEBYSCORE', claimed, '-inf', now, 'LIMIT', 0, 16)) do
    redis.call('ZREM', waiting, id)
    redis.call('ZADD', waiting, 0, id)
    redis.call('ZREM', claimed, id)
end
local first = redis.call('ZRANGE', waiting, 0, 0, 'WITHSCORES')
if #first == 0 then return {} end
local id = first[1]
if tonumber(first[2]) > tonumber(ARGV[1]) then return {first[2]} end
local body = redis.call('HGET', bodies, id)
if not body then
    redis.call('ZREM', waiting, id)
    return {ARGV[1]}
end
redis.call('ZREM', claimed, id)
local attempt = redis.call('HINCRBY', attempts, id, 1)
local claim = redis.call('HINCRBY', claims, id, 1)
redis.call('ZADD', claimed, now + ARGV[2], id)
redis.call('ZREM', waiting, id)
return {id, body, attempt, claim}
",
    )
});

/// Argument: the ID. Also ends an event that waits or is claimed again because its lease has ended.
static DONE: LazyLock<redis::Script> = LazyLock::new(|| {
    script(
        r"
local id = ARGV[1]
if redis.call('HEXISTS', bodies, id) == 1 and not redis.call('ZSCORE', parked, id) then
    redis.call('HDEL', reasons, id)
    remember(id)
    remove(id)
end
return redis.status_reply('OK')
",
    )
});

/// Arguments: the ID, the number of the claim, when it is due.
static RETRY: LazyLock<redis::Script> = LazyLock::new(|| {
    script(
        r"
if has_claim(ARGV[1], ARGV[2]) then
    redis.call('ZREM', waiting, ARGV[1])
    redis.call('ZADD', waiting, ARGV[3], ARGV[1])
    redis.call('ZREM', claimed, ARGV[1])
end
return redis.status_reply('OK')
",
    )
});

/// Arguments: the ID, the number of the claim, the reason.
static PARK: LazyLock<redis::Script> = LazyLock::new(|| {
    script(
        r"
if has_claim(ARGV[1], ARGV[2]) then
    redis.call('ZREM', waiting, ARGV[1])
    redis.call('HSET', reasons, ARGV[1], ARGV[3])
    redis.call('ZADD', parked, 0, ARGV[1])
    redis.call('ZREM', claimed, ARGV[1])
end
return redis.status_reply('OK')
",
    )
});

/// Arguments: the start of the range, the number of events.
static PARKED: LazyLock<redis::Script> = LazyLock::new(|| {
    script(
        r"
local found = {}
for i, id in ipairs(redis.call('ZRANGEBYLEX', parked, ARGV[1], '+', 'LIMIT', 0, ARGV[2])) do
    found[i] = {id, redis.call('HGET', bodies, id), redis.call('HGET', reasons, id)}
end
return found
",
    )
});

/// Arguments: the ID, the time.
static RELEASE: LazyLock<redis::Script> = LazyLock::new(|| {
    script(
        r"
local id = ARGV[1]
if not redis.call('ZSCORE', parked, id) then return 0 end
redis.call('ZREM', claimed, id)
redis.call('ZADD', waiting, ARGV[2], id)
redis.call('HDEL', attempts, id)
redis.call('HDEL', reasons, id)
redis.call('ZREM', parked, id)
return 1
",
    )
});

/// Argument: the ID. Returns the body and the reason.
static DISCARD: LazyLock<redis::Script> = LazyLock::new(|| {
    script(
        r"
local id = ARGV[1]
if not redis.call('ZSCORE', parked, id) then return {} end
local event = {redis.call('HGET', bodies, id), redis.call('HGET', reasons, id)}
redis.call('ZREM', waiting, id)
remember(id)
remove(id)
return event
",
    )
});

static COUNTS: LazyLock<redis::Script> = LazyLock::new(|| {
    script(
        r"
local held = redis.call('ZCARD', parked)
return {redis.call('HLEN', bodies) - held, held}
",
    )
});
