//! Keys and signers.

pub(crate) mod ed25519;
pub(crate) mod error;
mod file;
pub(crate) mod public_key;
#[cfg(feature = "secp256k1")]
pub(crate) mod secp256k1;
pub(crate) mod secret_key;
pub(crate) mod signer;
