use std::fmt;

use reqwest::Request;
use zeroize::Zeroizing;

use crate::call::{API_KEY, API_NONCE, API_SIGNATURE, message};
use crate::error::Error;
use crate::message::Digest;

/// A request as it would be signed: what to compare with the server's view of it.
///
/// **It is a live request**: whoever has message and signature can send it, once. Show the digest
/// and the message's shape in a ticket, not the signature, or send the request yourself first (a
/// nonce is good for one). The message holds the body, and so whatever secret is in it. `Debug`
/// leaves out both.
#[derive(Clone)]
#[non_exhaustive]
pub struct Explanation {
    /// What is hashed: `METHOD|PATH|NONCE|PARAMS|BODY`.
    pub message: Zeroizing<Vec<u8>>,
    /// What is signed: the message's SHA-256, hashed once more.
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
