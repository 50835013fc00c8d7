//! Which webhooks and callbacks are accepted, and the error of each that is not.

#![allow(clippy::unwrap_used)] // a panic fails the test

use std::time::Duration;

use cobo_auth::{
    Clock, Environment, InboundErrorKind, InboundVerifier, KeyError, ResponseKeys, double_sha256,
};
use ed25519_dalek::{Signer as _, SigningKey};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

const NOW: u64 = 1_795_000_000_000;
const BODY: &[u8] = br#"{"event_id":"e-1","amount":1.10,"note":"a|b"}"#;
const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;

#[derive(Debug)]
struct Fixed(u64);

impl Clock for Fixed {
    fn unix_millis(&self) -> u64 {
        self.0
    }
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[9; 32])
}

fn keys_of(key: &SigningKey) -> ResponseKeys {
    ResponseKeys::from_hex([hex::encode(key.verifying_key()).as_str()]).unwrap()
}

fn verifier() -> InboundVerifier {
    let verifier = InboundVerifier::from_keys(keys_of(&key())).unwrap();
    verifier.with_clock(Fixed(NOW))
}

fn signature_of(key: &SigningKey, body: &[u8], timestamp: &str) -> String {
    let digest = double_sha256([body, b"|", timestamp.as_bytes()]);
    hex::encode(key.sign(&digest).to_bytes())
}

fn headers<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name: HeaderName = name.parse().unwrap();
        headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers
}

/// The headers of a genuine request, with dashes in their names.
fn signed_at(body: &[u8], timestamp: &str) -> HeaderMap {
    headers([
        ("biz-timestamp", timestamp),
        ("biz-resp-signature", &signature_of(&key(), body, timestamp)),
    ])
}

fn signed(body: &[u8]) -> HeaderMap {
    signed_at(body, &NOW.to_string())
}

#[test]
fn recorded_webhook_verifies() {
    let recorded: Value =
        serde_json::from_str(include_str!("../../../tests/vectors/recorded.json")).unwrap();
    let recorded = recorded["vectors"].as_array().unwrap();
    let webhook = recorded
        .iter()
        .find(|vector| vector["op"].as_str().unwrap().starts_with("webhook"))
        .unwrap();
    let text = |name: &str| webhook[name].as_str().unwrap();
    let keys = ResponseKeys::from_hex([text("public_key_hex")]).unwrap();
    let timestamp: u64 = text("timestamp").parse().unwrap();
    let verifier = InboundVerifier::from_keys(keys).unwrap();
    let verifier = verifier.with_clock(Fixed(timestamp + 1_500));
    let (timestamp, signature) = (text("timestamp"), text("signature_hex"));
    for names in [
        ("BIZ-TIMESTAMP", "BIZ-RESP-SIGNATURE"),
        ("BIZ_TIMESTAMP", "BIZ_RESP_SIGNATURE"),
        ("Biz-Timestamp", "Biz-Resp-Signature"),
    ] {
        let headers = headers([(names.0, timestamp), (names.1, signature)]);
        let body = verifier.verify(text("body").as_bytes(), &headers).unwrap();
        assert_eq!(body.age(), Duration::from_millis(1_500));
        let event = body.parse::<Value>().unwrap();
        assert_eq!(event["type"], "wallets.transaction.updated");
        assert_eq!(event["data"]["note"], "é☃");
        assert_eq!(event.age(), body.age());
    }
}

/// Adds the group order to S: the same number, in a form that only lenient verifiers accept.
fn with_larger_s(signature: &str) -> String {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut bytes = hex::decode(signature).unwrap();
    let mut carry = 0;
    for (byte, order) in bytes[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        [*byte, _] = sum.to_le_bytes();
        carry = sum >> 8;
    }
    hex::encode(bytes)
}

