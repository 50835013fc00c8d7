//! Keys: public keys that verify requests, and the sandbox's own key, which signs responses.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use super::digest::double_sha256;

/// A public Ed25519 key that verifies requests: of an app, or of an organization.
///
/// ```
/// use cobo_sandbox::{AppKey, DEMO_APP_KEY};
///
/// let key = AppKey::from_hex(DEMO_APP_KEY)?;
/// assert_eq!(key.to_string(), DEMO_APP_KEY);
/// assert!(AppKey::from_hex("abc").is_err());
/// # Ok::<(), cobo_sandbox::KeyError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AppKey(VerifyingKey);

impl AppKey {
    /// Parses 64 hex digits, upper or lower case.
    ///
    /// # Errors
    ///
    /// When the text is not 64 hex digits, the bytes are not a point of the curve, or the point has small order. The
    /// error does not repeat the text: it may be a private key, given by mistake.
    pub fn from_hex(text: &str) -> Result<Self, KeyError> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| KeyError::NotHex)?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| KeyError::NotAPoint)?;
        // Under a key of small order, one signature can be valid for every message.
        if key.is_weak() {
            return Err(KeyError::Weak);
        }
        Ok(Self(key))
    }

    pub(crate) fn verifying_key(&self) -> &VerifyingKey {
        &self.0
    }

    pub(crate) fn to_bytes(self) -> [u8; 32] {
        self.0.to_bytes()
    }
}

/// Lower-case hex, as sent in `Biz-Api-Key`.
impl fmt::Display for AppKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.to_bytes()))
    }
}

impl fmt::Debug for AppKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AppKey({self})")
    }
}

/// Why a text is not a valid public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text has other characters, or not 64 of them.
    #[error("an app key is an Ed25519 public key of 64 hex digits")]
    NotHex,
    /// The 32 bytes are not a point of the curve.
    #[error("these 64 hex digits are not an Ed25519 public key (were they the private one?)")]
    NotAPoint,
    /// The point has small order.
    #[error("this Ed25519 public key is weak: signatures under it prove nothing")]
    Weak,
}

/// A set of app keys for [`check`](crate::check).
///
/// ```
/// use cobo_sandbox::{AppKey, AppKeys, DEMO_APP_KEY};
///
/// let keys: AppKeys = [AppKey::from_hex(DEMO_APP_KEY)?].into_iter().collect();
/// assert_eq!(keys.iter().count(), 1);
/// # Ok::<(), cobo_sandbox::KeyError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct AppKeys {
    by_bytes: HashMap<[u8; 32], AppKey>,
    // The keys in the order in which they were added.
    order: Vec<AppKey>,
}

impl AppKeys {
    /// Adds a key. Adding a key twice has no effect.
    pub fn insert(&mut self, key: AppKey) {
        if self.by_bytes.insert(key.to_bytes(), key).is_none() {
            self.order.push(key);
        }
    }

    /// Removes a key, and returns whether it was in the set.
    pub fn remove(&mut self, key: &AppKey) -> bool {
        self.order.retain(|known| known != key);
        self.by_bytes.remove(&key.to_bytes()).is_some()
    }

    /// Returns the keys, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &AppKey> {
        self.order.iter()
    }

    pub(crate) fn get(&self, bytes: &[u8; 32]) -> Option<&AppKey> {
        self.by_bytes.get(bytes)
    }
}

impl FromIterator<AppKey> for AppKeys {
    fn from_iter<I: IntoIterator<Item = AppKey>>(keys: I) -> Self {
        let mut set = Self::default();
        keys.into_iter().for_each(|key| set.insert(key));
        set
    }
}

/// The owner of the key that signed a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// An app. It acts for the organization whose access token it sends.
    App,
    /// An organization's own API key. It acts for that organization without an access token.
    Organization(Arc<str>),
}

/// The registered keys, each with its owner.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registered {
    keys: AppKeys,
    organizations: HashMap<[u8; 32], Arc<str>>,
}

impl Registered {
    /// Registers an app's key. If the key belonged to an organization, it now belongs to the app.
    pub(crate) fn insert_app(&mut self, key: AppKey) {
        self.keys.insert(key);
        self.organizations.remove(&key.to_bytes());
    }

