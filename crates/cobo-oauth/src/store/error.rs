use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// Why a store operation failed. Never contains a token or a key.
///
/// ```
/// use cobo_oauth::{StoreError, StoreErrorKind};
///
/// let error = StoreError::unavailable("the vault is sealed");
/// assert_eq!(error.kind(), StoreErrorKind::Unavailable);
/// assert_eq!(error.to_string(), "the token store cannot be reached: the vault is sealed");
/// ```
#[derive(Clone)]
pub struct StoreError(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: StoreErrorKind,
    what: String,
    not_applied: bool,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// The kinds of store failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The store cannot be reached, or refused the operation at once. It may work later.
    Unavailable,
    /// The store did not answer in time. A [`TokenSource`](crate::TokenSource) does not call it
    /// again for 5 seconds, for any organization.
    NoAnswer,
    /// The organization's entry stayed locked by others. The store itself works, and other
    /// organizations are not affected.
    Busy,
    /// The store holds data that this program cannot read: it was written by a newer version, is
    /// damaged, or is encrypted with another key. The data is left unchanged; an operator has to
    /// inspect it.
    Unrecognised,
    /// The pair belongs to another app, or to the same app in another environment. It is left
    /// unchanged. Use a separate directory or Redis namespace for each app and environment.
    OtherApp,
    /// The pair is too large to be stored. What was stored before is left unchanged.
    TooLarge,
}

impl StoreError {
    /// Creates an error: the store cannot be reached. The operation may have been carried out.
    pub fn unavailable(what: impl Into<String>) -> Self {
        Self::new(StoreErrorKind::Unavailable, what)
    }

    /// Creates an error: the store did not answer in time. The operation may have been carried out.
    pub fn no_answer(what: impl Into<String>) -> Self {
        Self::new(StoreErrorKind::NoAnswer, what)
    }

    /// Creates an error: the organization's entry stayed locked by others. The operation was not
    /// carried out.
    pub fn busy(what: impl Into<String>) -> Self {
        Self::new(StoreErrorKind::Busy, what).not_applied()
    }

    /// Creates an error: the store holds data that this program cannot read. The operation was not
    /// carried out.
    pub fn unrecognised(what: impl Into<String>) -> Self {
        Self::new(StoreErrorKind::Unrecognised, what).not_applied()
    }

    /// Creates an error: the pair belongs to another app. The operation was not carried out.
    /// [`Owner::check`](super::Owner::check) returns this error with a text that names the app.
    pub fn other_app(what: impl Into<String>) -> Self {
        Self::new(StoreErrorKind::OtherApp, what).not_applied()
    }

    /// Creates an error: the pair is too large to be stored. The operation was not carried out.
    pub fn too_large(what: impl Into<String>) -> Self {
        Self::new(StoreErrorKind::TooLarge, what).not_applied()
    }

    fn new(kind: StoreErrorKind, what: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            kind,
            what: what.into(),
            not_applied: false,
            source: None,
        }))
    }

    /// Marks that the operation was certainly not carried out. A pair that could not be saved is
    /// then saved later with its refresh token. After any other failure the refresh token is left
    /// out, because another process may have found and spent it.
    #[must_use]
    pub fn not_applied(self) -> Self {
        self.change(|inner| inner.not_applied = true)
    }

    /// Adds the cause. Its text is shown, so it must not contain a secret.
    #[must_use]
    pub fn caused_by(self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.change(|inner| inner.source = Some(Arc::from(source.into())))
    }

    fn change(&self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = Inner::clone(&self.0);
        change(&mut inner);
        Self(Arc::new(inner))
    }

    /// Returns whether the operation was certainly not carried out.
    pub fn is_not_applied(&self) -> bool {
        self.0.not_applied
    }

    /// Returns whether the same call may succeed later without an operator's action.
    pub fn is_retryable(&self) -> bool {
        match self.0.kind {
            StoreErrorKind::Unavailable | StoreErrorKind::NoAnswer | StoreErrorKind::Busy => true,
            StoreErrorKind::Unrecognised | StoreErrorKind::OtherApp | StoreErrorKind::TooLarge => {
                false
            }
        }
    }

    /// Returns the kind of failure.
    pub fn kind(&self) -> StoreErrorKind {
        self.0.kind
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0.kind {
            StoreErrorKind::Unavailable => "the token store cannot be reached: ",
            StoreErrorKind::NoAnswer => "the token store did not answer in time: ",
            StoreErrorKind::Busy => "the token store is busy: ",
            StoreErrorKind::Unrecognised => {
                "the token store holds data that this program cannot read: "
            }
            StoreErrorKind::OtherApp => "the token store holds tokens of another app: ",
            StoreErrorKind::TooLarge => "the token pair is too large for the token store: ",
        })?;
        f.write_str(&self.0.what)
    }
}

impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreError")
            .field("kind", &self.0.kind)
            .field("what", &self.0.what)
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for StoreError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
