use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use cobo_model::Secret;

use crate::client::access_token::AccessToken;
use crate::error::Error;

/// Supplies the access token that a request sends as `Authorization: Bearer`.
///
/// A client with a credential acts for one organization
/// ([`Client::with_credential`](crate::Client::with_credential)). Use [`FixedToken`] for a token
/// that never changes; implement this trait for a token that is refreshed.
#[async_trait]
pub trait Credential: fmt::Debug + Send + Sync {
    /// Returns a token that is valid now, if one is available without waiting. Called for every
    /// attempt.
    fn current(&self) -> Option<AccessToken>;

    /// Obtains a token. Called if [`current`](Self::current) returned none.
    ///
    /// The future may be dropped at any point: the caller may go away, or a deadline may pass. Run
    /// work that must not be lost (a refresh in flight) in a separate task.
    ///
    /// # Errors
    ///
    /// There is no token. The error becomes the source of the call's error, and nothing is sent.
    async fn fetch(&self) -> Result<AccessToken, Error>;

    /// Reports that the server refused this token as expired or unknown. Called at most once per
    /// call. The refusal may be unsigned: a gateway's response can look the same. Do not discard a
    /// newer token that was obtained since: compare the [generation](AccessToken::generation).
    fn rejected(&self, token: &AccessToken);

    /// Returns the id of the token's organization, if the credential knows it. It is logged.
    fn org_id(&self) -> Option<&str> {
        None
    }
}

macro_rules! forward {
    ($($pointer:ty),*) => {$(
        #[async_trait]
        impl<C: Credential + ?Sized> Credential for $pointer {
            fn current(&self) -> Option<AccessToken> {
                (**self).current()
            }

            async fn fetch(&self) -> Result<AccessToken, Error> {
                (**self).fetch().await
            }

            fn rejected(&self, token: &AccessToken) {
                (**self).rejected(token);
            }

            fn org_id(&self) -> Option<&str> {
                (**self).org_id()
            }
        }
    )*};
}

forward!(Arc<C>, Box<C>);

/// A credential whose token never changes, even if the server refuses it.
///
/// ```
/// use cobo_auth::{Credential, FixedToken};
///
/// let credential = FixedToken::new("q1wX0example")?;
/// assert_eq!(credential.current().unwrap().secret().expose(), "q1wX0example");
/// # Ok::<(), cobo_auth::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct FixedToken(AccessToken);

impl FixedToken {
    /// Creates a credential with this token.
    ///
    /// # Errors
    ///
    /// The token is empty or contains characters that a header cannot contain.
    pub fn new(token: impl Into<Secret>) -> Result<Self, Error> {
        Ok(Self(AccessToken::new(token.into(), 0)?))
    }
}

#[async_trait]
impl Credential for FixedToken {
    fn current(&self) -> Option<AccessToken> {
        Some(self.0.clone())
    }

    async fn fetch(&self) -> Result<AccessToken, Error> {
        Ok(self.0.clone())
    }

    fn rejected(&self, _: &AccessToken) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_is_redacted() {
        let token = FixedToken::new("hunter2").unwrap();
        assert_eq!(
            format!("{token:?}"),
            "FixedToken(AccessToken { token: Secret(REDACTED), generation: 0 })"
        );
        assert!(token.0.header().is_sensitive());
    }

    #[test]
    fn token_invalid_in_a_header_is_refused_and_not_shown_in_the_error() {
        for token in ["", "a b", "a\nb", "a\u{7f}", " "] {
            let error = FixedToken::new(token).unwrap_err();
            assert!(!format!("{error:?}").contains("a b"));
        }
    }
}
