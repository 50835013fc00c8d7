//! Requests that are refused.

use cobo_auth::{InboundErrorKind, double_sha256};
use ed25519_dalek::{Signer as _, SigningKey};
use http::HeaderMap;

use super::signing::{BODY, HOUR, MINUTE, NOW, headers, key, signature_of, signed, signed_at};

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

/// A genuine key's signature of these bytes in place of the body, `|` and the timestamp.
fn signed_parts<const N: usize>(parts: [&[u8]; N]) -> String {
    hex::encode(key().sign(&double_sha256(parts)).to_bytes())
}

/// Requests that are refused: a name, the headers, the body.
pub(crate) fn bad_inputs() -> Vec<(&'static str, HeaderMap, Vec<u8>, InboundErrorKind)> {
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

    let other = [("x-timestamp", now), ("x-resp-signature", signature)];
    add(
        "other names",
        headers(other),
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
    let twice = [
        ("biz_timestamp", now),
        ("biz_timestamp", now),
        ("biz_resp_signature", signature),
    ];
    add(
        "timestamp twice, _",
        headers(twice),
        body(),
        Kind::DuplicateHeader,
    );
    let twice = [
        ("biz_timestamp", now),
        ("biz_resp_signature", signature),
        ("biz_resp_signature", signature),
    ];
    add(
        "signature twice, _",
        headers(twice),
        body(),
        Kind::DuplicateHeader,
    );

    // The timestamp.
    for (name, timestamp) in [
        ("bar before the timestamp", "b|1795000000000"),
        ("bar after the timestamp", "1795000000000|"),
        ("space in the timestamp", "1795000 000000"),
        ("tab in the timestamp", "1795000\t000000"),
        ("not a number", "NaN"),
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
        (
            "space",
            format!("{} {}", &signature[..64], &signature[65..]),
        ),
        ("other letters", "é".repeat(64)),
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
        ("identity", format!("01{}", "00".repeat(63))),
        (
            "S is zero",
            format!("{}{}", &signature[..64], "00".repeat(32)),
        ),
        (
            "halves exchanged",
            format!("{}{}", &signature[64..], &signature[..64]),
        ),
        ("one SHA-256", {
            use sha2::Digest as _;
            let digest = sha2::Sha256::digest([BODY, b"|", now.as_bytes()].concat());
            hex::encode(key().sign(&digest).to_bytes())
        }),
        ("no digest", {
            let message = [BODY, b"|", now.as_bytes()].concat();
            hex::encode(key().sign(&message).to_bytes())
        }),
        ("no bar", signed_parts([BODY, now.as_bytes()])),
        (
            "timestamp first",
            signed_parts([now.as_bytes(), b"|", BODY]),
        ),
        (
            "a request's message",
            signed_parts([b"POST|/webhook|", now.as_bytes(), b"||", BODY]),
        ),
        ("only the body", signed_parts([BODY])),
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
            [
                format!("{:x}\r\n", BODY.len()).as_bytes(),
                BODY,
                b"\r\n0\r\n\r\n",
            ]
            .concat(),
        ),
        ("cut at the bar", text.split('|').next().unwrap().into()),
        ("Latin-1", [&BODY[..BODY.len() - 3], b"\xe9\"}"].concat()),
        (
            "gzip without its header",
            [b"\x1f\x8b\x08\0", BODY].concat(),
        ),
        ("a NUL", [BODY, b"\0"].concat()),
        ("lower case", text.to_lowercase().into_bytes()),
        ("twice", [BODY, BODY].concat()),
        ("a form", b"payload=%7B%7D".to_vec()),
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
        "deflate",
        more("content-encoding", "deflate"),
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
