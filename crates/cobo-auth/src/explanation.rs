use std::fmt;

use reqwest::Request;
use zeroize::Zeroizing;

use crate::call::{API_KEY, API_NONCE, API_SIGNATURE, message};
use crate::error::Error;
use crate::message::Digest;

/// A signed request that was not sent, to compare with the server's view of it.
///
/// **It can still be sent**: anyone who has the message and the signature can send it once. In a
/// ticket, show the digest and the structure of the message, not the signature; or send the request
/// yourself first (a nonce can be used once). The message contains the body and its secrets.
/// `Debug` omits the message and the signature.
#[derive(Clone)]
#[non_exhaustive]
pub struct Explanation {
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

impl Explanation {
    pub(crate) fn of(request: &Request) -> Result<Self, Error> {
        let header = |name| {
            let value = request.headers().get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        let all = || Some((header(API_KEY)?, header(API_NONCE)?, header(API_SIGNATURE)?));
        let (api_key, nonce, signature) =
            all().ok_or_else(|| Error::invalid_request("the request is not signed".to_owned()))?;
        let message = message(request, &nonce);
        Ok(Self {
            message: Zeroizing::new(message.to_bytes()),
            digest: message.digest(),
            api_key,
            signature,
            nonce,
        })
    }
}

impl fmt::Debug for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explanation")
            .field("message", &format_args!("{} bytes", self.message.len()))
            .field("digest", &hex::encode(self.digest))
            .field("api_key", &self.api_key)
            .field("nonce", &self.nonce)
            .finish_non_exhaustive()
    }
}
