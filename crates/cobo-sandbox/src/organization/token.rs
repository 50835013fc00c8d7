//! Issues, rotates and expires tokens.
//!
//! Only hashes of tokens are kept, so no token can be read from the sandbox's state.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::clock::whole_ms;

/// The kind of a token. A token of one kind is not accepted in place of the other kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Organization,
    Permission,
}

/// The lifetimes of tokens that are issued from now on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetimes {
    pub(crate) access: Duration,
    pub(crate) refresh: Duration,
}

/// A newly issued pair, to be sent to the client.
pub(crate) struct Pair {
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
    /// The lifetime of the access token, in seconds.
    pub(crate) expires_in: u64,
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pair")
            .field("access_token", &format_args!("[redacted]"))
            .field("refresh_token", &format_args!("[redacted]"))
            .field("expires_in", &self.expires_in)
            .finish()
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("the refresh token is unknown, used or expired")]
    Dead,
    #[error("no random bytes for a token: {0}")]
    Randomness(#[from] getrandom::Error),
}

/// All valid tokens, and expired tokens that are not removed yet.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    access: Shelf,
    refresh: Shelf,
    /// Refresh tokens that were used.
    spent: Shelf,
    /// How many times a used refresh token was presented again.
    replays: u64,
}

/// The organization that granted a token; `None` for a permission token that was requested without an organization.
pub(crate) type Granter = Option<Arc<str>>;

impl Tokens {
    /// Issues a new pair. Other tokens do not change.
    pub(crate) fn issue(
        &mut self,
        kind: Kind,
        granter: Granter,
        lifetimes: Lifetimes,
        now_ms: u64,
    ) -> Result<Pair, TokenError> {
        let pair = Pair {
            access_token: secret()?,
            refresh_token: secret()?,
            expires_in: lifetimes.access.as_secs(),
        };
        let mut put = |shelf: fn(&mut Self) -> &mut Shelf, token: &str, lifetime| {
            let grant = Grant {
                kind,
                granter: granter.clone(),
                expires_at_ms: now_ms.saturating_add(whole_ms(lifetime)),
            };
            shelf(self).put(token, grant, now_ms);
        };
        put(
            |tokens| &mut tokens.access,
            &pair.access_token,
            lifetimes.access,
        );
        put(
            |tokens| &mut tokens.refresh,
            &pair.refresh_token,
            lifetimes.refresh,
        );
        Ok(pair)
    }

    /// Exchanges a refresh token for a new pair, and ends the refresh token. The old access token stays valid.
    pub(crate) fn rotate(
        &mut self,
        kind: Kind,
        refresh_token: &str,
        lifetimes: Lifetimes,
        now_ms: u64,
    ) -> Result<Pair, TokenError> {
        let Some(grant) = self.refresh.get(kind, refresh_token, now_ms) else {
            let spent = self.spent.grants.contains_key(&fingerprint(refresh_token));
            self.replays += u64::from(spent);
            return Err(TokenError::Dead);
        };
        let pair = self.issue(kind, grant.granter.clone(), lifetimes, now_ms)?;
        if let Some(grant) = self.refresh.grants.remove(&fingerprint(refresh_token)) {
            self.spent.put(refresh_token, grant, now_ms);
        }
        Ok(pair)
    }

    /// How many times a used refresh token was presented again.
    pub(crate) fn replays(&self) -> u64 {
        self.replays
    }

    /// The granter of an access token, if the token is valid.
    pub(crate) fn granter(&self, kind: Kind, access_token: &str, now_ms: u64) -> Option<Granter> {
        let grant = self.access.get(kind, access_token, now_ms)?;
        Some(grant.granter.clone())
    }

    /// Ends every access token of an organization.
    pub(crate) fn expire_access(&mut self, org_id: &str) {
        self.access.drop_granted_by(org_id);
    }

    /// Ends every refresh token of an organization.
    pub(crate) fn expire_refresh(&mut self, org_id: &str) {
        self.refresh.drop_granted_by(org_id);
    }
}

#[derive(Debug)]
struct Grant {
    kind: Kind,
    granter: Granter,
    expires_at_ms: u64,
}

#[derive(Default)]
struct Shelf {
    grants: HashMap<[u8; 32], Grant>,
    /// The number of tokens at which expired ones are removed.
    sweep_at: usize,
}

impl Shelf {
    const SWEEP_AT_LEAST: usize = 1024;

    fn get(&self, kind: Kind, token: &str, now_ms: u64) -> Option<&Grant> {
        let grant = self.grants.get(&fingerprint(token))?;
        (grant.kind == kind && now_ms < grant.expires_at_ms).then_some(grant)
    }

