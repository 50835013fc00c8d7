use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use ed25519_dalek::{Signer as _, SigningKey};
use zeroize::Zeroizing;

use crate::message::Digest;

/// Signs requests with a key that is registered at Cobo.
///
/// An in-memory key is an [`Ed25519Signer`]; implement the trait for a key that lives elsewhere
/// (an HSM, a KMS). The client holds a signer behind an `Arc` and calls it once for each attempt.
#[async_trait]
pub trait Signer: fmt::Debug + Send + Sync {
    /// The public key, which Cobo knows the app by. It must not change during the signer's life.
    fn public_key(&self) -> &PublicKey;

    /// Signs a digest (32 bytes, already hashed twice).
    ///
    /// # Errors
    ///
    /// Whatever keeps the key from signing; the request is not sent then.
    async fn sign(&self, digest: &Digest) -> Result<Signature, SignerError>;
}

/// Why a [`Signer`] could not sign. Its text stands in the error of the call: keep secrets out.
pub type SignerError = Box<dyn std::error::Error + Send + Sync>;

/// A signature, as the curve defines its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature(Vec<u8>);

impl Signature {
    /// Ed25519: the 64 bytes of R and S.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Lower-case hexadecimal, as the `Biz-Api-Signature` header wants it.
    pub fn to_hex(&self) -> String {
        hex::encode(&self.0)
    }
}

/// A public key that requests are signed with. `Display` is lower-case hexadecimal, which is how
/// Cobo's portal wants it registered.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// An Ed25519 public key.
    pub const fn ed25519(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

/// An Ed25519 key in memory. Clones share one copy, which is wiped when the last one is dropped.
///
/// ```
/// use cobo_auth::{Ed25519Signer, Signer};
///
/// let seed = "06f78882576ec0e05b1e51a33548da7e8cf958c190ba96be77b1c671f98a2b5f";
/// let signer = Ed25519Signer::from_hex(seed)?;
/// assert_eq!(
///     signer.public_key().to_string(),
///     "5987dedc180167b7ab1d27e6009e5065d10d764cd85d7b64f8c968ca40326e28",
/// );
/// # Ok::<(), cobo_auth::KeyError>(())
/// ```
#[derive(Clone)]
pub struct Ed25519Signer {
    key: Arc<SigningKey>,
    public: PublicKey,
}

impl Ed25519Signer {
    /// A key from its 32-byte seed, as 64 hexadecimal digits of either case. White space around
    /// them is trimmed, since files and environment variables often end with a newline.
    ///
    /// # Errors
    ///
    /// [`KeyError`] says what is wrong with the text, and never repeats it.
    pub fn from_hex(seed: &str) -> Result<Self, KeyError> {
        let seed = seed.trim();
        if seed.starts_with("0x") || seed.starts_with("0X") {
            return Err(KeyError::Prefix);
        }
        if seed.contains("-----BEGIN") {
            return Err(KeyError::Pem);
        }
        if let Some(position) = seed.bytes().position(|byte| !byte.is_ascii_hexdigit()) {
            return Err(KeyError::NotHex { position });
        }
        let mut bytes = Zeroizing::new([0; 32]);
        match seed.len() {
            64 => hex::decode_to_slice(seed, &mut *bytes)
                .map_err(|_| KeyError::NotHex { position: 0 })?,
            128 => return Err(KeyError::Expanded),
            digits => return Err(KeyError::Length { digits }),
        }
        Ok(Self::from_seed(&bytes))
    }

    /// A key from its 32-byte seed. The caller's copy is the caller's to wipe.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(seed);
        let public = PublicKey::ed25519(key.verifying_key().to_bytes());
        Self {
            key: Arc::new(key),
            public,
        }
    }
}

#[async_trait]
impl Signer for Ed25519Signer {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    async fn sign(&self, digest: &Digest) -> Result<Signature, SignerError> {
        Ok(Signature::new(self.key.sign(digest).to_bytes()))
    }
}

impl fmt::Debug for Ed25519Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ed25519Signer")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

/// Why a text is no key. The text itself stands in none of these.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Too long or too short.
    #[error("a key has 64 hexadecimal digits (32 bytes), this text has {digits}")]
    Length {
        /// How many digits there are.
        digits: usize,
    },
    /// Something else than a hexadecimal digit.
    #[error("a key has hexadecimal digits only; character {} is none", position + 1)]
    NotHex {
        /// Where the first one stands, counted in bytes from 0.
        position: usize,
    },
    /// A `0x` in front.
    #[error("a key has hexadecimal digits only: leave out the `0x` in front")]
    Prefix,
    /// 64 bytes: the seed with the public key or the expanded secret behind it.
    #[error(
        "this key has 64 bytes, which is a key pair or an expanded key; give the seed, 32 bytes \
         (of a key pair, the first half)"
    )]
    Expanded,
    /// PEM where hexadecimal digits are expected.
    #[error("this is a PEM file; a key as hexadecimal digits is expected here")]
    Pem,
    /// 32 bytes that are not the public key of a key pair.
    #[error("these 32 bytes are no Ed25519 public key")]
    NotAPublicKey,
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: &str = "06f78882576ec0e05b1e51a33548da7e8cf958c190ba96be77b1c671f98a2b5f";

    #[test]
    fn a_seed_of_either_case_and_with_a_newline_is_taken() {
        let lower = Ed25519Signer::from_hex(SEED).unwrap();
        let upper = Ed25519Signer::from_hex(&format!("{}\n", SEED.to_uppercase())).unwrap();
        assert_eq!(lower.public, upper.public);
    }

    #[test]
    fn each_wrong_text_has_its_own_error_that_does_not_repeat_it() {
        let cases = [
            (SEED[..63].to_owned(), KeyError::Length { digits: 63 }),
            (String::new(), KeyError::Length { digits: 0 }),
            (format!("0x{SEED}"), KeyError::Prefix),
            (SEED.replace('f', "g"), KeyError::NotHex { position: 2 }),
            (format!("{SEED}{SEED}"), KeyError::Expanded),
            ("-----BEGIN PRIVATE KEY-----".into(), KeyError::Pem),
        ];
        for (text, expected) in cases {
            let error = Ed25519Signer::from_hex(&text).unwrap_err();
            assert_eq!(error, expected);
            let shown = format!("{error} {error:?}");
            assert!(text.is_empty() || !shown.contains(&text[..text.len().min(27)]));
        }
    }

    #[test]
    fn debug_shows_the_public_key_only() {
        let signer = Ed25519Signer::from_hex(SEED).unwrap();
        assert_eq!(
            format!("{signer:?}"),
            "Ed25519Signer { public: \
             PublicKey(5987dedc180167b7ab1d27e6009e5065d10d764cd85d7b64f8c968ca40326e28), .. }"
        );
    }
}
