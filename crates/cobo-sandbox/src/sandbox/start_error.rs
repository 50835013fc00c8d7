//! Why a sandbox did not start.

use std::net::SocketAddr;

use crate::signature::KeyError;

/// Why a sandbox did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Other machines can reach the address, and that was not allowed.
    #[error(
        "{0} is not a loopback address, and a sandbox guards nothing: allow remote callers explicitly, or listen on 127.0.0.1"
    )]
    Remote(SocketAddr),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The same key is registered for an app and for an organization.
    #[error("one key is registered for an app and for an organization: use two keys")]
    KeyOfBoth,
    /// A key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The operating system provided no random bytes.
    #[error("no random bytes for the sandbox's keys: {source}")]
    Randomness {
        /// The error of the operating system.
        source: std::io::Error,
    },
}
