use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// Why a store could not do what it was asked for. It never contains a token or a key.
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
    nothing_done: bool,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// The kinds of failure of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The store cannot be reached, or did not answer in time. It may work later.
    Unavailable,
    /// The store holds what this program does not understand: of a newer version, damaged, or
    /// encrypted with another key. It is left as it is; a person has to look.
    NotUnderstood,
}

impl StoreError {
    /// The store cannot be reached, or did not answer in time. What it was asked to do may have
    /// been done.
    pub fn unavailable(what: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            kind: StoreErrorKind::Unavailable,
            what: what.into(),
            nothing_done: false,
            source: None,
        }))
    }

    /// The store holds what this program does not understand. Nothing was done.
    pub fn not_understood(what: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            kind: StoreErrorKind::NotUnderstood,
            what: what.into(),
            nothing_done: true,
            source: None,
        }))
    }

    /// This error, where it is certain that nothing was done: a pair that could not be saved is
    /// saved whole later, while after any other failure its refresh token is left out, since
    /// another process may have found and spent it.
    #[must_use]
    pub fn with_nothing_done(self) -> Self {
        self.change(|inner| inner.nothing_done = true)
    }

    /// This error with its cause. The cause's text is shown: it must contain no secret.
    #[must_use]
    pub fn caused_by(self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.change(|inner| inner.source = Some(Arc::from(source.into())))
    }

    fn change(&self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = Inner::clone(&self.0);
        change(&mut inner);
        Self(Arc::new(inner))
    }

    /// Whether it is certain that nothing was done.
    pub fn is_nothing_done(&self) -> bool {
        self.0.nothing_done
    }

    /// Which kind of failure this is.
    pub fn kind(&self) -> StoreErrorKind {
        self.0.kind
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.kind {
            StoreErrorKind::Unavailable => f.write_str("the token store cannot be reached: ")?,
            StoreErrorKind::NotUnderstood => {
                f.write_str("the token store holds what this program does not understand: ")?;
            }
        }
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
