//! Checks the signature of a request, from its parts as they were received.
//!
//! The check is written from the protocol and shares no code with the client crates: a server that used the client's
//! own code would accept every mistake that the client makes.

use ed25519_dalek::Signature;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::digest::double_sha256;
use super::key::{AppKey, AppKeys};

/// The parts of a request that the signature covers, and the headers that carry the signature.
///
/// `target` is the request target as received, neither decoded nor reordered: the raw path, and `?` with the raw query
/// if any. `body` is the raw body.
#[derive(Clone, Copy)]
pub struct RequestParts<'a> {
    /// The method, in upper case.
    pub method: &'a str,
    /// The raw path and query.
    pub target: &'a str,
    /// All headers.
    pub headers: &'a HeaderMap,
    /// The raw body.
    pub body: &'a [u8],
}

/// Shows only the method and the path: a body or a header can contain a token.
impl std::fmt::Debug for RequestParts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestParts")
            .field("method", &self.method)
            .field("path", &split(self.target).0)
            .finish_non_exhaustive()
    }
}

/// The signer of a request that passed [`check`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignedBy {
    /// The app key.
    pub key: AppKey,
    /// The nonce, which the signature covers.
    pub nonce: String,
}

/// Why a request was refused. The sandbox answers with 401 and code 2024 in each case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A header is missing or empty.
    #[error("the header {0} is missing or empty")]
    Missing(&'static str),
    /// A header is repeated.
    #[error("the header {0} is repeated")]
    Repeated(&'static str),
    /// A header is malformed.
    #[error("the header {0} is malformed: {1}")]
    Malformed(&'static str, &'static str),
    /// The key is not registered.
    #[error("the key in Biz-Api-Key is not registered")]
    UnknownKey,
    /// The signature is for a different message, or was made with a different key.
    #[error("the signature does not match the method, path, nonce, query and body received")]
    BadSignature,
    /// The sandbox does not accept this kind of nonce, see [`AcceptedNonces`](crate::AcceptedNonces).
    #[error("the nonce in Biz-Api-Nonce is of the wrong kind: {0}")]
    WrongNonce(&'static str),
    /// The key has already used this nonce.
    #[error("the nonce in Biz-Api-Nonce was used before")]
    RepeatedNonce,
}

const KEY: &str = "Biz-Api-Key";
const NONCE: &str = "Biz-Api-Nonce";
const SIGNATURE: &str = "Biz-Api-Signature";

/// Checks the three signature headers of a request, and its signature, as the server does.
///
/// The signed text is `METHOD|PATH|NONCE|QUERY|BODY`, hashed twice with SHA-256. The key and the signature must be in
/// lower-case hex, because only that is documented. The check ignores whether the nonce was used before, so a recorded
/// request always passes again.
///
/// ```
/// use cobo_sandbox::{AppKey, AppKeys, DEMO_APP_KEY, Refusal, RequestParts, check};
/// use http::HeaderMap;
///
/// let keys: AppKeys = [AppKey::from_hex(DEMO_APP_KEY)?].into_iter().collect();
/// let unsigned = RequestParts {
///     method: "GET",
///     target: "/v2/organizations/info",
///     headers: &HeaderMap::new(),
///     body: b"",
/// };
/// assert_eq!(check(&unsigned, &keys), Err(Refusal::Missing("Biz-Api-Key")));
/// # Ok::<(), cobo_sandbox::KeyError>(())
/// ```
///
/// # Errors
///
/// The first [`Refusal`] that applies.
pub fn check(request: &RequestParts<'_>, keys: &AppKeys) -> Result<SignedBy, Refusal> {
    let key = lower_hex(request.headers, KEY)?;
    let nonce = nonce(request.headers)?;
    let signature = lower_hex(request.headers, SIGNATURE)?;

    let key = keys.get(&key).ok_or(Refusal::UnknownKey)?;
    let (path, query) = split(request.target);
    let digest = double_sha256([
        request.method.as_bytes(),
        b"|",
        path.as_bytes(),
        b"|",
        nonce.as_bytes(),
        b"|",
        query.as_bytes(),
        b"|",
        request.body,
    ]);
    key.verifying_key()
        .verify_strict(&digest, &Signature::from_bytes(&signature))
        .map_err(|_| Refusal::BadSignature)?;
    Ok(SignedBy {
        key: *key,
        nonce: nonce.to_owned(),
    })
}

/// Splits a raw target into path and query, both unchanged; the query without its `?`.
pub(crate) fn split(target: &str) -> (&str, &str) {
    target.split_once('?').unwrap_or((target, ""))
}

/// The headers of a response: timestamp and signature, each under both of its names.
pub(crate) fn response_headers(
    timestamp: &HeaderValue,
    signature: &HeaderValue,
) -> [(HeaderName, HeaderValue); 4] {
    [
        ("biz_timestamp", timestamp),
        ("biz-timestamp", timestamp),
        ("biz_resp_signature", signature),
        ("biz-resp-signature", signature),
    ]
    .map(|(name, value)| (HeaderName::from_static(name), value.clone()))
}

fn nonce(headers: &HeaderMap) -> Result<&str, Refusal> {
    let nonce = single(headers, NONCE)?;
    // A nonce with `|` is ambiguous: the text after the `|` could be nonce or query, so one signature would match two
    // requests.
    if nonce.contains('|') {
        return Err(Refusal::Malformed(NONCE, "it contains |"));
    }
    Ok(nonce)
}

fn lower_hex<const N: usize>(headers: &HeaderMap, name: &'static str) -> Result<[u8; N], Refusal> {
    let text = single(headers, name)?;
    let lower = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let mut bytes = [0; N];
    if !text.bytes().all(lower) || hex::decode_to_slice(text, &mut bytes).is_err() {
        return Err(Refusal::Malformed(
            name,
            "it is not lower-case hex of the right length",
        ));
    }
    Ok(bytes)
}

fn single<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Refusal> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or(Refusal::Missing(name))?;
    if values.next().is_some() {
        return Err(Refusal::Repeated(name));
    }
    let value = value
        .to_str()
        .map_err(|_| Refusal::Malformed(name, "it is not ASCII"))?;
    if value.is_empty() {
        return Err(Refusal::Missing(name));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_target_is_split_at_the_first_question_mark() {
        assert_eq!(split("/v2/x"), ("/v2/x", ""));
        assert_eq!(split("/v2/x?"), ("/v2/x", ""));
        assert_eq!(split("/v2/%3F?a=?&b"), ("/v2/%3F", "a=?&b"));
    }

    #[test]
    fn debug_of_parts_shows_method_and_path_only() {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_static("Bearer hidden"));
        let parts = RequestParts {
            method: "POST",
            target: "/v2/oauth/token?a=hidden",
            headers: &headers,
            body: b"hidden",
        };
        assert_eq!(
            format!("{parts:?}"),
            r#"RequestParts { method: "POST", path: "/v2/oauth/token", .. }"#
        );
    }
}
