//! Converts a pair to and from the fields of a Redis hash.

use std::collections::{BTreeSet, HashMap};

use cobo_auth::Secret;
use zeroize::Zeroizing;

use crate::store::{Owner, StoreError, TokenPair};

const VERSION: &str = "1";

/// Ten years, in milliseconds. Redis adds it to the current time, which must not overflow.
const MAX_LIFE_MILLIS: u64 = 10 * 365 * 24 * 60 * 60 * 1_000;
/// One second, in milliseconds, so that a pair that was expired on arrival is removed soon.
const MIN_LIFE_MILLIS: u64 = 1_000;

/// Text from Redis, which may be a secret.
pub(super) fn text(bytes: Vec<u8>) -> Option<Secret> {
    let bytes = Zeroizing::new(bytes);
    std::str::from_utf8(&bytes).ok().map(Secret::from)
}

/// A number with a fixed width, which scripts compare as text: Lua's numbers are exact only up to
/// 2^53.
pub(super) fn digits(number: u64) -> String {
    format!("{number:020}")
}

pub(super) fn number(digits: &Secret) -> Option<u64> {
    let digits = digits.expose();
    let plain = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}

/// How long Redis keeps the pair, in milliseconds. Relative, so that Redis's clock does not matter.
pub(super) fn life_millis(pair: &TokenPair) -> u64 {
    let end = match (&pair.refresh_token, pair.refresh_expires_at) {
        (Some(_), Some(end)) => end.max(pair.expires_at),
        // The expiry of this refresh token is unknown.
        (Some(_), None) => return MAX_LIFE_MILLIS,
        (None, _) => pair.expires_at,
    };
    let life = end.saturating_sub(pair.obtained_at);
    life.clamp(MIN_LIFE_MILLIS, MAX_LIFE_MILLIS)
}

pub(super) fn write(org_id: &str, pair: &TokenPair) -> Vec<(&'static str, Secret)> {
    // Destructures every field, so that adding one to `TokenPair` fails to compile until it is
    // stored.
    let TokenPair {
        generation,
        access_token,
        obtained_at,
        expires_at,
        refresh_token,
        refresh_expires_at,
        owner,
    } = pair;
    let mut fields = vec![
        ("version", VERSION.into()),
        ("org_id", org_id.into()),
        ("generation", digits(*generation).into()),
        ("access_token", access_token.clone()),
        ("obtained_at", digits(*obtained_at).into()),
        ("expires_at", digits(*expires_at).into()),
    ];
    if let Some(token) = refresh_token {
        fields.push(("refresh_token", token.clone()));
    }
    if let Some(end) = refresh_expires_at {
        fields.push(("refresh_expires_at", digits(*end).into()));
    }
    if let Some(owner) = owner {
        fields.push(("client_id", owner.client_id().into()));
        fields.push(("environment", environment(owner).into()));
    }
    fields
}

/// An app's client id and environment as script arguments. Both are empty if the app is unknown:
/// then they match no pair that has an owner.
pub(super) fn app(owner: Option<&Owner>) -> [String; 2] {
    owner.map_or_else(Default::default, |owner| {
        [owner.client_id().to_owned(), environment(owner)]
    })
}

fn environment(owner: &Owner) -> String {
    owner.environment().collect::<Vec<_>>().join(" ")
}

/// Reads an owner from its two fields.
pub(super) fn owner(client_id: &Secret, environment: &Secret) -> Owner {
    let words = environment.expose().split_whitespace().map(str::to_owned);
    let words: BTreeSet<_> = words.collect();
    Owner::from_parts(client_id.expose().to_owned(), words)
}

/// A hash as received from Redis.
pub(super) type Hash = HashMap<Vec<u8>, Vec<u8>>;

/// Reads the pair in a hash. `None` if the hash is empty (nothing is stored) or has no tokens (the
/// pair was removed).
pub(super) fn read(hash: Hash, key: &str) -> Result<Option<TokenPair>, StoreError> {
    if hash.is_empty() {
        return Ok(None);
    }
    let fields = hash
        .into_iter()
        .map(|(name, value)| Some((String::from_utf8(name).ok()?, text(value)?)));
    let pair = fields.collect::<Option<_>>().and_then(pair);
    pair.ok_or_else(|| unrecognised(key))
}

fn pair(mut fields: HashMap<String, Secret>) -> Option<Option<TokenPair>> {
    let known = fields.remove("version")?.expose() == VERSION;
    fields.remove("org_id")?;
    let generation = number(&fields.remove("generation")?)?;
    if fields.is_empty() {
        return known.then_some(None);
    }
    let refresh_expires_at = match fields.remove("refresh_expires_at") {
        Some(end) => Some(number(&end)?),
        None => None,
    };
    let owner = match (fields.remove("client_id"), fields.remove("environment")) {
        (Some(client_id), Some(environment)) => Some(owner(&client_id, &environment)),
        (None, None) => None,
        _ => return None,
    };
    let pair = TokenPair {
        generation,
        access_token: fields.remove("access_token")?,
        obtained_at: number(&fields.remove("obtained_at")?)?,
        expires_at: number(&fields.remove("expires_at")?)?,
        refresh_token: fields.remove("refresh_token"),
        refresh_expires_at,
        owner,
    };
    // Fields of a newer version are refused: a rewrite would lose them.
    (known && fields.is_empty()).then_some(Some(pair))
}

/// The error for a key that does not hold a pair of this version.
pub(super) fn unrecognised(key: &str) -> StoreError {
    StoreError::unrecognised(format!(
        "the key {key} of Redis does not hold a pair of version {VERSION}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pair_is_stored_until_both_tokens_have_expired() {
        let pair = TokenPair::new(1, "access", 1_000, 43_201_000);
        assert_eq!(life_millis(&pair), 43_200_000);
        let with = |end| life_millis(&pair.clone().with_refresh_token("refresh", end));
        assert_eq!(with(2_592_001_000), 2_592_000_000);
        assert_eq!(with(2_000), 43_200_000, "the access token lives longer");
        assert_eq!(with(u64::MAX), MAX_LIFE_MILLIS);
        let mut endless = pair.clone().with_refresh_token("refresh", 0);
        endless.refresh_expires_at = None;
        assert_eq!(life_millis(&endless), MAX_LIFE_MILLIS);
        assert_eq!(
            life_millis(&TokenPair::new(1, "access", 5, 5)),
            MIN_LIFE_MILLIS
        );
    }
}
