use super::error::TokenError;

/// The state of an organization's token. Times are Unix milliseconds.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct OrgState {
    /// Whether there is a token in memory that has not expired.
    pub valid: bool,
    /// When the token in memory expires, by the wall clock.
    pub expires_at: Option<u64>,
    /// The generation of the token in memory.
    pub generation: Option<u64>,
    /// Whether a refresh is running.
    pub refreshing: bool,
    /// Whether an installation callback of this organization is queued, because nothing is stored
    /// for it. See [`InstallationOutcome::Queued`](crate::InstallationOutcome).
    pub queued: bool,
    /// When the first of the failures since the last token happened. `None` if there is no failure.
    pub failing_since: Option<u64>,
    /// Why the last attempt failed.
    pub error: Option<TokenError>,
    /// Whether the newest tokens could not be saved yet. They would be lost in a restart.
    pub unsaved: bool,
}

impl OrgState {
    /// Returns whether there is a valid token and the last attempt did not fail.
    pub fn is_fresh(&self) -> bool {
        self.valid && self.failing_since.is_none()
    }
}
