//! Encodes and decodes the content of files, as plain text or encrypted.

use serde::{Deserialize, Serialize};

use super::buffer::WipedBuffer;
#[cfg(feature = "encryption")]
use super::record::Inside;
use super::record::{Pair, Record, Stored, VERSION};
#[cfg(feature = "encryption")]
use super::seal::StoreKey;
use crate::store::StoreError;

/// How files are encoded: as plain text or encrypted.
#[derive(Debug)]
pub(super) enum Encoding {
    Plain,
    #[cfg(feature = "encryption")]
    Sealed(StoreKey),
}

impl Encoding {
    /// Encodes the content of a file.
    pub(super) fn encode(&self, stored: &Stored, org_id: &str) -> Result<WipedBuffer, StoreError> {
        let (pair, removed) = match stored {
            Stored::Pair(pair) => (Some(Pair(pair.clone())), None),
            Stored::Removed(generation) => (None, Some(*generation)),
        };
        let mut record = Record {
            version: VERSION,
            org_id: org_id.into(),
            pair: None,
            removed: None,
            sealed: None,
        };
        match self {
            Self::Plain => (record.pair, record.removed) = (pair, removed),
            #[cfg(feature = "encryption")]
            Self::Sealed(key) => {
                let inside = json(&Inside { pair, removed })?;
                record.sealed = Some(key.seal(&inside, VERSION, org_id)?);
            }
        }
        let mut bytes = json(&record)?;
        bytes.push(b"\n");
        Ok(bytes)
    }

    /// Decodes a file into its organization's id and state. The error text continues a sentence that
    /// begins with the file's name.
    pub(super) fn decode(&self, bytes: &[u8]) -> Result<(String, Stored), String> {
        #[derive(Deserialize)]
        struct Version {
            version: u64,
        }

        // Read first, because a newer version may have other fields.
        let Version { version } = parse(bytes)?;
        if version != VERSION {
            return Err(format!(
                "has version {version}, and this program knows version {VERSION} only"
            ));
        }
        let record: Record<'_> = parse(bytes)?;
        let org_id = record.org_id.into_owned();
        let open = (record.pair, record.removed);
        let stored = match (open, record.sealed, self) {
            (open, None, Self::Plain) => one_of(open),
            ((None, None), Some(_), Self::Plain) => {
                Err("is encrypted, and the store was opened without a key".to_owned())
            }
            #[cfg(feature = "encryption")]
            ((None, None), Some(sealed), Self::Sealed(key)) => {
                let inside = key.open(&sealed, VERSION, &org_id)?;
                let inside: Inside = parse(&inside)?;
                one_of((inside.pair, inside.removed))
            }
            #[cfg(feature = "encryption")]
            (_, None, Self::Sealed(_)) => {
                Err("is not encrypted, and the store was opened with a key".to_owned())
            }
            (_, Some(_), _) => Err("is damaged: it has encrypted and unencrypted parts".to_owned()),
        };
        Ok((org_id, stored?))
    }
}

fn one_of(open: (Option<Pair>, Option<u64>)) -> Result<Stored, String> {
    match open {
        (Some(Pair(pair)), None) => Ok(Stored::Pair(pair)),
        (None, Some(generation)) => Ok(Stored::Removed(generation)),
        _ => Err("is damaged: it must have one of `pair` and `removed`".to_owned()),
    }
}

/// Parses a JSON object. The parser's own error messages are not used: they may quote a token.
fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, String> {
    // Required because serde also accepts a list for a struct.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err("is damaged: it is not a JSON object".to_owned());
    }
    serde_json::from_slice(bytes).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        format!("is damaged at line {line}, column {column}")
    })
}

fn json(value: &impl Serialize) -> Result<WipedBuffer, StoreError> {
    let mut bytes = WipedBuffer::with_capacity(2048);
    serde_json::to_writer_pretty(&mut bytes, value)
        .map_err(|_| StoreError::unavailable("a pair cannot be written as JSON"))?;
    Ok(bytes)
}
