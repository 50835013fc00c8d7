use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::store::{StoreError, StoreErrorKind};

use super::issuer::{Failure, FailureKind};

/// Why there is no access token for an organization, and what the caller can do.
///
/// Callers that waited for the same refresh share one error, so cloning is cheap. It never contains
/// a token. If a call failed because there was no token, [`TokenError::of`] finds it in the call's error.
#[derive(Clone)]
pub struct TokenError(Arc<Inner>);

struct Inner {
    kind: TokenErrorKind,
    org_id: Arc<str>,
    /// Whether Cobo was called. If not, a backoff does not protect Cobo.
    cobo_was_called: bool,
    retry_after: Option<Duration>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// The kinds of token failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenErrorKind {
    /// Cobo refuses to issue a token for this organization. The organization has to install the app
    /// again.
    NotInstalled,
    /// Cobo refuses this app's request: the client id, the environment or the organization id is
    /// wrong.
    AppRefused,
    /// Cobo refuses the request's key, signature or nonce (code 2024). If every call fails with it,
    /// the app's key is wrong, inactive, or belongs to another environment. A single failure is
    /// caused by a nonce that another process used with the same key; the next attempt uses a new
    /// one.
    Unauthenticated,
    /// Cobo cannot be reached, or is temporarily unable to answer. The next call that needs the
    /// token retries, after a backoff that grows with each failure.
    Unavailable,
    /// The issued token was expired, malformed, or not a Bearer token.
    Unusable,
    /// The organization id is empty, longer than 256 characters, or contains characters
    /// other than visible ASCII.
    InvalidOrganization,
    /// The store holds this organization's tokens for another app or another environment. They are
    /// neither used nor replaced. Use a separate directory or Redis namespace for each app.
    OtherApp,
    /// The source was shut down, and there is no valid token left.
    ShutDown,
}

impl Inner {
    fn new(kind: TokenErrorKind, org_id: &Arc<str>) -> Self {
        Self {
            kind,
            org_id: org_id.clone(),
            cobo_was_called: false,
            retry_after: None,
            source: None,
        }
    }
}

impl TokenError {
    pub(crate) fn new(kind: TokenErrorKind, org_id: &Arc<str>) -> Self {
        Self(Arc::new(Inner::new(kind, org_id)))
    }

    pub(crate) fn caused_by(
        kind: TokenErrorKind,
        org_id: &Arc<str>,
        source: impl StdError + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner {
            source: Some(Arc::new(source)),
            ..Inner::new(kind, org_id)
        }))
    }

    /// Converts a failed `get_token`, or a failed refresh that is not followed by a `get_token`.
    pub(crate) fn from_failure(failure: Failure, org_id: &Arc<str>) -> Self {
        let kind = match failure.kind {
            FailureKind::NotProcessed | FailureKind::Unknown => TokenErrorKind::Unavailable,
            FailureKind::UnusableToken => TokenErrorKind::Unusable,
            FailureKind::GrantRefused => TokenErrorKind::NotInstalled,
            FailureKind::AppRefused => TokenErrorKind::AppRefused,
            FailureKind::Unauthenticated { .. } => TokenErrorKind::Unauthenticated,
        };
        Self(Arc::new(Inner {
            cobo_was_called: true,
            retry_after: failure.retry_after,
            source: Some(failure.source),
            ..Inner::new(kind, org_id)
        }))
    }

    /// The issued token cannot be used.
    pub(crate) fn unusable(org_id: &Arc<str>, source: Option<cobo_auth::Error>) -> Self {
        Self(Arc::new(Inner {
            cobo_was_called: true,
            source: source.map(|source| Arc::new(source) as _),
            ..Inner::new(TokenErrorKind::Unusable, org_id)
        }))
    }

    /// No permit, because too many other requests are running or waiting.
    pub(crate) fn overloaded(org_id: &Arc<str>) -> Self {
        Self::caused_by(TokenErrorKind::Unavailable, org_id, Overloaded)
    }

    /// A store failure prevented the refresh, which requires the store.
    pub(crate) fn store(error: StoreError, org_id: &Arc<str>) -> Self {
        let kind = match error.kind() {
            StoreErrorKind::OtherApp => TokenErrorKind::OtherApp,
            _ => TokenErrorKind::Unavailable,
        };
        Self::caused_by(kind, org_id, error)
    }

    /// Returns the `TokenError` that caused an error: the error itself, or the first one among its
    /// sources.
    ///
    /// ```
    /// use cobo_oauth::TokenError;
    ///
    /// fn must_install_again(error: &cobo_auth::Error) -> bool {
    ///     TokenError::of(error).is_some_and(TokenError::is_not_installed)
    /// }
    /// # assert!(!must_install_again(&cobo_auth::Error::no_token("the vault is sealed")));
    /// ```
    pub fn of<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref() {
                return Some(found);
            }
            next = error.source();
        }
        None
    }

    /// Returns the kind of failure.
    pub fn kind(&self) -> TokenErrorKind {
        self.0.kind
    }

    /// Returns the organization that has no token.
    pub fn org_id(&self) -> &str {
        &self.0.org_id
    }

    /// Returns whether the organization has to install the app again.
    pub fn is_not_installed(&self) -> bool {
        self.0.kind == TokenErrorKind::NotInstalled
    }

    /// Returns whether the same call may succeed later without any change by a person.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self.0.kind,
            TokenErrorKind::Unavailable
                | TokenErrorKind::Unauthenticated
                | TokenErrorKind::Unusable
        )
    }

    pub(crate) fn cobo_was_called(&self) -> bool {
        self.0.cobo_was_called
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether Cobo refused, so that an immediate retry would have the same result.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(
            self.0.kind,
            TokenErrorKind::NotInstalled | TokenErrorKind::AppRefused
        )
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Shortened, because an invalid id may have any length.
        let org_id: String = self.org_id().chars().take(256).collect();
        write!(f, "no access token for organization {org_id:?}: ")?;
        match self.0.kind {
            TokenErrorKind::NotInstalled => f.write_str(
                "Cobo refuses to issue one; the app has to be installed again for this organization",
            )?,
            TokenErrorKind::AppRefused => f.write_str(
                "Cobo refuses the request; check the app's client id, the environment and the \
                 organization id",
            )?,
            TokenErrorKind::Unauthenticated => f.write_str(
                "Cobo refuses the request's key, signature or nonce; if every call fails, check the \
                 app's key and the environment, otherwise call again later",
            )?,
            TokenErrorKind::Unavailable => {
                f.write_str("the token cannot be obtained at the moment; call again later")?;
            }
            TokenErrorKind::Unusable => f.write_str(
                "the issued token was expired, malformed or not a Bearer token; call again later",
            )?,
            TokenErrorKind::InvalidOrganization => f.write_str(
                "the id must be 1 to 256 visible ASCII characters; nothing was sent",
            )?,
            TokenErrorKind::OtherApp => {
                // The source names the app, and says what to do.
                f.write_str("another app uses the same token store")?;
            }
            TokenErrorKind::ShutDown => {
                f.write_str("the token source was shut down; create a new one")?;
            }
        }
        match &self.0.source {
            Some(source) => write!(f, " ({source})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenError")
            .field("kind", &self.0.kind)
            .field("org_id", &self.0.org_id)
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for TokenError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("too many token requests are running, or too many callbacks are waiting; nothing was sent")]
struct Overloaded;

impl From<TokenError> for cobo_auth::Error {
    fn from(error: TokenError) -> Self {
        match error.is_retryable() {
            true => Self::no_token_for_now(error),
            false => Self::no_token(error),
        }
    }
}