    fn put(&mut self, token: &str, grant: Grant, now_ms: u64) {
        // Expired tokens are removed each time the number has doubled, so that the average work for each token is
        // constant.
        if self.grants.len() >= self.sweep_at.max(Self::SWEEP_AT_LEAST) {
            self.grants.retain(|_, grant| now_ms < grant.expires_at_ms);
            self.sweep_at = self.grants.len() * 2;
        }
        self.grants.insert(fingerprint(token), grant);
    }

    fn drop_granted_by(&mut self, org_id: &str) {
        self.grants
            .retain(|_, grant| grant.granter.as_deref() != Some(org_id));
    }
}

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} redacted]", self.grants.len())
    }
}

fn secret() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}

fn fingerprint(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFETIMES: Lifetimes = Lifetimes {
        access: Duration::from_secs(10),
        refresh: Duration::from_secs(100),
    };

    fn issue(tokens: &mut Tokens, org: &str, now_ms: u64) -> Pair {
        tokens
            .issue(Kind::Organization, Some(org.into()), LIFETIMES, now_ms)
            .unwrap()
    }

    fn alive(tokens: &Tokens, pair: &Pair, now_ms: u64) -> bool {
        tokens
            .granter(Kind::Organization, &pair.access_token, now_ms)
            .is_some()
    }

    #[test]
    fn token_is_invalid_from_the_exact_millisecond_of_its_expiry() {
        let mut tokens = Tokens::default();
        let pair = issue(&mut tokens, "org", 0);
        assert!(alive(&tokens, &pair, 9_999));
        assert!(!alive(&tokens, &pair, 10_000));
        let rotate = |tokens: &mut Tokens, now_ms| {
            tokens.rotate(Kind::Organization, &pair.refresh_token, LIFETIMES, now_ms)
        };
        assert!(rotate(&mut tokens, 100_000).is_err());
        assert!(rotate(&mut tokens, 99_999).is_ok());
        assert!(rotate(&mut tokens, 99_999).is_err());
    }

    #[test]
    fn organization_token_is_not_valid_as_a_permission_token() {
        let mut tokens = Tokens::default();
        let pair = issue(&mut tokens, "org", 0);
        let as_permission = tokens.granter(Kind::Permission, &pair.access_token, 0);
        assert!(as_permission.is_none());
        let refreshed = tokens.rotate(Kind::Permission, &pair.refresh_token, LIFETIMES, 0);
        assert!(matches!(refreshed, Err(TokenError::Dead)));
    }

    #[test]
    fn expiring_tokens_of_one_organization_keeps_those_of_others_valid() {
        let mut tokens = Tokens::default();
        let (one, other) = (issue(&mut tokens, "one", 0), issue(&mut tokens, "other", 0));
        tokens.expire_access("one");
        assert!(!alive(&tokens, &one, 0));
        assert!(alive(&tokens, &other, 0));
        let refreshed = tokens.rotate(Kind::Organization, &one.refresh_token, LIFETIMES, 0);
        assert!(refreshed.is_ok());
    }

    #[test]
    fn expired_tokens_are_removed_from_memory() {
        let mut tokens = Tokens::default();
        for round in 0..10_000 {
            issue(&mut tokens, "org", round * 1_000);
        }
        assert!(tokens.access.grants.len() <= Shelf::SWEEP_AT_LEAST);
        assert!(tokens.refresh.grants.len() <= Shelf::SWEEP_AT_LEAST);
    }

    #[test]
    fn replay_of_a_used_refresh_token_is_counted_and_an_unknown_one_is_not() {
        let mut tokens = Tokens::default();
        let pair = issue(&mut tokens, "org", 0);
        let mut present = |token: &str| {
            let rotated = tokens.rotate(Kind::Organization, token, LIFETIMES, 0);
            (rotated.is_ok(), tokens.replays())
        };
        assert_eq!(present("unknown"), (false, 0));
        assert_eq!(present(&pair.refresh_token), (true, 0));
        assert_eq!(present(&pair.refresh_token), (false, 1));
        assert_eq!(present(&pair.refresh_token), (false, 2));
    }

    #[test]
    fn debug_shows_no_token() {
        let mut tokens = Tokens::default();
        let pair = issue(&mut tokens, "org", 0);
        assert_eq!(
            format!("{pair:?}"),
            "Pair { access_token: [redacted], refresh_token: [redacted], expires_in: 10 }"
        );
        assert_eq!(
            format!("{tokens:?}"),
            "Tokens { access: [1 redacted], refresh: [1 redacted], spent: [0 redacted], replays: 0 }"
        );
    }
}
