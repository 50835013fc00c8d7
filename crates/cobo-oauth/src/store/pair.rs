use cobo_auth::Secret;
use serde::{Deserialize, Serialize};

use super::Owner;

/// An organization's access token and the refresh token that came with it.
///
/// Times are milliseconds since the Unix epoch by the wall clock of the process that obtained the
/// pair. `Debug` is redacted. **`Serialize` writes the secrets**: it is for stores.
///
/// ```
/// use cobo_oauth::TokenPair;
///
/// let pair = TokenPair::new(1, "q1wX0example", 1_700_000_000_000, 1_700_043_200_000)
///     .with_refresh_token("r7tY3example", 1_702_592_000_000);
/// assert_eq!(pair.life_millis(), 43_200_000);
/// assert!(!format!("{pair:?}").contains("q1wX0example"));
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TokenPair {
    /// Which pair of its organization this is: it rises with every pair, across processes.
    pub generation: u64,
    /// What calls carry.
    pub access_token: Secret,
    /// When the request that brought the pair was about to be sent.
    pub obtained_at: u64,
    /// When the access token expires.
    pub expires_at: u64,
    /// What obtains the next pair, once. `None` once it is being used, or where none was issued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Secret>,
    /// When the refresh token expires, as far as that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_expires_at: Option<u64>,
    /// The app that the pair was issued to. A pair without an owner belongs to the first app that
    /// replaces it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
}

impl TokenPair {
    /// An access token by itself. Times are Unix milliseconds.
    pub fn new(
        generation: u64,
        access_token: impl Into<Secret>,
        obtained_at: u64,
        expires_at: u64,
    ) -> Self {
        Self {
            generation,
            access_token: access_token.into(),
            obtained_at,
            expires_at,
            refresh_token: None,
            refresh_expires_at: None,
            owner: None,
        }
    }

    /// The pair with a refresh token, and when that expires, in Unix milliseconds.
    #[must_use]
    pub fn with_refresh_token(mut self, token: impl Into<Secret>, expires_at: u64) -> Self {
        self.refresh_token = Some(token.into());
        self.refresh_expires_at = Some(expires_at);
        self
    }

    /// The pair as one of this app's.
    #[must_use]
    pub fn with_owner(mut self, owner: Owner) -> Self {
        self.owner = Some(owner);
        self
    }

    /// Whether neither token is of any use at this time, in Unix milliseconds. A refresh token whose
    /// end is not known may be.
    pub(crate) fn has_expired(&self, unix_millis: u64) -> bool {
        let refresh_ended = match (&self.refresh_token, self.refresh_expires_at) {
            (None, _) => true,
            (Some(_), end) => end.is_some_and(|end| unix_millis >= end),
        };
        refresh_ended && unix_millis >= self.expires_at
    }

    /// How long the access token lives in all, in milliseconds.
    pub fn life_millis(&self) -> u64 {
        self.expires_at.saturating_sub(self.obtained_at)
    }
}
