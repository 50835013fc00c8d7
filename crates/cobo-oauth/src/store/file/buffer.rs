use std::fmt;
use std::io::{self, Write};

use zeroize::Zeroizing;

/// Bytes that are wiped when dropped and when the buffer grows.
#[derive(Default)]
pub(super) struct WipedBuffer(Zeroizing<Vec<u8>>);

impl WipedBuffer {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self(Zeroizing::new(Vec::with_capacity(capacity)))
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        let needed = self.0.len() + bytes.len();
        if needed > self.0.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(2 * needed));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
        self.0.extend_from_slice(bytes);
    }
}

impl Write for WipedBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.push(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for WipedBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WipedBuffer({} bytes, redacted)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_kept_when_the_buffer_grows() {
        let mut buffer = WipedBuffer::default();
        for round in 0..100_u8 {
            buffer.write_all(&[round; 33]).unwrap();
        }
        assert_eq!(buffer.as_slice().len(), 3_300);
        assert_eq!(buffer.as_slice()[33 * 99..], [99; 33]);
        assert_eq!(format!("{buffer:?}"), "WipedBuffer(3300 bytes, redacted)");
    }
}