    /// Registers an organization's own key. If the key belonged to an app, it now belongs to the organization.
    pub(crate) fn insert_organization(&mut self, key: AppKey, org_id: &str) {
        self.keys.insert(key);
        self.organizations.insert(key.to_bytes(), org_id.into());
    }

    /// Removes a key of either kind, and returns whether it was registered.
    pub(crate) fn remove(&mut self, key: &AppKey) -> bool {
        self.organizations.remove(&key.to_bytes());
        self.keys.remove(key)
    }

    /// The keys of apps and of organizations.
    pub(crate) fn all(&self) -> &AppKeys {
        &self.keys
    }

    /// The apps' keys, in the order in which they were added.
    pub(crate) fn app_keys(&self) -> impl Iterator<Item = &AppKey> {
        self.keys
            .iter()
            .filter(|key| self.caller(key) == Caller::App)
    }

    /// The owner of a key. The key must be registered.
    pub(crate) fn caller(&self, key: &AppKey) -> Caller {
        match self.organizations.get(&key.to_bytes()) {
            Some(org_id) => Caller::Organization(org_id.clone()),
            None => Caller::App,
        }
    }
}

pub(super) fn random_key() -> Result<SigningKey, getrandom::Error> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *seed)?;
    Ok(SigningKey::from_bytes(&seed))
}

/// The key that signs the sandbox's responses. Wiped from memory when dropped.
pub(crate) struct ResponseKey(SigningKey);

impl ResponseKey {
    pub(crate) fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    pub(crate) fn generate() -> Result<Self, getrandom::Error> {
        random_key().map(Self)
    }

    pub(crate) fn public_hex(&self) -> String {
        hex::encode(self.0.verifying_key().as_bytes())
    }

    /// Signs a response: the body's raw bytes, `|` and the timestamp. Returns the signature in hex.
    pub(crate) fn sign(&self, body: &[u8], timestamp: &str) -> String {
        let digest = double_sha256([body, b"|", timestamp.as_bytes()]);
        hex::encode(self.0.sign(&digest).to_bytes())
    }
}

impl fmt::Debug for ResponseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResponseKey([redacted], public {})", self.public_hex())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::{DEMO_APP_KEY, DEMO_APP_SECRET};

    #[test]
    fn the_demo_key_is_the_public_key_of_the_demo_secret() {
        let mut seed = [0; 32];
        hex::decode_to_slice(DEMO_APP_SECRET, &mut seed).unwrap();
        assert_eq!(ResponseKey::from_seed(&seed).public_hex(), DEMO_APP_KEY);
    }

    #[test]
    fn invalid_app_key_text_is_refused() {
        let digits = "0".repeat(62);
        for (text, error) in [
            (String::new(), KeyError::NotHex),
            (DEMO_APP_KEY[1..].to_owned(), KeyError::NotHex),
            (format!("{DEMO_APP_KEY}00"), KeyError::NotHex),
            (DEMO_APP_KEY.replace('5', "g"), KeyError::NotHex),
            (format!("02{digits}"), KeyError::NotAPoint),
            (format!("01{digits}"), KeyError::Weak),
        ] {
            assert_eq!(AppKey::from_hex(&text), Err(error), "{text}");
        }
        assert!(AppKey::from_hex(&DEMO_APP_KEY.to_uppercase()).is_ok());
    }

    #[test]
    fn app_keys_are_listed_in_insertion_order_without_duplicates() {
        let first = AppKey::from_hex(&ResponseKey::from_seed(&[1; 32]).public_hex()).unwrap();
        let second = AppKey::from_hex(DEMO_APP_KEY).unwrap();
        let mut keys: AppKeys = [first, second, first].into_iter().collect();
        assert_eq!(keys.iter().copied().collect::<Vec<_>>(), [first, second]);
        assert!(keys.remove(&first));
        assert!(!keys.remove(&first));
        assert_eq!(keys.iter().copied().collect::<Vec<_>>(), [second]);
    }

    #[test]
    fn debug_shows_public_keys_only() {
        let key = ResponseKey::from_seed(&[7; 32]);
        assert_eq!(
            format!("{key:?}"),
            "ResponseKey([redacted], public ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c)"
        );
        assert_eq!(
            format!("{:?}", AppKey::from_hex(DEMO_APP_KEY).unwrap()),
            format!("AppKey({DEMO_APP_KEY})")
        );
    }
}
