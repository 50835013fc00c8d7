use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};

use crate::keys::error::KeyError;
use crate::keys::public_key::{Curve, PublicKey};
use crate::keys::secret_key::SecretKey;
use crate::keys::signer::{Signature, Signer, SignerError};
use crate::sign::message::Digest;

/// An Ed25519 key in memory that signs with AWS-LC, the library that is already used for TLS. Needs
/// the feature `aws-lc-rs`.
///
/// It makes the same signatures as [`Ed25519Signer`](crate::Ed25519Signer) in less time. Clones
/// share one copy of the key, which AWS-LC wipes when the last one is dropped.
#[derive(Clone)]
pub struct AwsLcSigner {
    key: Arc<Ed25519KeyPair>,
    public: PublicKey,
}

impl AwsLcSigner {
    /// Creates a signer from a private key; see [`SecretKey`] for the ways to read one.
    ///
    /// # Errors
    ///
    /// [`KeyError::Curve`] if the key's file says that it is of another curve.
    pub fn new(key: &SecretKey) -> Result<Self, KeyError> {
        let seed = key.for_curve(Curve::Ed25519)?;
        let key = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| KeyError::NotAKey)?;
        let public = key.public_key().as_ref().try_into();
        let public = PublicKey::ed25519(public.map_err(|_| KeyError::NotAKey)?);
        Ok(Self {
            key: Arc::new(key),
            public,
        })
    }
}

#[async_trait]
impl Signer for AwsLcSigner {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    async fn sign(&self, digest: &Digest) -> Result<Signature, SignerError> {
        let signature = self.key.try_sign(digest);
        let signature = signature.map_err(|_| SignerError::from("AWS-LC cannot sign"))?;
        Ok(Signature::new(signature.as_ref()))
    }
}

impl fmt::Debug for AwsLcSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsLcSigner")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}
