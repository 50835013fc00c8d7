//! The Lua scripts. Redis runs each of them as one step.
//!
//! Each script returns a list: `{1, …}` done; `{0, …}` not done; `{-1}` the key holds data that is
//! not recognised; `{-2, client_id, environment}` the pair belongs to that app. Unless the result
//! is `{1, …}`, nothing was changed.
//!
//! Redis may refuse a command in the middle of a script (out of memory, no permission) and keeps
//! what the script changed before. Each script therefore makes its changes in a single command, or
//! first checks that the later commands will not be refused.
//!
//! Each script may run twice, since in a cluster an unanswered command is sent again. In the worst
//! case the second answer says that nothing was done; a refresh token that was spent stays spent.

use std::sync::LazyLock;

use cobo_auth::Secret;
use redis::Script;

use crate::store::Owner;

/// The result of a script.
pub(super) enum Outcome {
    /// The change was made. Contains the script's value, if any.
    Done(Option<Secret>),
    /// The change was not made. Contains the reason, if any.
    NotDone(Option<Secret>),
    /// The change was not made, because the pair belongs to this app.
    OtherApp(Owner),
}

/// `read` returns the pair at a key: an empty table if nothing is stored, a table without an access
/// token if the pair was removed, and nil if the data is not recognised. It is as strict as
/// [`fields::read`](super::fields::read).
///
/// Also defines whether an app may use a pair, with the rule of [`Owner::check`].
const READ: &str = r"
local known = {
    version = 1, org_id = 1, generation = 1, access_token = 1, obtained_at = 1, expires_at = 1,
    refresh_token = 1, refresh_expires_at = 1, client_id = 1, environment = 1,
}
local function number(text)
    return text and #text == 20 and not string.find(text, '%D') and text <= '18446744073709551615'
end
local function read(key)
    local kind = redis.call('TYPE', key).ok
    if kind == 'none' then return {} end
    if kind ~= 'hash' then return nil end
    local pair, flat = {}, redis.call('HGETALL', key)
    for i = 1, #flat, 2 do
        if not known[flat[i]] then return nil end
        pair[flat[i]] = flat[i + 1]
    end
    if pair.version ~= '1' or not pair.org_id or not number(pair.generation) then return nil end
    if #flat == 6 then return pair end
    if not number(pair.obtained_at) or not number(pair.expires_at) then return nil end
    if pair.refresh_expires_at and not number(pair.refresh_expires_at) then return nil end
    if (pair.client_id == nil) ~= (pair.environment == nil) then return nil end
    return pair.access_token and pair
end
local function ours(pair, client_id, environment)
    if not pair.client_id then return true end
    if pair.client_id ~= client_id then return false end
    for one in string.gmatch(environment, '%S+') do
        for other in string.gmatch(pair.environment, '%S+') do
            if one == other then return true end
        end
    end
    return false
end
";

/// Saves a pair. Keys: the pair. Arguments: its lifetime in milliseconds, its generation, its
/// owner's client id and environment, its fields.
///
/// First runs `HDEL` on a field that no pair has: if Redis would refuse it, because of permissions
/// or because this is a replica, it does so before anything is changed. `HSET` then writes the
/// whole pair at once. If `PEXPIRE` is refused after that, the new pair is stored.
pub(super) static SAVE: LazyLock<Script> = LazyLock::new(|| {
    script(
        r"
local stored = read(KEYS[1])
if not stored then return {-1} end
if not ours(stored, ARGV[3], ARGV[4]) then return {-2, stored.client_id, stored.environment} end
if stored.generation and stored.generation >= ARGV[2] then
    return {0, stored.generation}
end
redis.call('HDEL', KEYS[1], '')
redis.call('HSET', KEYS[1], unpack(ARGV, 5))
local new = {}
for i = 5, #ARGV, 2 do new[ARGV[i]] = 1 end
for field in pairs(stored) do
    if not new[field] then redis.call('HDEL', KEYS[1], field) end
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return {1}
",
    )
});

/// Removes a pair. Keys: the pair. Arguments: the client id and the environment of the app that
/// removes it. Keeps the generation for as long as the pair would have been kept.
pub(super) static REMOVE: LazyLock<Script> = LazyLock::new(|| {
    script(
        r"
local pair = read(KEYS[1])
if not pair then return {-1} end
if not ours(pair, ARGV[1], ARGV[2]) then return {-2, pair.client_id, pair.environment} end
if pair.access_token then
    redis.call('HDEL', KEYS[1], 'access_token', 'obtained_at', 'expires_at', 'refresh_token',
        'refresh_expires_at', 'client_id', 'environment')
end
return {1}
",
    )
});

/// Returns the organization's id if it has a pair that the app may use. Keys: the pair. Arguments:
/// the app's client id and environment.
pub(super) static LIST: LazyLock<Script> = LazyLock::new(|| {
    script(
        r"
local pair = read(KEYS[1])
if not pair then return {-1} end
if not pair.access_token or not ours(pair, ARGV[1], ARGV[2]) then return {0} end
return {1, pair.org_id}
",
    )
});

/// Takes the refresh token out of a pair. Keys: the pair, the lease. Arguments: the lease's value,
/// the generation.
pub(super) static SPEND: LazyLock<Script> = LazyLock::new(|| {
    script(
        r"
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return {0} end
local pair = read(KEYS[1])
if not pair then return {-1} end
if pair.generation ~= ARGV[2] or not pair.refresh_token then return {0} end
redis.call('HDEL', KEYS[1], 'refresh_token')
return {1, pair.refresh_token}
",
    )
});

/// Puts a refresh token back. Keys: the pair, the lease. Arguments: the lease's value, the
/// generation, the refresh token.
pub(super) static RESTORE: LazyLock<Script> = LazyLock::new(|| {
    script(
        r"
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return {0} end
local pair = read(KEYS[1])
if not pair then return {-1} end
if pair.generation ~= ARGV[2] or pair.refresh_token then return {0} end
if not pair.access_token then return {0} end
redis.call('HSET', KEYS[1], 'refresh_token', ARGV[3])
return {1}
",
    )
});

/// Acquires the lease. Keys: the lease. Arguments: its value, its duration in milliseconds. If it is
/// sent again after a lost answer, it finds its own value and succeeds.
pub(super) static ACQUIRE: LazyLock<Script> = LazyLock::new(|| {
    script(
        r"
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return {1} end
if redis.call('GET', KEYS[1]) == ARGV[1] then return {1} end
return {0}
",
    )
});

/// Releases the lease. Keys: the lease. Arguments: its value.
pub(super) static RELEASE: LazyLock<Script> = LazyLock::new(|| {
    script(
        r"
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {0} end
redis.call('DEL', KEYS[1])
return {1}
",
    )
});

fn script(body: &str) -> Script {
    Script::new(&format!("{READ}{body}"))
}
