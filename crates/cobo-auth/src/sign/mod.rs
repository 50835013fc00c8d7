//! What is signed, and the verification of what Cobo signed.

pub(crate) mod message;
pub(crate) mod nonce;
pub(crate) mod target;
pub(crate) mod verifier;
