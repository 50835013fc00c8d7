//! Properties that hold for any input bytes. The fuzz targets and the stored corpus check them.

mod inbound;
mod user_info;

use std::time::Duration;

use cobo_auth::{ErrorBody, InboundVerifier, ResponseKeys, SecretKey, canonicalize};
use ed25519_dalek::Signer as _;
use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

pub use inbound::{callback_decoding, event_decoding, inbound_headers};
pub use user_info::user_info_token;

/// A property of any bytes. It panics if it does not hold.
pub type Property = fn(&[u8]);

/// All properties, with the name of their fuzz target and corpus folder.
pub const ALL: [(&str, Property); 8] = [
    ("canonical_target", canonical_target),
    ("key_parsing", key_parsing),
    ("response_verification", response_verification),
    ("error_decoding", error_decoding),
    ("inbound_headers", inbound_headers),
    ("event_decoding", event_decoding),
    ("callback_decoding", callback_decoding),
    ("user_info_token", user_info_token),
];

/// The canonical form is a fixed point, is pure ASCII, and has no empty value and no repeated key.
pub fn canonical_target(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(mut url) = Url::parse("https://api.cobo.com/v2/").and_then(|base| base.join(&text))
    else {
        return;
    };
    if canonicalize(&mut url).is_err() {
        return;
    }
    let once = url.clone();
    canonicalize(&mut url).unwrap();
    assert_eq!(url, once);
    assert!(url.fragment().is_none() && url.as_str().is_ascii());
    let Some(query) = url.query() else {
        return;
    };
    assert!(!query.is_empty());
    let pairs: Vec<_> = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap())
        .collect();
    assert!(pairs.iter().all(|(_, value)| !value.is_empty()));
    let decoded: Vec<Vec<u8>> = pairs
        .iter()
        .map(|(name, _)| percent_encoding::percent_decode_str(&name.replace('+', " ")).collect())
        .collect();
    assert!(decoded.is_sorted_by(|a, b| a < b));
}

/// An invalid key is an error that does not contain the input.
pub fn key_parsing(data: &[u8]) {
    let check = |result: Result<SecretKey, cobo_auth::KeyError>| match result {
        Ok(key) => assert_eq!(format!("{key:?}"), "SecretKey(REDACTED)"),
        Err(error) => {
            let shown = format!("{error} {error:?}");
            assert_silent(&shown, data, 32);
        }
    };
    check(SecretKey::from_der(data));
    if let Ok(text) = std::str::from_utf8(data) {
        check(SecretKey::from_hex(text));
        check(SecretKey::from_pem(text));
    }
}

/// A signature is valid only for the exact bytes and timestamp that were signed.
///
/// The data are a body, and changes to it, to the timestamp, and to the boundary between them.
pub fn response_verification(data: &[u8]) {
    let key = crate::canned::response_key();
    let keys = hex::encode(key.verifying_key().as_bytes());
    let keys = ResponseKeys::from_hex([keys.as_str()]).unwrap();
    let verifier = InboundVerifier::from_keys(keys).unwrap();
    let verifier = verifier.with_tolerance(Duration::MAX, Duration::MAX);
    let mut parts = data.splitn(3, |byte| *byte == b'\n');
    let mut next = || parts.next().unwrap_or_default();
    let (body, other_body, other_timestamp) = (next(), next(), next());
    let timestamp: &[u8] = b"1718587017026";
    let digest = cobo_auth::double_sha256([body, b"|", timestamp]);
    let signature = hex::encode(key.sign(&digest).to_bytes());
    let verify = |body: &[u8], timestamp: &[u8], signature: &[u8]| {
        let headers: Option<HeaderMap> = [
            ("biz-timestamp", timestamp),
            ("biz-resp-signature", signature),
        ]
        .into_iter()
        .map(|(name, value)| {
            let value = HeaderValue::from_bytes(value).ok()?;
            Some((HeaderName::from_static(name), value))
        })
        .collect();
        headers.is_some_and(|headers| verifier.verify(body, &headers).is_ok())
    };
    assert!(verify(body, timestamp, signature.as_bytes()));
    let same = other_body == body && other_timestamp == timestamp;
    assert_eq!(
        verify(other_body, other_timestamp, signature.as_bytes()),
        same
    );
    assert_eq!(
        verify(other_body, timestamp, signature.as_bytes()),
        other_body == body
    );
    assert!(!verify(body, timestamp, other_body));
    // Cut the body at each bar, and claim that the rest belongs to the timestamp.
    for (place, _) in body.iter().enumerate().filter(|(_, byte)| **byte == b'|') {
        let rest = [&body[place + 1..], b"|", timestamp].concat();
        assert!(!verify(&body[..place], &rest, signature.as_bytes()));
    }
}

/// The free text in an error body never changes the texts that are made of the error.
pub fn error_decoding(data: &[u8]) {
    let Some(body) = ErrorBody::parse(data) else {
        return;
    };
    let silent = match body.clone() {
        ErrorBody::Api { code, id, .. } => ErrorBody::Api {
            code,
            id,
            message: String::new(),
        },
        ErrorBody::OAuth { error, .. } => ErrorBody::OAuth {
            error,
            description: String::new(),
        },
        other => other,
    };
    let shown = format!("{body} {body:?}");
    assert_eq!(shown, format!("{silent} {silent:?}"));
    assert!(
        shown
            .chars()
            .all(|char| char == ' ' || char.is_ascii_graphic())
    );
}

/// Asserts that a text shows the start of no word of the input that has `long` bytes or more, which is
/// longer than any word of an error text.
fn assert_silent(shown: &str, data: &[u8], long: usize) {
    let words = data.split(|byte| !byte.is_ascii_graphic());
    for word in words.filter(|word| word.len() >= long) {
        let start = String::from_utf8_lossy(&word[..long]);
        assert!(!shown.contains(start.as_ref()), "{shown}");
    }
}
