use std::fmt;

use async_trait::async_trait;

use crate::keys::public_key::{Curve, PublicKey};
use crate::sign::message::Digest;

/// Signs requests with a key that is registered at Cobo.
///
/// Use [`Ed25519Signer`](crate::Ed25519Signer) for a key in memory; implement the trait for a key
/// in another place (an HSM, a KMS). The client holds a signer behind an `Arc` and calls it once
/// for each attempt.
#[async_trait]
pub trait Signer: fmt::Debug + Send + Sync {
    /// Returns the public key by which Cobo identifies the app. It must not change during the
    /// signer's life.
    fn public_key(&self) -> &PublicKey;

    /// Returns the curve of the key; the same as that of the public key.
    fn curve(&self) -> Curve {
        self.public_key().curve()
    }

    /// Signs a digest (32 bytes, already hashed twice).
    ///
    /// # Errors
    ///
    /// The key cannot sign now. The request is not sent.
    async fn sign(&self, digest: &Digest) -> Result<Signature, SignerError>;
}

/// Why a [`Signer`] could not sign. It becomes the source of the call's error: it must not contain
/// secrets.
pub type SignerError = Box<dyn std::error::Error + Send + Sync>;

/// A signature in the encoding of its curve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature(Vec<u8>);

impl Signature {
    /// Takes the bytes: for Ed25519 the 64 bytes of R and S, for secp256k1 an ECDSA signature in
    /// DER.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// Returns the bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether the length and the first byte fit a signature of this curve. A remote signer may
    /// return anything.
    pub(crate) fn has_length_for(&self, curve: Curve) -> bool {
        match curve {
            Curve::Ed25519 => self.0.len() == 64,
            // A DER sequence of two numbers.
            Curve::Secp256k1 => (8..=72).contains(&self.0.len()) && self.0[0] == 0x30,
        }
    }

    /// Returns the signature in lower-case hexadecimal, for the `Biz-Api-Signature` header.
    pub fn to_hex(&self) -> String {
        hex::encode(&self.0)
    }
}

macro_rules! forward {
    ($($pointer:ty),*) => {$(
        #[async_trait]
        impl<S: Signer + ?Sized> Signer for $pointer {
            fn public_key(&self) -> &PublicKey {
                (**self).public_key()
            }

            async fn sign(&self, digest: &Digest) -> Result<Signature, SignerError> {
                (**self).sign(digest).await
            }
        }
    )*};
}

forward!(std::sync::Arc<S>, Box<S>);
