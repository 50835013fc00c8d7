use std::fmt;

use ed25519_dalek::{Signature, VerifyingKey};
use http::HeaderMap;
use sha2::{Digest as _, Sha256};

use crate::keys::error::KeyError;
use crate::sign::message::double_sha256;

/// The public keys that may sign a response: Cobo's, or those of a test server.
///
/// During a key rotation there are several: a signature by any of them is accepted.
#[derive(Clone)]
pub struct ResponseKeys(Option<Vec<VerifyingKey>>);

impl ResponseKeys {
    /// Parses public keys, each of 64 hexadecimal digits.
    ///
    /// # Errors
    ///
    /// A text is not a valid key, or `keys` is empty. [`KeyError`] says what is wrong.
    ///
    /// ```
    /// use cobo_auth::ResponseKeys;
    ///
    /// let key = "8d4a482641adb2a34b726f05827dba9a9653e5857469b8749052bf4458a86729";
    /// let keys = ResponseKeys::from_hex([key])?;
    /// assert!(ResponseKeys::from_hex(["8d4a"]).is_err());
    /// # Ok::<(), cobo_auth::KeyError>(())
    /// ```
    pub fn from_hex<'a>(keys: impl IntoIterator<Item = &'a str>) -> Result<Self, KeyError> {
        let keys = keys
            .into_iter()
            .map(|key| {
                let key = key.trim();
                if let Some(position) = key.bytes().position(|byte| !byte.is_ascii_hexdigit()) {
                    return Err(KeyError::NotHex { position });
                }
                let mut bytes = [0; 32];
                hex::decode_to_slice(key, &mut bytes)
                    .map_err(|_| KeyError::Length { digits: key.len() })?;
                verifying_key(&bytes).ok_or(KeyError::NotAPublicKey)
            })
            .collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() {
            return Err(KeyError::Length { digits: 0 });
        }
        Ok(Self(Some(keys)))
    }

    /// Returns no keys: responses are not verified. Only TLS then shows that a response is from
    /// Cobo.
    pub fn unverified() -> Self {
        Self(None)
    }

    /// A key that is part of this crate. A test checks that each of them is valid.
    pub(crate) fn trusted(key: [u8; 32]) -> Self {
        Self(Some(verifying_key(&key).into_iter().collect()))
    }

    /// Returns a short name for each key: the first 8 bytes of its SHA-256, as 16 hexadecimal
    /// digits. Empty for [`unverified`](Self::unverified).
    ///
    /// If two environments have a fingerprint in common, they trust the same key. Fingerprints are
    /// not secret.
    ///
    /// ```
    /// use cobo_auth::{Environment, ResponseKeys};
    ///
    /// let production = Environment::production().response_keys().fingerprints();
    /// assert_eq!(production.len(), 1);
    /// assert_ne!(production, Environment::development().response_keys().fingerprints());
    /// assert!(ResponseKeys::unverified().fingerprints().is_empty());
    /// ```
    pub fn fingerprints(&self) -> Vec<String> {
        let keys = self.0.iter().flatten();
        keys.map(|key| hex::encode(&Sha256::digest(key.as_bytes())[..8]))
            .collect()
    }

    /// The keys, sorted and without duplicates, to compare sets of keys. `None` if responses are
    /// not verified.
    pub(crate) fn identity(&self) -> Option<Vec<[u8; 32]>> {
        let mut keys: Vec<_> = self
            .0
            .as_ref()?
            .iter()
            .map(VerifyingKey::to_bytes)
            .collect();
        keys.sort_unstable();
        keys.dedup();
        Some(keys)
    }

    #[cfg(test)]
    pub(crate) fn usable(&self) -> bool {
        self.0.as_ref().is_none_or(|keys| !keys.is_empty())
    }

    /// Whether there are keys to verify with.
    pub(crate) fn can_verify(&self) -> bool {
        self.0.is_some()
    }

    /// Checks that the signature headers are there and well formed, without a body. Returns the
    /// timestamp in Unix milliseconds, which is not verified.
    pub(crate) fn check_headers(&self, headers: &HeaderMap) -> Result<u64, SignatureError> {
        self.0.as_ref().ok_or(SignatureError::NoKeys)?;
        Signed::parse(headers).map(|signed| signed.millis)
    }

    /// Checks the signature of a response, a webhook or a callback, given its body as received and
    /// its headers. Returns the timestamp of the signature, in Unix milliseconds.
    pub(crate) fn verify(&self, body: &[u8], headers: &HeaderMap) -> Result<u64, SignatureError> {
        let keys = self.0.as_ref().ok_or(SignatureError::NoKeys)?;
        let Signed {
            timestamp,
            millis,
            signature,
        } = Signed::parse(headers)?;
        let digest = double_sha256([body, b"|", timestamp]);
        // `verify_strict` refuses signatures that only some verifiers accept.
        keys.iter()
            .any(|key| key.verify_strict(&digest, &signature).is_ok())
            .then_some(millis)
            .ok_or(SignatureError::Wrong)
    }
}

