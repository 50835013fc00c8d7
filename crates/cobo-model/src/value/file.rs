use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A file to upload.
///
/// ```
/// let file = cobo_model::File::new("report.pdf", vec![0x25, 0x50]).with_content_type("application/pdf");
/// assert_eq!(format!("{file:?}"), r#"File { name: "report.pdf", bytes: 2 }"#);
/// ```
#[derive(Clone)]
pub struct File {
    name: String,
    content_type: String,
    bytes: Bytes,
}

impl File {
    /// Creates a file with this name and content. The content is held in memory, because the
    /// signature of a request covers it and is sent before it.
    pub fn new(name: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        Self {
            name: name.into(),
            content_type: "application/octet-stream".to_owned(),
            bytes: bytes.into(),
        }
    }

    /// Sets the content type, `application/octet-stream` by default.
    pub fn with_content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = content_type.into();
        self
    }

    /// Returns the file's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the content type.
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// Returns the content. A clone shares the memory.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File")
            .field("name", &self.name)
            .field("bytes", &self.bytes.len())
            .finish()
    }
}

/// Writes the content as a string, for logs and tests. An upload sends the bytes unchanged.
impl Serialize for File {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = std::str::from_utf8(&self.bytes).map_err(serde::ser::Error::custom)?;
        serializer.serialize_str(text)
    }
}

impl<'de> Deserialize<'de> for File {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::new("file", text))
    }
}
