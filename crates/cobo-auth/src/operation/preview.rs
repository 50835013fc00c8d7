use std::fmt;

use zeroize::Zeroizing;

use crate::call::{Call, Signed};
use crate::sign::message::Digest;

/// A signed request that was not sent, to compare with the server's view of it.
///
/// **It can still be sent**: anyone who has the message and the signature can send it once. In a
/// ticket, show the digest and the structure of the message, not the signature; or send the request
/// yourself first (a nonce can be used once). The message contains the body and its secrets.
/// `Debug` omits the message and the signature.
#[derive(Clone)]
#[non_exhaustive]
pub struct SigningPreview {
    /// The message that is hashed: `METHOD|PATH|NONCE|PARAMS|BODY`.
    pub message: Zeroizing<Vec<u8>>,
    /// The digest that is signed: SHA-256 of the message's SHA-256.
    pub digest: Digest,
    /// The value of `Biz-Api-Key`.
    pub api_key: String,
    /// The value of `Biz-Api-Nonce`.
    pub nonce: String,
    /// The value of `Biz-Api-Signature`.
    pub signature: String,
}

impl SigningPreview {
    pub(crate) fn new(call: &Call, api_key: String, signed: Signed) -> Self {
        let message = call.message(&signed.nonce);
        Self {
            message: Zeroizing::new(message.to_bytes()),
            digest: message.digest(),
            api_key,
            signature: signed.signature,
            nonce: signed.nonce,
        }
    }
}

impl fmt::Debug for SigningPreview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningPreview")
            .field("message", &format_args!("{} bytes", self.message.len()))
            .field("digest", &hex::encode(self.digest))
            .field("api_key", &self.api_key)
            .field("nonce", &self.nonce)
            .finish_non_exhaustive()
    }
}
