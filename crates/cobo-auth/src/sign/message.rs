use std::fmt;

use sha2::{Digest as _, Sha256};

/// The value that is signed: SHA-256 of the SHA-256 of a message, 32 bytes.
pub type Digest = [u8; 32];

/// The parts of a request that its signature covers, exactly as they are sent.
///
/// The message is `METHOD|PATH|NONCE|PARAMS|BODY`; an empty part keeps its `|`.
///
/// ```
/// let message = cobo_auth::Message {
///     method: "GET",
///     path: "/v2/oauth/token",
///     nonce: "1718587017026",
///     params: "client_id=a&org_id=b",
///     body: b"",
/// };
/// assert_eq!(message.to_bytes(), b"GET|/v2/oauth/token|1718587017026|client_id=a&org_id=b|");
/// assert_eq!(message.digest(), cobo_auth::double_sha256([message.to_bytes().as_slice()]));
/// ```
#[derive(Clone, Copy)]
pub struct Message<'a> {
    /// The method, in upper case.
    pub method: &'a str,
    /// The path as it is sent, including `/v2`, without the host.
    pub path: &'a str,
    /// The value of the `Biz-Api-Nonce` header.
    pub nonce: &'a str,
    /// The query as it is sent, without the `?`; empty without a query.
    pub params: &'a str,
    /// The bytes of the body; empty without a body.
    pub body: &'a [u8],
}

impl Message<'_> {
    /// Returns the whole message, for a support case. Signing needs only the
    /// [`digest`](Self::digest).
    pub fn to_bytes(&self) -> Vec<u8> {
        self.parts().concat()
    }

    /// Returns the digest that is signed.
    pub fn digest(&self) -> Digest {
        double_sha256(self.parts())
    }

    fn parts(&self) -> [&[u8]; 9] {
        [
            self.method.as_bytes(),
            b"|",
            self.path.as_bytes(),
            b"|",
            self.nonce.as_bytes(),
            b"|",
            self.params.as_bytes(),
            b"|",
            self.body,
        ]
    }
}

impl fmt::Debug for Message<'_> {
    /// Shows only the lengths of query and body, since they may contain a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("nonce", &self.nonce)
            .field("params", &format_args!("{} bytes", self.params.len()))
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish()
    }
}

/// Returns the SHA-256 of the SHA-256 of the concatenated parts: the digest of requests, responses
/// and webhooks.
pub fn double_sha256<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Digest {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    Sha256::digest(hash.finalize()).into()
}
