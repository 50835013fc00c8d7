use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use cobo_model::Secret;
use http::HeaderValue;
use zeroize::Zeroizing;

use crate::error::Error;

/// An access token that a credential returns: a shared [`Bearer`].
///
/// A clone costs one reference count. `Debug` is redacted.
#[derive(Clone)]
pub struct AccessToken(Arc<dyn AsRef<Bearer> + Send + Sync>);

impl AccessToken {
    /// Creates a token. `generation` is its number among the tokens of its credential.
    ///
    /// # Errors
    ///
    /// The errors of [`Bearer::new`].
    pub fn new(token: Secret, generation: u64) -> Result<Self, Error> {
        Ok(Arc::new(Bearer::new(token, generation)?).into())
    }

    /// Returns the token itself.
    pub fn secret(&self) -> &Secret {
        &self.bearer().token
    }

    /// Returns the number of this token among the tokens of its credential.
    pub fn generation(&self) -> u64 {
        self.bearer().generation
    }

    pub(crate) fn header(&self) -> &HeaderValue {
        &self.bearer().header
    }

    fn bearer(&self) -> &Bearer {
        (*self.0).as_ref()
    }
}

/// Lets a credential keep its own data about a token in one allocation with the [`Bearer`], so that
/// a call touches only this memory.
impl<T: AsRef<Bearer> + Send + Sync + 'static> From<Arc<T>> for AccessToken {
    fn from(shared: Arc<T>) -> Self {
        Self(shared)
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("token", self.secret())
            .field("generation", &self.generation())
            .finish()
    }
}

/// An access token as the value of the `Authorization` header (RFC 6750), with its generation: a
/// number that rises with each token of a credential. `Debug` is redacted.
///
/// ```
/// use std::sync::Arc;
/// use cobo_auth::{AccessToken, Bearer};
///
/// let token = AccessToken::from(Arc::new(Bearer::new("q1wX0example".into(), 7)?));
/// assert_eq!(token.generation(), 7);
/// # Ok::<(), cobo_auth::Error>(())
/// ```
pub struct Bearer {
    token: Secret,
    header: HeaderValue,
    generation: u64,
}

impl Bearer {
    /// Creates a token. `generation` is its number among the tokens of its credential.
    ///
    /// # Errors
    ///
    /// The token is empty or contains characters that a header cannot contain.
    pub fn new(token: Secret, generation: u64) -> Result<Self, Error> {
        // The header value shares this memory, so that it is wiped with the token.
        let bearer = Zeroizing::new(format!("Bearer {}", token.expose()).into_bytes());
        let header = HeaderValue::from_maybe_shared(Bytes::from_owner(bearer))
            .ok()
            .filter(|_| !token.is_empty() && !token.expose().contains(char::is_whitespace));
        let Some(mut header) = header else {
            return Err(Error::invalid_request(
                "the access token is empty, or contains characters that a header value cannot \
                 contain"
                    .to_owned(),
            ));
        };
        header.set_sensitive(true);
        Ok(Self {
            token,
            header,
            generation,
        })
    }

    /// Returns the number of this token among the tokens of its credential.
    pub fn generation(&self) -> u64 {
        self.generation
    }
}

impl AsRef<Bearer> for Bearer {
    fn as_ref(&self) -> &Bearer {
        self
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bearer")
            .field("token", &self.token)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}
