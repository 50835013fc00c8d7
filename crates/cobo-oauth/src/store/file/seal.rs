//! Encryption of the content of files.

use std::fmt;
use std::sync::Arc;

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::buffer::WipedBuffer;
use super::record::Sealed;
use crate::store::StoreError;

const ALGORITHM: &str = "XChaCha20-Poly1305";

/// The key of an encrypted [`FileStore`](crate::FileStore): 32 bytes from a random source, such as
/// `openssl rand -hex 32`, kept apart from the files.
///
/// Clones share one copy, which is wiped when the last one is dropped; `Debug` is redacted.
///
/// ```
/// use cobo_oauth::StoreKey;
///
/// let key = StoreKey::from_hex(&"1f".repeat(32))?;
/// assert_eq!(format!("{key:?}"), "StoreKey(REDACTED)");
/// # Ok::<(), cobo_oauth::StoreKeyError>(())
/// ```
#[derive(Clone)]
pub struct StoreKey(Arc<Zeroizing<[u8; 32]>>);

/// The text of a [`StoreKey`] is not 64 hexadecimal digits. The error never contains the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid key of a token store: it must be 64 hexadecimal digits; create one with `openssl rand -hex 32`"
)]
pub struct StoreKeyError(());

impl StoreKey {
    /// Creates a key from its bytes. The caller has to wipe its own copies of them.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Arc::new(Zeroizing::new(bytes)))
    }

    /// Parses 64 hexadecimal digits in upper or lower case. Surrounding white space is ignored,
    /// since files and environment variables often end with a newline.
    ///
    /// # Errors
    ///
    /// The text is not 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Result<Self, StoreKeyError> {
        let mut bytes = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.trim(), &mut *bytes).map_err(|_| StoreKeyError(()))?;
        Ok(Self(Arc::new(bytes)))
    }

    /// Encrypts the content of an organization's file.
    pub(super) fn seal(
        &self,
        bytes: &WipedBuffer,
        version: u64,
        org_id: &str,
    ) -> Result<Sealed, StoreError> {
        let mut nonce = XNonce::default();
        getrandom::fill(&mut nonce)
            .map_err(|error| StoreError::unavailable(format!("no random bytes: {error}")))?;
        // The capacity includes the tag: a reallocation would leave an unwiped copy behind.
        let mut sealed = Zeroizing::new(Vec::with_capacity(bytes.as_slice().len() + 16));
        sealed.extend_from_slice(bytes.as_slice());
        self.cipher()
            .encrypt_in_place(&nonce, &bound_to(version, org_id), &mut *sealed)
            .map_err(|_| StoreError::unavailable("a pair is too large to be encrypted"))?;
        Ok(Sealed {
            algorithm: ALGORITHM.to_owned(),
            nonce: hex::encode(nonce),
            ciphertext: hex::encode(&*sealed),
        })
    }

    /// Decrypts the content of that organization's file. The error says what is wrong with it.
    pub(super) fn open(
        &self,
        sealed: &Sealed,
        version: u64,
        org_id: &str,
    ) -> Result<Zeroizing<Vec<u8>>, String> {
        if sealed.algorithm != ALGORITHM {
            return Err(
                "is encrypted with an algorithm that this version does not support".to_owned(),
            );
        }
        let damaged = |_| "is damaged: its nonce or ciphertext is not hexadecimal".to_owned();
        let mut nonce = XNonce::default();
        hex::decode_to_slice(&sealed.nonce, &mut nonce).map_err(damaged)?;
        let mut bytes = Zeroizing::new(hex::decode(&sealed.ciphertext).map_err(damaged)?);
        self.cipher()
            .decrypt_in_place(&nonce, &bound_to(version, org_id), &mut *bytes)
            .map_err(|_| "was encrypted with another key, or is damaged".to_owned())?;
        Ok(bytes)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&**self.0).into())
    }
}

/// The associated data that binds a ciphertext to its organization and version, so that files
/// cannot be swapped.
fn bound_to(version: u64, org_id: &str) -> Vec<u8> {
    format!("cobo token store, version {version}, organization {org_id}").into_bytes()
}

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreKey(REDACTED)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> WipedBuffer {
        let mut bytes = WipedBuffer::default();
        bytes.push(b"a pair");
        bytes
    }

    #[test]
    fn sealed_content_opens_only_with_its_key_version_and_organization() {
        let (key, other) = (StoreKey::new([1; 32]), StoreKey::new([2; 32]));
        let sealed = key.seal(&plain(), 1, "one").unwrap();
        assert_eq!(&*key.open(&sealed, 1, "one").unwrap(), b"a pair");
        assert!(other.open(&sealed, 1, "one").is_err());
        assert!(key.open(&sealed, 2, "one").is_err());
        assert!(key.open(&sealed, 1, "other").is_err());
    }

    #[test]
    fn sealing_twice_gives_different_ciphertexts() {
        let key = StoreKey::new([1; 32]);
        let one = key.seal(&plain(), 1, "one").unwrap();
        let other = key.seal(&plain(), 1, "one").unwrap();
        assert_ne!(one.nonce, other.nonce);
        assert_ne!(one.ciphertext, other.ciphertext);
    }

    #[test]
    fn key_must_be_64_hexadecimal_digits() {
        assert!(StoreKey::from_hex(&format!("{}\n", "aB".repeat(32))).is_ok());
        for text in ["", "ab", &"ab".repeat(33), &"xy".repeat(32)] {
            let error = StoreKey::from_hex(text).unwrap_err();
            assert!(text.is_empty() || !error.to_string().contains(text));
        }
    }
}
