use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

/// A string that must not be shown: an access token, a refresh token, a password.
///
/// The memory is wiped when the last clone is dropped; clones share one copy. `Debug` is redacted.
/// There is no `Display` and no equality, so that a secret is not logged or compared by accident.
/// **`Serialize` writes the secret**, because requests carry it: serialise a model with a secret
/// only to where the secret may go.
///
/// ```
/// let token = cobo_model::Secret::new("q1wX0example");
/// assert_eq!(format!("{token:?}"), "Secret(REDACTED)");
/// assert_eq!(token.expose(), "q1wX0example");
/// ```
#[derive(Clone)]
pub struct Secret(Arc<Zeroizing<String>>);

impl Secret {
    /// Takes ownership of the string. Copies that the caller made before are not wiped.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(Arc::new(Zeroizing::new(secret.into())))
    }

    /// Returns the secret itself. The name makes every use easy to find in a review.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns whether the string is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(REDACTED)")
    }
}

impl From<String> for Secret {
    fn from(secret: String) -> Self {
        Self::new(secret)
    }
}

impl From<&str> for Secret {
    fn from(secret: &str) -> Self {
        Self::new(secret)
    }
}

/// The memory of the argument is wiped.
#[cfg(feature = "secrecy")]
impl From<secrecy::SecretString> for Secret {
    fn from(secret: secrecy::SecretString) -> Self {
        Self::new(secrecy::ExposeSecret::expose_secret(&secret))
    }
}

/// Makes a copy, which [`secrecy`] wipes.
#[cfg(feature = "secrecy")]
impl From<&Secret> for secrecy::SecretString {
    fn from(secret: &Secret) -> Self {
        secret.expose().into()
    }
}

/// Makes a copy, which [`secrecy`] wipes.
#[cfg(feature = "secrecy")]
impl From<Secret> for secrecy::SecretString {
    fn from(secret: Secret) -> Self {
        Self::from(&secret)
    }
}

thread_local! {
    /// The secrets that were serialised on this thread since [`collect_secrets`] began, while it
    /// runs.
    static COLLECTED: RefCell<Option<Vec<Secret>>> = const { RefCell::new(None) };
}

/// Calls `write` and returns its result with every secret that it serialised. This finds all
/// secrets of a request, in any part of its body.
pub fn collect_secrets<T>(write: impl FnOnce() -> T) -> (T, Vec<Secret>) {
    /// Restores the list of an outer call, also after a panic.
    struct Outer(Option<Vec<Secret>>);

    impl Drop for Outer {
        fn drop(&mut self) {
            COLLECTED.set(self.0.take());
        }
    }

    let outer = Outer(COLLECTED.replace(Some(Vec::new())));
    let written = write();
    let collected = COLLECTED.take().unwrap_or_default();
    drop(outer);
    (written, collected)
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        COLLECTED.with_borrow_mut(|collected| {
            if let Some(collected) = collected {
                collected.push(self.clone());
            }
        });
        serializer.serialize_str(self.expose())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl serde::de::Visitor<'_> for Visitor {
            type Value = Secret;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E>(self, text: &str) -> Result<Secret, E> {
                Ok(Secret::new(text))
            }

            fn visit_string<E>(self, text: String) -> Result<Secret, E> {
                Ok(Secret::new(text))
            }
        }

        deserializer.deserialize_string(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collect_secrets_returns_only_secrets_serialised_inside_the_closure() {
        let secret = |text: &str| Secret::new(text);
        let _ = serde_json::to_string(&secret("before"));
        let (text, collected) = collect_secrets(|| {
            let (_, inner) = collect_secrets(|| serde_json::to_string(&secret("inner")));
            assert_eq!(inner.len(), 1);
            serde_json::to_string(&[secret("a"), secret("b")])
        });
        assert_eq!(text.unwrap(), r#"["a","b"]"#);
        // The secrets of the inner call are not in the list of the outer call.
        assert!(collected.iter().map(Secret::expose).eq(["a", "b"]));
    }
}
