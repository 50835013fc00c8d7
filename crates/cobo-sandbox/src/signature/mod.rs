//! Keys, nonces and signatures: how a request is checked, and how the sandbox signs.

mod digest;
mod key;
mod nonce;
mod portal;
mod request;

pub use key::{AppKey, AppKeys, KeyError};
pub(crate) use key::{Caller, Registered, ResponseKey};
pub use nonce::AcceptedNonces;
pub(crate) use nonce::Nonces;
pub(crate) use portal::PortalKeys;
pub use request::{Refusal, RequestParts, SignedBy, check};
pub(crate) use request::{response_headers, split};
