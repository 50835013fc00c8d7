//! What is in a file.
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
//! After the pair was removed, `removed` is in its place, with its generation. An encrypted file has
//! `sealed` there: `algorithm`, and `nonce` and `ciphertext` in hexadecimal digits; the ciphertext is an
//! object with `pair` or `removed`. `owner` and what has to do with the refresh token may be absent.
//! Every other content is refused: a rewrite would lose what a newer version added.

use std::borrow::Cow;

use cobo_auth::Secret;
use serde::{Deserialize, Serialize};

use super::buffer::WipedBuffer;
use crate::store::{Owner, StoreError, TokenPair};

const VERSION: u64 = 1;

/// How pairs are written.
#[derive(Debug)]
pub(super) enum Coding {
    Plain,
    #[cfg(feature = "encryption")]
    Sealed(super::seal::StoreKey),
}

/// What is kept of an organization.
#[derive(Debug)]
pub(super) enum Kept {
    Pair(TokenPair),
    /// A pair of this generation was there.
    Removed(u64),
}

impl Kept {
    pub(super) fn generation(&self) -> u64 {
        match self {
            Self::Pair(pair) => pair.generation,
            Self::Removed(generation) => *generation,
        }
    }

    /// The app that the pair belongs to. Nobody owns what was removed.
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

/// What is sealed.
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

/// Every field by name: a new one has to be written as well, or this does not compile.
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

/// The bytes of a file.
pub(super) fn encode(
    kept: &Kept,
    org_id: &str,
    coding: &Coding,
) -> Result<WipedBuffer, StoreError> {
    let (pair, removed) = match kept {
        Kept::Pair(pair) => (Some(Pair(pair.clone())), None),
        Kept::Removed(generation) => (None, Some(*generation)),
    };
    let mut record = Record {
        version: VERSION,
        org_id: org_id.into(),
        pair: None,
        removed: None,
        sealed: None,
    };
    match coding {
        Coding::Plain => (record.pair, record.removed) = (pair, removed),
        #[cfg(feature = "encryption")]
        Coding::Sealed(key) => {
            let inside = json(&Inside { pair, removed })?;
            record.sealed = Some(key.seal(&inside, VERSION, org_id)?);
        }
    }
    let mut bytes = json(&record)?;
    bytes.push(b"\n");
    Ok(bytes)
}

/// What a file keeps, and of which organization; or what is wrong with it, as the end of a sentence
/// that begins with its name.
pub(super) fn decode(bytes: &[u8], coding: &Coding) -> Result<(String, Kept), String> {
    #[derive(Deserialize)]
    struct Version {
        version: u64,
    }

    // Before the rest, since a newer version may have other fields.
    let Version { version } = parse(bytes)?;
    if version != VERSION {
        return Err(format!(
            "has version {version}, and this program knows version {VERSION} only"
        ));
    }
    let record: Record<'_> = parse(bytes)?;
    let org_id = record.org_id.into_owned();
    let open = (record.pair, record.removed);
    let kept = match (open, record.sealed, coding) {
        (open, None, Coding::Plain) => one_of(open),
        ((None, None), Some(_), Coding::Plain) => {
            Err("is encrypted, and the store was opened without a key".to_owned())
        }
        #[cfg(feature = "encryption")]
        ((None, None), Some(sealed), Coding::Sealed(key)) => {
            let inside = key.open(&sealed, VERSION, &org_id)?;
            let inside: Inside = parse(&inside)?;
            one_of((inside.pair, inside.removed))
        }
        #[cfg(feature = "encryption")]
        (_, None, Coding::Sealed(_)) => {
            Err("is not encrypted, and the store was opened with a key".to_owned())
        }
        (_, Some(_), _) => Err("is damaged: it has encrypted and unencrypted parts".to_owned()),
    };
    Ok((org_id, kept?))
}

fn one_of(open: (Option<Pair>, Option<u64>)) -> Result<Kept, String> {
    match open {
        (Some(Pair(pair)), None) => Ok(Kept::Pair(pair)),
        (None, Some(generation)) => Ok(Kept::Removed(generation)),
        _ => Err("is damaged: it must have one of `pair` and `removed`".to_owned()),
    }
}

/// An object of JSON. The parser's own messages may quote what they found, which may be a token.
fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, String> {
    // Lists pass for structs otherwise.
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
