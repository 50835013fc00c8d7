//! The hash that signatures are made of.

use sha2::{Digest, Sha256};

/// The SHA-256 hash of the SHA-256 hash of the concatenated parts.
pub(crate) fn double_sha256<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut inner = Sha256::new();
    for part in parts {
        inner.update(part);
    }
    Sha256::digest(inner.finalize()).into()
}
