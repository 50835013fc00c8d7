//! Verifies user info tokens, which say which user of an organization opened the app in Cobo's portal.
//!
//! The keys come from the portal's JWKS. [`jwks::fetch`] is the only request of this crate that is
//! not signed.

pub(crate) mod builder;
mod cache;
pub(crate) mod claims;
pub(crate) mod error;
pub(crate) mod jwks;
mod key_set;
mod token;
pub(crate) mod verifier;
