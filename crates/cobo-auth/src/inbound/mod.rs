//! Verifies webhooks and callbacks, which Cobo sends to an app. Knows no web framework.

pub(crate) mod error;
pub(crate) mod verified;
pub(crate) mod verifier;
