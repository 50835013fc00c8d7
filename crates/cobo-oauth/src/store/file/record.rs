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

use crate::store::{Owner, TokenPair};

/// The version of the format.
pub(super) const VERSION: u64 = 1;

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
pub(super) struct Record<'a> {
    pub(super) version: u64,
    pub(super) org_id: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pair: Option<Pair>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) removed: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sealed: Option<Sealed>,
}

/// The plaintext of an encrypted file.
#[cfg(feature = "encryption")]
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Inside {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pair: Option<Pair>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) removed: Option<u64>,
}

/// The encrypted part of an encrypted file.
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
pub(super) struct Pair(#[serde(with = "Fields")] pub(super) TokenPair);

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
