use std::fmt;

/// The curve of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Curve {
    /// Ed25519, the usual one.
    Ed25519,
    /// secp256k1: ECDSA, signatures in DER.
    Secp256k1,
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ed25519 => "Ed25519",
            Self::Secp256k1 => "secp256k1",
        })
    }
}

/// A public key with which Cobo verifies requests. `Display` is lower-case hexadecimal, the
/// form that Cobo's portal accepts.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PublicKey(Bytes);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Bytes {
    Ed25519([u8; 32]),
    Secp256k1([u8; 33]),
}

impl PublicKey {
    /// Creates an Ed25519 public key.
    pub const fn ed25519(bytes: [u8; 32]) -> Self {
        Self(Bytes::Ed25519(bytes))
    }

    /// Creates a secp256k1 public key, the compressed point.
    pub const fn secp256k1(bytes: [u8; 33]) -> Self {
        Self(Bytes::Secp256k1(bytes))
    }

    /// Returns the curve of the key.
    pub const fn curve(&self) -> Curve {
        match self.0 {
            Bytes::Ed25519(_) => Curve::Ed25519,
            Bytes::Secp256k1(_) => Curve::Secp256k1,
        }
    }

    /// Returns the bytes: 32 for Ed25519, 33 for secp256k1.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Bytes::Ed25519(bytes) => bytes,
            Bytes::Secp256k1(bytes) => bytes,
        }
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}
