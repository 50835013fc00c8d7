use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
#[cfg(feature = "aws-lc-rs")]
use aws_lc_rs::signature::Ed25519KeyPair;
use ed25519_dalek::{Signer as _, SigningKey};

use crate::keys::error::KeyError;
use crate::keys::public_key::{Curve, PublicKey};
use crate::keys::secret_key::SecretKey;
use crate::keys::signer::{Signature, Signer, SignerError};
use crate::sign::message::Digest;

/// An Ed25519 key in memory. Clones share one copy, which is wiped when the last one is dropped.
///
/// With the feature `aws-lc-rs` (which the default feature `rustls-aws-lc` enables), AWS-LC signs,
/// in half of the time; otherwise ed25519-dalek. Both make the same signatures.
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
    key: Arc<Key>,
    public: PublicKey,
}

/// The key in the form of the library that signs. Both wipe it on drop.
enum Key {
    #[cfg(feature = "aws-lc-rs")]
    AwsLc(Ed25519KeyPair),
    Dalek(Box<SigningKey>),
}

impl Key {
    fn of_seed(seed: &[u8; 32]) -> Self {
        // AWS-LC accepts every seed. It fails only if it has no memory.
        #[cfg(feature = "aws-lc-rs")]
        if let Ok(key) = Ed25519KeyPair::from_seed_unchecked(seed) {
            return Self::AwsLc(key);
        }
        Self::Dalek(Box::new(SigningKey::from_bytes(seed)))
    }

    fn sign(&self, digest: &Digest) -> Result<Signature, SignerError> {
        match self {
            #[cfg(feature = "aws-lc-rs")]
            Self::AwsLc(key) => match key.try_sign(digest) {
                Ok(signature) => Ok(Signature::new(signature.as_ref())),
                Err(_) => Err("AWS-LC cannot sign".into()),
            },
            Self::Dalek(key) => Ok(Signature::new(key.sign(digest).to_bytes())),
        }
    }
}

impl Ed25519Signer {
    /// Creates a signer from a private key; see [`SecretKey`] for the ways to read one.
    ///
    /// # Errors
    ///
    /// [`KeyError::Curve`] if the key's file says that it is of another curve.
    pub fn new(key: &SecretKey) -> Result<Self, KeyError> {
        Ok(Self::from_seed(key.for_curve(Curve::Ed25519)?))
    }

    /// Creates a signer from a 32-byte seed in hexadecimal, as [`SecretKey::from_hex`] reads it.
    ///
    /// # Errors
    ///
    /// [`KeyError`] says what is wrong with the text. It never contains the text.
    pub fn from_hex(seed: &str) -> Result<Self, KeyError> {
        Self::new(&SecretKey::from_hex(seed)?)
    }

    /// Creates a signer from a 32-byte seed. The caller has to wipe its own copy.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let public = SigningKey::from_bytes(seed).verifying_key().to_bytes();
        Self {
            key: Arc::new(Key::of_seed(seed)),
            public: PublicKey::ed25519(public),
        }
    }
}

#[async_trait]
impl Signer for Ed25519Signer {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    async fn sign(&self, digest: &Digest) -> Result<Signature, SignerError> {
        self.key.sign(digest)
    }
}

impl fmt::Debug for Ed25519Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ed25519Signer")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, feature = "aws-lc-rs"))]
mod tests {
    use super::*;

    #[test]
    fn both_libraries_make_the_same_signatures() {
        for byte in 0..=255 {
            let (seed, digest) = ([byte; 32], [!byte; 32]);
            let aws_lc = Key::of_seed(&seed);
            assert!(matches!(aws_lc, Key::AwsLc(_)));
            let dalek = Key::Dalek(Box::new(SigningKey::from_bytes(&seed)));
            assert_eq!(aws_lc.sign(&digest).unwrap(), dalek.sign(&digest).unwrap());
        }
    }
}