/// Requests that are refused: a name, the headers, the body.
fn bad_inputs() -> Vec<(&'static str, HeaderMap, Vec<u8>, InboundErrorKind)> {
    use InboundErrorKind as Kind;

    let now = NOW.to_string();
    let now = now.as_str();
    let signature = signature_of(&key(), BODY, now);
    let signature = signature.as_str();
    let body = || BODY.to_vec();
    let mut inputs = Vec::new();
    let mut add = |name, headers, body, kind| inputs.push((name, headers, body, kind));
    let stamped = |timestamp: &str| {
        headers([
            ("biz-timestamp", timestamp),
            ("biz-resp-signature", signature),
        ])
    };
    let with_signature =
        |signature: &str| headers([("biz-timestamp", now), ("biz-resp-signature", signature)]);
    let more = |name: &'static str, value: &str| {
        let mut headers = signed(BODY);
        headers.append(name, value.parse().unwrap());
        headers
    };

    // Missing.
    add(
        "no header",
        HeaderMap::new(),
        body(),
        Kind::MissingSignature,
    );
    let only = |name, value| headers([(name, value)]);
    add(
        "only a timestamp",
        only("biz-timestamp", now),
        body(),
        Kind::MissingSignature,
    );
    add(
        "only a timestamp, _",
        only("biz_timestamp", now),
        body(),
        Kind::MissingSignature,
    );
    add(
        "only a signature",
        only("biz-resp-signature", signature),
        body(),
        Kind::MissingSignature,
    );
    add(
        "only a signature, _",
        only("biz_resp_signature", signature),
        body(),
        Kind::MissingSignature,
    );
    let request = [("biz-api-nonce", now), ("biz-api-signature", signature)];
    add(
        "headers of a request",
        headers(request),
        body(),
        Kind::MissingSignature,
    );
    let two = [("biz-timestamp", now), ("biz_timestamp", now)];
    add(
        "two timestamps",
        headers(two),
        body(),
        Kind::MissingSignature,
    );

    // Mixed spellings.
    let mixed = [("biz-timestamp", now), ("biz_resp_signature", signature)];
    add("- and _", headers(mixed), body(), Kind::MixedSpellings);
    let mixed = [("biz_timestamp", now), ("biz-resp-signature", signature)];
    add("_ and -", headers(mixed), body(), Kind::MixedSpellings);

    // Twice.
    add(
        "timestamp twice",
        more("biz-timestamp", now),
        body(),
        Kind::DuplicateHeader,
    );
    add(
        "another timestamp",
        more("biz-timestamp", "1"),
        body(),
        Kind::DuplicateHeader,
    );
    add(
        "signature twice",
        more("biz-resp-signature", signature),
        body(),
        Kind::DuplicateHeader,
    );
    add(
        "another signature",
        more("biz-resp-signature", "00"),
        body(),
        Kind::DuplicateHeader,
    );

    // The timestamp.
    for (name, timestamp) in [
        ("bar in the timestamp", "b|1795000000000"),
        ("empty timestamp", ""),
        ("signed number", "+1795000000000"),
        ("negative number", "-1795000000000"),
        ("fraction", "1795000000000.0"),
        ("exponent", "1.795e12"),
        ("hexadecimal", "0x1a1e"),
        ("beyond 64 bits", "99999999999999999999"),
        ("date", "Fri, 20 Nov 2026 10:00:00 GMT"),
        ("list", "1795000000000, 1795000000000"),
        ("other digits", "１７９５０００００００００"),
    ] {
        add(name, stamped(timestamp), body(), Kind::MalformedTimestamp);
    }
    add(
        "another millisecond",
        stamped("1795000000001"),
        body(),
        Kind::WrongSignature,
    );
    add(
        "leading zero",
        stamped("01795000000000"),
        body(),
        Kind::WrongSignature,
    );

    // The signature.
    for (name, signature) in [
        ("empty signature", String::new()),
        ("short", signature[..126].to_owned()),
        ("odd", signature[..127].to_owned()),
        ("long", format!("{signature}00")),
        ("not hexadecimal", format!("{}zz", &signature[..126])),
        ("prefix", format!("0x{signature}")),
        ("base64", "A".repeat(86) + "=="),
        ("list", format!("{signature},{signature}")),
    ] {
        add(
            name,
            with_signature(&signature),
            body(),
            Kind::MalformedSignature,
        );
    }
    let other = signature_of(&SigningKey::from_bytes(&[8; 32]), BODY, now);
    let small_order = format!("01{}{}", "00".repeat(31), &signature[64..]);
    for (name, signature) in [
        ("all zero", "00".repeat(64)),
        ("by another key", other),
        ("non-canonical S", with_larger_s(signature)),
        ("R of small order", small_order),
        (
            "halves exchanged",
            format!("{}{}", &signature[64..], &signature[..64]),
        ),
        ("one SHA-256", {
            use sha2::Digest as _;
            let digest = sha2::Sha256::digest([BODY, b"|", now.as_bytes()].concat());
            hex::encode(key().sign(&digest).to_bytes())
        }),
    ] {
        add(
            name,
            with_signature(&signature),
            body(),
            Kind::WrongSignature,
        );
    }

    // The body.
    let text = String::from_utf8(body()).unwrap();
    for (name, body) in [
        ("truncated", BODY[..BODY.len() - 1].to_vec()),
        ("empty", Vec::new()),
        ("one more byte", [BODY, b" "].concat()),
        ("BOM", [b"\xef\xbb\xbf", BODY].concat()),
        (
            "UTF-16",
            text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        ),
        ("written again", text.replace("1.10", "1.1").into_bytes()),
        (
            "chunks as sent",
            [b"2d\r\n", BODY, b"\r\n0\r\n\r\n"].concat(),
        ),
        ("cut at the bar", BODY[..38].to_vec()),
    ] {
        add(name, signed(BODY), body, Kind::WrongSignature);
    }
    add(
        "gzip",
        more("content-encoding", "gzip"),
        body(),
        Kind::ContentEncoding,
    );
    add(
        "two encodings",
        more("content-encoding", "identity, br"),
        body(),
        Kind::ContentEncoding,
    );
    let large = vec![b' '; 1024 * 1024 + 1];
    add("too large", signed(&large), large, Kind::BodyTooLarge);

    // The time.
    let at = |millis: u64| signed_at(BODY, &millis.to_string());
    add("too old", at(NOW - 24 * HOUR - 1), body(), Kind::TooOld);
    add("1970", at(0), body(), Kind::TooOld);
    add("seconds", at(NOW / 1000), body(), Kind::TooOld);
    add(
        "in the future",
        at(NOW + 5 * MINUTE + 1),
        body(),
        Kind::InFuture,
    );
    add("microseconds", at(NOW * 1000), body(), Kind::InFuture);
    add("largest number", at(u64::MAX), body(), Kind::InFuture);
    inputs
}

