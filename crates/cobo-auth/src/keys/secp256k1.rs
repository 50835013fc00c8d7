use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use k256::ecdsa::signature::hazmat::PrehashSigner as _;
use k256::ecdsa::{self, SigningKey};

use crate::keys::error::KeyError;
use crate::keys::public_key::{Curve, PublicKey};
use crate::keys::secret_key::SecretKey;
use crate::keys::signer::{Signature, Signer, SignerError};
use crate::sign::message::Digest;

/// A secp256k1 key in memory that signs with ECDSA, in DER. Needs the feature `secp256k1`.
///
/// Clones share one copy of the key, which is wiped when the last one is dropped.
#[derive(Clone)]
pub struct Secp256k1Signer {
    key: Arc<SigningKey>,
    public: PublicKey,
}

impl Secp256k1Signer {
    /// Creates a signer from a private key; see [`SecretKey`] for the ways to read one.
    ///
    /// # Errors
    ///
    /// [`KeyError::Curve`] if the key's file says that it is of another curve;
    /// [`KeyError::NotAKey`] for the few numbers that are not valid keys of this curve.
    pub fn new(key: &SecretKey) -> Result<Self, KeyError> {
        let bytes = key.for_curve(Curve::Secp256k1)?;
        let key = SigningKey::from_slice(bytes).map_err(|_| KeyError::NotAKey)?;
        let point = key.verifying_key().to_sec1_point(true);
        let public = point.as_bytes().try_into().map_err(|_| KeyError::NotAKey)?;
        Ok(Self {
            key: Arc::new(key),
            public: PublicKey::secp256k1(public),
        })
    }
}

#[async_trait]
impl Signer for Secp256k1Signer {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    async fn sign(&self, digest: &Digest) -> Result<Signature, SignerError> {
        // ECDSA's nonce is derived from key and digest (RFC 6979), so no random numbers are needed.
        let signature: ecdsa::Signature = self
            .key
            .sign_prehash(digest)
            .map_err(|_| SignerError::from("k256 cannot sign"))?;
        Ok(Signature::new(signature.to_der().as_bytes()))
    }
}

impl fmt::Debug for Secp256k1Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secp256k1Signer")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}
