use cobo_auth::Secret;
use serde::{Deserialize, Serialize};

use super::Owner;

/// An organization's access token and the refresh token that came with it.
///
/// Times are milliseconds since the Unix epoch by the wall clock of the process that obtained the
/// pair. `Debug` is redacted. **`Serialize` writes the secrets**: use it only in stores.
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
    /// The number of the pair within its organization. Every new pair has a higher one, across
    /// processes.
    pub generation: u64,
    /// The token that authorizes API calls.
    pub access_token: Secret,
    /// When the request for the pair was sent; read just before sending.
    pub obtained_at: u64,
    /// When the access token expires.
    pub expires_at: u64,
    /// The token that obtains the next pair. It can be used once. `None` if it was taken out of the store
    /// to be sent, or if Cobo issued none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Secret>,
    /// When the refresh token expires, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_expires_at: Option<u64>,
    /// The app that the pair was issued to. A pair without an owner belongs to the first app that
    /// replaces it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
}

impl TokenPair {
    /// Creates a pair without a refresh token. Times are Unix milliseconds.
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

    /// Adds a refresh token and its expiry time in Unix milliseconds.
    #[must_use]
    pub fn with_refresh_token(mut self, token: impl Into<Secret>, expires_at: u64) -> Self {
        self.refresh_token = Some(token.into());
        self.refresh_expires_at = Some(expires_at);
        self
    }

    /// Sets the app that the pair belongs to.
    #[must_use]
    pub fn with_owner(mut self, owner: Owner) -> Self {
        self.owner = Some(owner);
        self
    }

    /// Whether both tokens have expired at this time, in Unix milliseconds. A refresh token without a
    /// known expiry has not expired.
    pub(crate) fn has_expired(&self, unix_millis: u64) -> bool {
        let refresh_ended = match (&self.refresh_token, self.refresh_expires_at) {
            (None, _) => true,
            (Some(_), end) => end.is_some_and(|end| unix_millis >= end),
        };
        refresh_ended && unix_millis >= self.expires_at
    }

    /// Returns the lifetime of the access token in milliseconds.
    pub fn life_millis(&self) -> u64 {
        self.expires_at.saturating_sub(self.obtained_at)
    }
}
