use std::fmt;
use std::ops::Deref;

use bytes::Bytes;
use zeroize::Zeroizing;

/// The bytes of a verified body. `Debug` shows only their number, since a body may contain a token.
/// The memory is wiped when the last clone is dropped.
#[derive(Clone, Default)]
pub struct Body(Bytes);

impl Body {
    pub(crate) fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(Bytes::from_owner(bytes))
    }

    /// Returns the bytes, sharing memory with this body.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl Deref for Body {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.0.len())
    }
}
