use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, AlgorithmFamily};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::user_info::error::UserInfoErrorKind;

/// The longest token that is read, in bytes. Servers do not accept longer headers either.
const MAX_BYTES: usize = 16 * 1024;

/// A token in its compact form (RFC 7515): header, payload and signature. Nothing is verified yet.
pub(super) struct Token<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: String,
    /// The bytes that are signed.
    pub(super) message: &'a [u8],
    pub(super) signature: Zeroizing<Vec<u8>>,
    payload: &'a str,
}

impl<'a> Token<'a> {
    /// Splits a token, and reads its header. Ignores keys and URLs of keys in the header.
    pub(super) fn parse(text: &'a str) -> Result<Self, UserInfoErrorKind> {
        if text.len() > MAX_BYTES {
            return Err(UserInfoErrorKind::TooLong);
        }
        let malformed = || UserInfoErrorKind::Malformed;
        let (message, signature) = text.rsplit_once('.').ok_or_else(malformed)?;
        let (header, payload) = message.split_once('.').ok_or_else(malformed)?;
        // An encrypted token has five parts.
        if payload.contains('.') {
            return Err(UserInfoErrorKind::Malformed);
        }
        let header: Map<String, Value> =
            serde_json::from_slice(&decode(header)?).map_err(|_| malformed())?;
        let text = |name: &str| header.get(name).and_then(Value::as_str);
        let algorithm = text("alg").ok_or_else(malformed)?;
        let algorithm = algorithm.parse::<Algorithm>().ok();
        let algorithm = algorithm.filter(|it| it.family() != AlgorithmFamily::Hmac);
        let algorithm = algorithm.ok_or(UserInfoErrorKind::AlgorithmNotAllowed)?;
        // Extensions that a verifier must know (RFC 7515, 4.1.11). This one knows none.
        if header.contains_key("crit") {
            return Err(UserInfoErrorKind::UnknownExtension);
        }
        let key_id = text("kid").ok_or(UserInfoErrorKind::MissingKeyId)?;
        Ok(Self {
            algorithm,
            key_id: key_id.to_owned(),
            message: message.as_bytes(),
            signature: decode(signature)?,
            payload,
        })
    }

    /// The payload. Only for a token whose signature is right.
    pub(super) fn payload(&self) -> Result<Zeroizing<Vec<u8>>, UserInfoErrorKind> {
        decode(self.payload)
    }
}

fn decode(part: &str) -> Result<Zeroizing<Vec<u8>>, UserInfoErrorKind> {
    let bytes = URL_SAFE_NO_PAD.decode(part);
    bytes
        .map(Zeroizing::new)
        .map_err(|_| UserInfoErrorKind::Malformed)
}
