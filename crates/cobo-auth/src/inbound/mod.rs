//! What Cobo sends to an app: verifies webhooks and callbacks. Knows no web framework.

pub(crate) mod error;
pub(crate) mod verified;
pub(crate) mod verifier;
