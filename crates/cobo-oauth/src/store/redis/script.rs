//! The scripts, each of which Redis runs as one step.
//!
//! Each script answers with a list: `{1, …}` it is done, `{0, …}` it is not, `{-1}` the key holds data
//! that is not recognised, `{-2, client_id, environment}` the pair belongs to that app. Where it is not
//! done nothing was changed.
//!
//! Redis may refuse a command in the middle of a script (no memory is left, the user may not run it),
//! and then keeps what the script changed before. So each script changes something in one command
//! only, or makes sure first that the later ones will not be refused.
//!
//! Each script may run twice, since a cluster is sent again what it did not answer. At worst the
//! second answer says that it was not done. What was spent is spent.

use std::sync::LazyLock;

use cobo_auth::Secret;
use redis::Script;

use crate::store::Owner;

/// The result of a script.
pub(super) enum Outcome {
    /// It is done, and gave this.
    Done(Option<Secret>),
    /// It is not, because of this.
    Not(Option<Secret>),
    /// It is not, because the pair belongs to this app.
    OtherApp(Owner),
}

/// The pair at a key: an empty table where there is none, one without an access token where it was
/// removed, nothing where it is not recognised. As strict as [`fields::read`](super::fields::read).
///
/// And whether an app may use a pair, as [`Owner::check`] has it.
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

/// Keys: the pair. Arguments: its life in milliseconds, its generation, its owner's client id and
/// environment, its fields.
///
/// `HDEL` is tried first on a field that no pair has: if Redis refuses it, to this user or to a replica,
/// it does so before anything is changed. `HSET` writes the whole pair at once. If `PEXPIRE` is refused
/// after that, the new pair is there.
pub(super) static SAVE: LazyLock<Script> = LazyLock::new(|| {
    script(
        r"
local there = read(KEYS[1])
if not there then return {-1} end
if not ours(there, ARGV[3], ARGV[4]) then return {-2, there.client_id, there.environment} end
if there.generation and there.generation >= ARGV[2] then
    return {0, there.generation}
end
redis.call('HDEL', KEYS[1], '')
redis.call('HSET', KEYS[1], unpack(ARGV, 5))
local new = {}
for i = 5, #ARGV, 2 do new[ARGV[i]] = 1 end
for field in pairs(there) do
    if not new[field] then redis.call('HDEL', KEYS[1], field) end
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return {1}
",
    )
});

/// Keys: the pair. Arguments: the client id and the environment of the app that removes it. The
/// generation is kept for as long as the pair would have been.
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

/// Keys: the pair. Arguments: the client id and the environment of an app. Gives the organization's id
/// if there is a pair that the app may use.
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

/// Keys: the pair, the lease. Arguments: the lease's value, the generation.
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

/// Keys: the pair, the lease. Arguments: the lease's value, the generation, the refresh token.
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

/// Keys: the lease. Arguments: its value, its time in milliseconds. Sent a second time, since the first
/// was not answered, it finds that the lease has this value already.
pub(super) static TAKE: LazyLock<Script> = LazyLock::new(|| {
    script(
        r"
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return {1} end
if redis.call('GET', KEYS[1]) == ARGV[1] then return {1} end
return {0}
",
    )
});

/// Keys: the lease. Arguments: its value.
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