/// The signature headers of a message.
struct Signed<'a> {
    timestamp: &'a [u8],
    /// The same, in Unix milliseconds.
    millis: u64,
    signature: Signature,
}

impl<'a> Signed<'a> {
    fn parse(headers: &'a HeaderMap) -> Result<Self, SignatureError> {
        let (timestamp, signature) = signature_headers(headers)?;
        // Digits only: if `|` were allowed, the end of a body could be moved into the timestamp.
        let millis = millis(timestamp).ok_or(SignatureError::MalformedTimestamp)?;
        let mut bytes = [0; 64];
        hex::decode_to_slice(signature, &mut bytes)
            .map_err(|_| SignatureError::MalformedSignature)?;
        Ok(Self {
            timestamp,
            millis,
            signature: Signature::from_bytes(&bytes),
        })
    }
}

/// Why a body is not proven to be from Cobo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignatureError {
    /// There are no keys to check a signature with.
    NoKeys,
    /// The timestamp, the signature or both are missing.
    Missing,
    /// The timestamp is there in one spelling, and the signature in the other.
    MixedSpellings,
    /// The header appears more than once.
    Duplicate(&'static str),
    /// The timestamp is not a number of milliseconds.
    MalformedTimestamp,
    /// The signature does not have 128 hexadecimal digits.
    MalformedSignature,
    /// The signature was made by another key, or for other bytes.
    Wrong,
}

impl fmt::Debug for ResponseKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => f.write_str("ResponseKeys(unverified)"),
            Some(keys) => {
                let hex: Vec<_> = keys.iter().map(|key| hex::encode(key.as_bytes())).collect();
                write!(f, "ResponseKeys({})", hex.join(", "))
            }
        }
    }
}

fn millis(timestamp: &[u8]) -> Option<u64> {
    let digits = timestamp.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(timestamp).ok().filter(|_| digits)?;
    text.parse().ok()
}

/// Parses a public key. Refuses points of small order: anyone could make signatures that verify
/// with them.
fn verifying_key(bytes: &[u8; 32]) -> Option<VerifyingKey> {
    VerifyingKey::from_bytes(bytes)
        .ok()
        .filter(|key| !key.is_weak())
}

/// Both spellings of the names of the timestamp and the signature.
const SPELLINGS: [(&str, &str); 2] = [
    ("biz-timestamp", "biz-resp-signature"),
    ("biz_timestamp", "biz_resp_signature"),
];

/// The timestamp and the signature headers, both in the same spelling.
///
/// Cobo sends both spellings. The two headers of a pair must have the same spelling, and none of
/// them may appear twice.
fn signature_headers(headers: &HeaderMap) -> Result<(&[u8], &[u8]), SignatureError> {
    for (timestamp, signature) in SPELLINGS {
        if headers.contains_key(timestamp) && headers.contains_key(signature) {
            return Ok((once(headers, timestamp)?, once(headers, signature)?));
        }
    }
    let has_any = |name: fn(&(&'static str, &'static str)) -> &'static str| {
        SPELLINGS
            .iter()
            .any(|pair| headers.contains_key(name(pair)))
    };
    if has_any(|pair| pair.0) && has_any(|pair| pair.1) {
        return Err(SignatureError::MixedSpellings);
    }
    Err(SignatureError::Missing)
}

