//! The content of an organization's file.
//!
//! ```json
//! {
//!   "version": 1,
//!   "org_id": "e3986401-4aec-480a-973d-e775a4518413",
//!   "pair": {
//!     "generation": 1700000000000,
//!     "access_token": "…",
//!     "obtained_at": 1700000000000,
//!     "expires_at": 1700043200000,
//!     "refresh_token": "…",
//!     "refresh_expires_at": 1702592000000,
//!     "owner": {
//!       "client_id": "pvSwS8iFrfK0oZrB0ugG54XPDOLEv0Ij",
//!       "environment": ["…"]
//!     }
//!   }
//! }
//! ```
//!
//! After the pair was removed, the file has `removed`, with the pair's generation, instead
//! of `pair`. An encrypted file has `sealed` there: `algorithm`, and `nonce` and `ciphertext` in
//! hexadecimal digits; the plaintext is an object with `pair` or `removed`. `owner`,
//! `refresh_token` and `refresh_expires_at` may be absent. Any other content is an error, because
//! rewriting the file would lose what a newer version added.

use std::borrow::Cow;

use cobo_auth::Secret;
use serde::{Deserialize, Serialize};

use super::buffer::WipedBuffer;
use crate::store::{Owner, StoreError, TokenPair};

const VERSION: u64 = 1;

/// How files are encoded: as plain text or encrypted.
#[derive(Debug)]
pub(super) enum Encoding {
    Plain,
    #[cfg(feature = "encryption")]
    Sealed(super::seal::StoreKey),
}

/// The stored state of an organization.
#[derive(Debug)]
pub(super) enum Stored {
    Pair(TokenPair),
    /// The pair was removed; this was its generation.
    Removed(u64),
}

impl Stored {
    pub(super) fn generation(&self) -> u64 {
        match self {
            Self::Pair(pair) => pair.generation,
            Self::Removed(generation) => *generation,
        }
    }

    /// The app that the pair belongs to; `None` after the pair was removed.
    pub(super) fn owner(&self) -> Option<&Owner> {
        match self {
            Self::Pair(pair) => pair.owner.as_ref(),
            Self::Removed(_) => None,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record<'a> {
    version: u64,
    org_id: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pair: Option<Pair>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    removed: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<Sealed>,
}

/// The plaintext of an encrypted file.
#[cfg(feature = "encryption")]
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inside {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pair: Option<Pair>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    removed: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sealed {
    pub(super) algorithm: String,
    pub(super) nonce: String,
    pub(super) ciphertext: String,
}

/// A [`TokenPair`] without unknown fields.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Pair(#[serde(with = "Fields")] TokenPair);

/// Lists every field by name, so that adding one to `TokenPair` fails to compile until it is
/// stored.
#[derive(Serialize, Deserialize)]
#[serde(remote = "TokenPair", deny_unknown_fields)]
struct Fields {
    generation: u64,
    access_token: Secret,
    obtained_at: u64,
    expires_at: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_token: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_expires_at: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<Owner>,
}

/// Encodes the content of a file.
pub(super) fn encode(
    stored: &Stored,
    org_id: &str,
    encoding: &Encoding,
) -> Result<WipedBuffer, StoreError> {
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
    match encoding {
        Encoding::Plain => (record.pair, record.removed) = (pair, removed),
        #[cfg(feature = "encryption")]
        Encoding::Sealed(key) => {
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
pub(super) fn decode(bytes: &[u8], encoding: &Encoding) -> Result<(String, Stored), String> {
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
    let stored = match (open, record.sealed, encoding) {
        (open, None, Encoding::Plain) => one_of(open),
        ((None, None), Some(_), Encoding::Plain) => {
            Err("is encrypted, and the store was opened without a key".to_owned())
        }
        #[cfg(feature = "encryption")]
        ((None, None), Some(sealed), Encoding::Sealed(key)) => {
            let inside = key.open(&sealed, VERSION, &org_id)?;
            let inside: Inside = parse(&inside)?;
            one_of((inside.pair, inside.removed))
        }
        #[cfg(feature = "encryption")]
        (_, None, Encoding::Sealed(_)) => {
            Err("is not encrypted, and the store was opened with a key".to_owned())
        }
        (_, Some(_), _) => Err("is damaged: it has encrypted and unencrypted parts".to_owned()),
    };
    Ok((org_id, stored?))
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
