//! A pair as the fields of a hash.

use std::collections::{BTreeSet, HashMap};

use cobo_auth::Secret;

use super::link::text;
use crate::store::{Owner, StoreError, TokenPair};

const VERSION: &str = "1";

/// Ten years. Redis adds a key's life to the time, which must not overflow.
const LONGEST_LIFE: u64 = 10 * 365 * 24 * 60 * 60 * 1_000;
/// A second, so that a pair that was dead on arrival is gone soon.
const SHORTEST_LIFE: u64 = 1_000;

/// A number of a fixed width, to be compared as text: Lua's numbers are exact up to 2^53 only.
pub(super) fn digits(number: u64) -> String {
    format!("{number:020}")
}

pub(super) fn number(digits: &Secret) -> Option<u64> {
    let digits = digits.expose();
    let plain = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}

/// How long the pair is kept. Counted from now, so that Redis's clock does not matter.
pub(super) fn life_millis(pair: &TokenPair) -> u64 {
    let end = match (&pair.refresh_token, pair.refresh_expires_at) {
        (Some(_), Some(end)) => end.max(pair.expires_at),
        // Nobody knows when a refresh token without an end ends.
        (Some(_), None) => return LONGEST_LIFE,
        (None, _) => pair.expires_at,
    };
    let life = end.saturating_sub(pair.obtained_at);
    life.clamp(SHORTEST_LIFE, LONGEST_LIFE)
}

pub(super) fn write(org_id: &str, pair: &TokenPair) -> Vec<(&'static str, Secret)> {
    // Every field by name: a new one has to be written as well.
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

/// The client id of an app and its environment, for the scripts; empty where the app is unknown, which
/// matches no pair that has an owner.
pub(super) fn app(owner: Option<&Owner>) -> [String; 2] {
    owner.map_or_else(Default::default, |owner| {
        [owner.client_id().to_owned(), environment(owner)]
    })
}

fn environment(owner: &Owner) -> String {
    owner.environment().collect::<Vec<_>>().join(" ")
}

/// An owner from its two fields.
pub(super) fn owner(client_id: &Secret, environment: &Secret) -> Owner {
    let words = environment.expose().split_whitespace().map(str::to_owned);
    let words: BTreeSet<_> = words.collect();
    Owner::from_parts(client_id.expose().to_owned(), words)
}

/// A hash as Redis sends it.
pub(super) type Hash = HashMap<Vec<u8>, Vec<u8>>;

/// The pair in a hash. The hash is empty if nothing is stored, and has no tokens if the pair was removed.
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

/// The key holds something else than a pair of this version.
pub(super) fn unrecognised(key: &str) -> StoreError {
    StoreError::unrecognised(format!(
        "the key {key} of Redis does not hold a pair of version {VERSION}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_kept_as_long_as_it_is_good_for_something() {
        let pair = TokenPair::new(1, "access", 1_000, 43_201_000);
        assert_eq!(life_millis(&pair), 43_200_000);
        let with = |end| life_millis(&pair.clone().with_refresh_token("refresh", end));
        assert_eq!(with(2_592_001_000), 2_592_000_000);
        assert_eq!(with(2_000), 43_200_000, "the access token lives longer");
        assert_eq!(with(u64::MAX), LONGEST_LIFE);
        let mut endless = pair.clone().with_refresh_token("refresh", 0);
        endless.refresh_expires_at = None;
        assert_eq!(life_millis(&endless), LONGEST_LIFE);
        assert_eq!(
            life_millis(&TokenPair::new(1, "access", 5, 5)),
            SHORTEST_LIFE
        );
    }
}
