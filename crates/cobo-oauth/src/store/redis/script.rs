//! What Redis does at once.
//!
//! Each script answers with a list: `{1, …}` it is done, `{0, …}` it is not, `{-1}` the key holds
//! what is not understood, and has been left as it is.
//!
//! Each may be carried out twice, and nothing is worse for it: a cluster is sent again what it did
//! not answer. At most the second answer says that it was not done, and what was spent is spent.

use std::sync::LazyLock;

use cobo_auth::Secret;
use redis::Script;

/// What became of a script.
pub(super) enum Outcome {
    /// It is done, and gave this.
    Done(Option<Secret>),
    /// It is not, because of this.
    Not(Option<Secret>),
}

/// The pair at a key: an empty table where there is none, one without an access token where it has
/// been removed, nothing where it is not understood. As strict as
/// [`fields::read`](super::fields::read).
const READ: &str = r"
local known = {
    version = 1, org_id = 1, generation = 1, access_token = 1, obtained_at = 1, expires_at = 1,
    refresh_token = 1, refresh_expires_at = 1,
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
    return pair.access_token and pair
end
";

/// The pair, its life in milliseconds, its generation, its fields.
pub(super) static SAVE: LazyLock<Script> = LazyLock::new(|| {
    script(
        r"
local there = read(KEYS[1])
if not there then return {-1} end
if there.generation and there.generation >= ARGV[2] then
    return {0, there.generation}
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return {1}
",
    )
});

/// The pair, of which the generation is kept, for as long as the pair would have been.
pub(super) static REMOVE: LazyLock<Script> = LazyLock::new(|| {
    script(
        r"
local pair = read(KEYS[1])
if not pair then return {-1} end
if pair.access_token then
    redis.call('HDEL', KEYS[1], 'access_token', 'obtained_at', 'expires_at', 'refresh_token',
        'refresh_expires_at')
end
return {1}
",
    )
});

/// The pair and the lease, the lease's value, the generation.
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

/// The pair and the lease, the lease's value, the generation, the refresh token.
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

/// The lease, its value, its time in milliseconds. Who sends it a second time, since the first was not
/// answered, finds that the lease is theirs.
pub(super) static TAKE: LazyLock<Script> = LazyLock::new(|| {
    script(
        r"
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return {1} end
if redis.call('GET', KEYS[1]) == ARGV[1] then return {1} end
return {0}
",
    )
});

/// The lease, its value.
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
