use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use ed25519_dalek::{Signer as _, SigningKey};

use crate::keys::error::KeyError;
use crate::keys::public_key::{Curve, PublicKey};
use crate::keys::secret_key::SecretKey;
use crate::keys::signer::{Signature, Signer, SignerError};
use crate::sign::message::Digest;

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