#[test]
fn each_bad_input_has_its_own_error() {
    let inputs = bad_inputs();
    assert!(inputs.len() >= 40, "{}", inputs.len());
    assert!(verifier().verify(BODY, &signed(BODY)).is_ok());
    for (name, headers, body, kind) in inputs {
        let error = verifier().verify(&body, &headers).unwrap_err();
        assert_eq!(error.kind(), kind, "{name}: {error}");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("event_id"), "{name}: {shown}");
    }
}

/// The second spelling cannot repair or spoil the first.
#[test]
fn pair_with_dashes_decides_if_both_are_there() {
    let now = NOW.to_string();
    let good = signature_of(&key(), BODY, &now);
    let bad = "00".repeat(64);
    let both = |dashes: &str, underscores: &str| {
        headers([
            ("biz-timestamp", now.as_str()),
            ("biz-resp-signature", dashes),
            ("biz_timestamp", now.as_str()),
            ("biz_resp_signature", underscores),
        ])
    };
    assert!(verifier().verify(BODY, &both(&good, &bad)).is_ok());
    let error = verifier().verify(BODY, &both(&bad, &good)).unwrap_err();
    assert_eq!(error.kind(), InboundErrorKind::WrongSignature);
}

#[test]
fn genuine_body_that_does_not_decode_is_refused_without_a_value() {
    let undecodable = |body: &[u8]| {
        let verified = verifier().verify(body, &signed(body)).unwrap();
        let error = verified.parse::<std::collections::HashMap<String, u8>>();
        let error = error.unwrap_err();
        assert_eq!(error.kind(), InboundErrorKind::Undecodable);
        assert_eq!(
            (error.status().as_u16(), error.public_text()),
            (400, "malformed body")
        );
        error.to_string()
    };
    let utf16: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for body in [
        b"".as_slice(),
        b"{",
        b"ok",
        &utf16,
        b"{\"a\":\"\xe9\"}",
        b"[]",
    ] {
        undecodable(body);
    }
    let shown = undecodable(br#"{"a":"hunter2"}"#);
    assert!(shown.contains("a: expected an integer"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn tolerance_includes_its_limits() {
    let refused = |verifier: &InboundVerifier, timestamp: u64| {
        let headers = signed_at(BODY, &timestamp.to_string());
        verifier
            .verify(BODY, &headers)
            .err()
            .map(|error| error.kind())
    };
    let default = verifier();
    assert_eq!(refused(&default, NOW - 24 * HOUR), None);
    assert_eq!(refused(&default, NOW + 5 * MINUTE), None);
    let strict = default.with_tolerance(Duration::ZERO, Duration::from_millis(10));
    assert_eq!(refused(&strict, NOW), None);
    assert_eq!(refused(&strict, NOW - 10), None);
    assert_eq!(refused(&strict, NOW - 11), Some(InboundErrorKind::TooOld));
    assert_eq!(refused(&strict, NOW + 1), Some(InboundErrorKind::InFuture));
}

#[test]
fn age_of_a_signature_from_the_future_is_zero() {
    let headers = signed_at(BODY, &(NOW + MINUTE).to_string());
    let body = verifier().verify(BODY, &headers).unwrap();
    assert_eq!(body.age(), Duration::ZERO);
    assert_eq!(body.timestamp_millis(), NOW + MINUTE);
    assert_eq!(&body[..], BODY);
}

#[test]
fn each_kind_has_a_status_and_a_text_without_detail() {
    for (name, headers, body, kind) in bad_inputs() {
        let error = verifier().verify(&body, &headers).unwrap_err();
        let status = match kind {
            InboundErrorKind::MissingSignature
            | InboundErrorKind::MixedSpellings
            | InboundErrorKind::WrongSignature => 401,
            InboundErrorKind::BodyTooLarge => 413,
            InboundErrorKind::TooOld | InboundErrorKind::InFuture => 503,
            _ => 400,
        };
        assert_eq!(error.status().as_u16(), status, "{name}");
        assert!(error.public_text().len() < 40, "{name}");
        assert!(!error.public_text().contains("clock"), "{name}");
    }
}

#[test]
fn environment_without_keys_is_refused() {
    let environment =
        Environment::custom("https://h.example/v2", ResponseKeys::unverified()).unwrap();
    let error = InboundVerifier::new(&environment).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("cannot be verified without keys"),
        "{error}"
    );
    assert!(InboundVerifier::new(&Environment::production()).is_ok());
}

#[test]
fn key_of_small_order_is_refused() {
    let identity = format!("01{}", "00".repeat(31));
    let error = ResponseKeys::from_hex([identity.as_str()]).unwrap_err();
    assert_eq!(error, KeyError::NotAPublicKey);
}

#[test]
fn any_of_several_keys_is_enough() {
    let other = SigningKey::from_bytes(&[8; 32]);
    let hex = [&other, &key()].map(|key| hex::encode(key.verifying_key()));
    let keys = ResponseKeys::from_hex(hex.iter().map(String::as_str)).unwrap();
    let verifier = InboundVerifier::from_keys(keys)
        .unwrap()
        .with_clock(Fixed(NOW));
    assert!(verifier.verify(BODY, &signed(BODY)).is_ok());
}
