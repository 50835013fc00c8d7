//! Which response signatures are accepted: strict Ed25519, and one spelling of both headers.

use std::time::Duration;

use cobo_auth::{InboundErrorKind, InboundVerifier, KeyError, ResponseKeys, double_sha256};
use cobo_tests::canned;
use ed25519_dalek::{Signature, Signer as _, Verifier as _};
use http::{HeaderMap, HeaderName, HeaderValue};

const BODY: &[u8] = b"{}";
const TIMESTAMP: &str = "1718587017026";
const SIGNED: Result<u64, InboundErrorKind> = Ok(1_718_587_017_026);

/// The timestamp, or why the body is refused. At any time.
fn verify(headers: &HeaderMap) -> Result<u64, InboundErrorKind> {
    let key = hex::encode(canned::response_key().verifying_key().as_bytes());
    let keys = ResponseKeys::from_hex([key.as_str()]).unwrap();
    let verifier = InboundVerifier::from_keys(keys).unwrap();
    let verified = verifier
        .with_tolerance(Duration::MAX, Duration::MAX)
        .verify(BODY, headers);
    verified
        .map(|body| body.timestamp_millis())
        .map_err(|error| error.kind())
}

fn digest(timestamp: &str) -> [u8; 32] {
    double_sha256([BODY, b"|", timestamp.as_bytes()])
}

fn signature(timestamp: &str) -> String {
    hex::encode(canned::response_key().sign(&digest(timestamp)).to_bytes())
}

fn headers(headers: &[(&str, &str)]) -> HeaderMap {
    let headers = headers.iter().map(|(name, value)| {
        let name: HeaderName = name.parse().unwrap();
        (name, HeaderValue::from_str(value).unwrap())
    });
    headers.collect()
}

/// With a point of small order as R, one signature can be valid for several verifiers and invalid
/// for others (RFC 8032 leaves that open). This one has the neutral element as R, and
/// S = SHA-512(R, A, digest) * a, where a is the private scalar and A the public key.
#[test]
fn signature_accepted_only_by_lenient_verifiers_is_rejected() {
    let lenient = "0100000000000000000000000000000000000000000000000000000000000000\
                   00f9c36d7ff68b97329308d330c7c6f65703250fb517d2f1a405207fe83bdf09";
    let mut bytes = [0; 64];
    hex::decode_to_slice(lenient, &mut bytes).unwrap();
    let key = canned::response_key().verifying_key();
    let accepted = key.verify(&digest(TIMESTAMP), &Signature::from_bytes(&bytes));
    assert!(accepted.is_ok(), "a lenient verifier accepts it");

    let headers = headers(&[
        ("biz-timestamp", TIMESTAMP),
        ("biz-resp-signature", lenient),
    ]);
    assert_eq!(verify(&headers), Err(InboundErrorKind::WrongSignature));
}

/// The eight points of small order and their other encodings: anyone can sign for such a key.
#[test]
fn public_key_of_small_order_is_refused() {
    for (first, middle, last) in [
        ("01", "00", "00"),
        ("01", "00", "80"),
        ("00", "00", "00"),
        ("00", "00", "80"),
        ("ec", "ff", "7f"),
        ("ec", "ff", "ff"),
        ("ed", "ff", "7f"),
        ("ed", "ff", "ff"),
        ("ee", "ff", "7f"),
        ("ee", "ff", "ff"),
    ] {
        let key = format!("{first}{}{last}", middle.repeat(30));
        assert_refused(&key);
    }
    for key in [
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    ] {
        assert_refused(key);
    }
}

fn assert_refused(key: &str) {
    let refused = ResponseKeys::from_hex([key]).unwrap_err();
    assert_eq!(refused, KeyError::NotAPublicKey, "{key}");
}

#[test]
fn timestamp_and_signature_headers_in_different_spellings_are_rejected() {
    let signature = signature(TIMESTAMP);
    let signature = signature.as_str();
    for [timestamp, other] in [
        ["biz-timestamp", "biz_resp_signature"],
        ["biz_timestamp", "biz-resp-signature"],
    ] {
        let mixed = headers(&[(timestamp, TIMESTAMP), (other, signature)]);
        assert_eq!(verify(&mixed), Err(InboundErrorKind::MixedSpellings));
    }
    for [timestamp, same] in [
        ["biz-timestamp", "biz-resp-signature"],
        ["biz_timestamp", "biz_resp_signature"],
    ] {
        let whole = headers(&[(timestamp, TIMESTAMP), (same, signature)]);
        assert_eq!(verify(&whole), SIGNED);
    }
}

#[test]
fn signature_is_verified_with_the_timestamp_header_of_the_same_spelling() {
    let earlier = "1718587017025";
    let both = headers(&[
        ("biz-timestamp", TIMESTAMP),
        ("biz-resp-signature", &signature(TIMESTAMP)),
        ("biz_timestamp", earlier),
        ("biz_resp_signature", &signature(earlier)),
    ]);
    assert_eq!(verify(&both), SIGNED);

    let crossed = headers(&[
        ("biz-timestamp", TIMESTAMP),
        ("biz-resp-signature", &signature(earlier)),
        ("biz_timestamp", earlier),
        ("biz_resp_signature", &signature(TIMESTAMP)),
    ]);
    assert_eq!(verify(&crossed), Err(InboundErrorKind::WrongSignature));
}
