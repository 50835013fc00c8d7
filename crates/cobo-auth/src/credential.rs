use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use cobo_model::Secret;

use crate::access_token::AccessToken;
use crate::error::Error;

/// Gives the access token that a request carries as `Authorization: Bearer`.
///
/// A client with a credential acts for one organization
/// ([`Client::with_credential`](crate::Client::with_credential)). A token that never changes is a
/// [`FixedToken`]; one that is kept fresh implements this trait.
#[async_trait]
pub trait Credential: fmt::Debug + Send + Sync {
    /// A token that is valid now, if one is at hand without waiting. Called for every attempt.
    fn current(&self) -> Option<AccessToken>;

    /// Obtains a token, where [`current`](Self::current) had none.
    ///
    /// The future may be dropped at any point, by a caller that goes away or at a deadline: what
    /// must not be lost (a refresh whose answer is on its way) belongs into a task of its own.
    ///
    /// # Errors
    ///
    /// Why there is none; it becomes the source of the call's error, and nothing is sent.
    async fn fetch(&self) -> Result<AccessToken, Error>;

    /// The server refused this token as expired or unknown. Called once a call at most, and not
    /// only on Cobo's word: the answer of a gateway may look the same. A newer one that has been obtained
    /// since stays good: compare the [generation](AccessToken::generation).
    fn rejected(&self, token: &AccessToken);

    /// The organization that the token is of, if the credential knows: logs say it.
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

/// A token that stays the same until it is refused for good.
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
    /// Takes the token.
    ///
    /// # Errors
    ///
    /// A token that is empty or has characters that no header may carry.
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
    fn what_no_header_may_carry_is_refused_without_being_repeated() {
        for token in ["", "a b", "a\nb", "a\u{7f}", " "] {
            let error = FixedToken::new(token).unwrap_err();
            assert!(!format!("{error:?}").contains("a b"));
        }
    }
}