fn once<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a [u8], SignatureError> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => Ok(value.as_bytes()),
        (None, _) => Err(SignatureError::Missing),
        (Some(_), Some(_)) => Err(SignatureError::Duplicate(name)),
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer as _, SigningKey};

    use super::*;

    const BODY: &[u8] = br#"{"access_token":"x"}"#;

    const SIGNED: Result<u64, SignatureError> = Ok(1_718_587_017_026);

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[7; 32])
    }

    fn keys() -> ResponseKeys {
        ResponseKeys::trusted(key().verifying_key().to_bytes())
    }

    fn signed(spelling: fn(&str) -> String, body: &[u8]) -> HeaderMap {
        let timestamp = "1718587017026";
        let digest = double_sha256([body, b"|", timestamp.as_bytes()]);
        let signature = hex::encode(key().sign(&digest).to_bytes());
        [
            ("biz-timestamp", timestamp),
            ("biz-resp-signature", &signature),
        ]
        .into_iter()
        .map(|(name, value)| {
            let name: http::HeaderName = spelling(name).parse().unwrap();
            (name, value.parse().unwrap())
        })
        .collect()
    }

    fn dashes(name: &str) -> String {
        name.to_owned()
    }

    fn underscores(name: &str) -> String {
        name.replace('-', "_")
    }

    #[test]
    fn signature_headers_with_dashes_or_underscores_verify() {
        assert_eq!(keys().verify(BODY, &signed(dashes, BODY)), SIGNED);
        assert_eq!(keys().verify(BODY, &signed(underscores, BODY)), SIGNED);
    }

    #[test]
    fn changed_body_timestamp_or_signature_does_not_verify() {
        let headers = signed(dashes, BODY);
        assert_eq!(keys().verify(b"{}", &headers), Err(SignatureError::Wrong));
        assert_eq!(
            keys().verify(&BODY[1..], &headers),
            Err(SignatureError::Wrong)
        );

        let mut later = headers.clone();
        later.insert("biz-timestamp", "1718587017027".parse().unwrap());
        assert_eq!(keys().verify(BODY, &later), Err(SignatureError::Wrong));

        let mut short = headers.clone();
        short.insert("biz-resp-signature", "ab".parse().unwrap());
        assert_eq!(
            keys().verify(BODY, &short),
            Err(SignatureError::MalformedSignature)
        );

        let mut twice = headers.clone();
        twice.append("biz-timestamp", "1718587017026".parse().unwrap());
        assert_eq!(
            keys().verify(BODY, &twice),
            Err(SignatureError::Duplicate("biz-timestamp"))
        );

        let other =
            ResponseKeys::trusted(SigningKey::from_bytes(&[8; 32]).verifying_key().to_bytes());
        assert_eq!(other.verify(BODY, &headers), Err(SignatureError::Wrong));
    }

    #[test]
    fn timestamp_with_body_text_after_a_bar_is_malformed() {
        let mut headers = signed(dashes, b"ok|deny");
        assert_eq!(keys().verify(b"ok|deny", &headers), SIGNED);
        headers.insert("biz-timestamp", "deny|1718587017026".parse().unwrap());
        assert_eq!(
            keys().verify(b"ok", &headers),
            Err(SignatureError::MalformedTimestamp)
        );
        for timestamp in [
            "+1718587017026",
            "",
            "1718587017026.0",
            "99999999999999999999",
        ] {
            headers.insert("biz-timestamp", timestamp.parse().unwrap());
            assert_eq!(
                keys().verify(b"ok|deny", &headers),
                Err(SignatureError::MalformedTimestamp)
            );
        }
    }

    #[test]
    fn response_signature_by_any_configured_key_verifies() {
        let hex = |seed| {
            hex::encode(
                SigningKey::from_bytes(&[seed; 32])
                    .verifying_key()
                    .as_bytes(),
            )
        };
        let both = ResponseKeys::from_hex([hex(8).as_str(), hex(7).as_str()]).unwrap();
        assert_eq!(both.verify(BODY, &signed(dashes, BODY)), SIGNED);
    }

    #[test]
    fn each_key_has_the_first_8_bytes_of_its_sha256_as_fingerprint() {
        let hex = |seed| hex::encode(SigningKey::from_bytes(&[seed; 32]).verifying_key());
        let (one, other) = (hex(7), hex(8));
        let both = ResponseKeys::from_hex([one.as_str(), other.as_str()]).unwrap();
        let alone = ResponseKeys::from_hex([other.as_str()]).unwrap();
        let digest = hex::encode(Sha256::digest(hex::decode(&one).unwrap()));
        assert_eq!(both.fingerprints()[0], digest[..16]);
        assert_eq!(both.fingerprints()[1], alone.fingerprints()[0]);
    }

    #[test]
    fn signature_without_a_timestamp_is_missing() {
        let mut headers = signed(dashes, BODY);
        headers.remove("biz-timestamp");
        assert_eq!(keys().verify(BODY, &headers), Err(SignatureError::Missing));
        assert_eq!(
            keys().verify(BODY, &HeaderMap::new()),
            Err(SignatureError::Missing)
        );
        let unverified = ResponseKeys::unverified();
        assert_eq!(
            unverified.verify(BODY, &HeaderMap::new()),
            Err(SignatureError::NoKeys)
        );
    }

    #[test]
    fn small_order_or_empty_response_key_set_is_refused() {
        let identity = format!("01{}", "00".repeat(31));
        assert_eq!(
            ResponseKeys::from_hex([identity.as_str()]).unwrap_err(),
            KeyError::NotAPublicKey
        );
        assert!(ResponseKeys::from_hex([]).is_err());
    }
}
