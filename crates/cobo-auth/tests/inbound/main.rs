//! Which webhooks and callbacks are accepted, and the error of each that is not.

#![allow(clippy::unwrap_used)] // a panic fails the test

mod bad_inputs;
mod signing;

use std::time::Duration;

use bad_inputs::bad_inputs;
use cobo_auth::{Environment, InboundErrorKind, InboundVerifier, KeyError, ResponseKeys};
use ed25519_dalek::SigningKey;
use serde_json::Value;
use signing::{
    BODY, FixedClock, HOUR, MINUTE, NOW, headers, key, signature_of, signed, signed_at, verifier,
};

#[test]
fn recorded_webhook_verifies() {
    let recorded: Value =
        serde_json::from_str(include_str!("../../../../tests/vectors/recorded.json")).unwrap();
    let recorded = recorded["vectors"].as_array().unwrap();
    let webhook = recorded
        .iter()
        .find(|vector| vector["op"].as_str().unwrap().starts_with("webhook"))
        .unwrap();
    let text = |name: &str| webhook[name].as_str().unwrap();
    let keys = ResponseKeys::from_hex([text("public_key_hex")]).unwrap();
    let timestamp: u64 = text("timestamp").parse().unwrap();
    let verifier = InboundVerifier::from_keys(keys).unwrap();
    let verifier = verifier.with_clock(FixedClock(timestamp + 1_500));
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

#[test]
fn each_invalid_webhook_request_has_a_specific_error_kind() {
    let inputs = bad_inputs();
    assert!(inputs.len() >= 40, "{}", inputs.len());
    assert!(verifier().verify(BODY, &signed(BODY)).is_ok());
    for (name, headers, body, kind) in inputs {
        let error = verifier().verify(&body, &headers).unwrap_err();
        assert_eq!(error.kind(), kind, "{name}: {error}");
        // Without the body, every error is found that the headers alone decide.
        let needs_body = matches!(
            kind,
            InboundErrorKind::WrongSignature | InboundErrorKind::BodyTooLarge
        );
        let early = verifier().check_headers(&headers).err();
        let early = early.map(|error| error.kind());
        assert_eq!(early, (!needs_body).then_some(kind), "{name}");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("event_id"), "{name}: {shown}");
    }
}

/// The second spelling cannot repair or spoil the first.
#[test]
fn dashed_signature_headers_take_precedence_over_underscored_ones() {
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
fn signed_body_that_does_not_decode_is_refused_without_showing_values() {
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
fn timestamp_exactly_at_the_tolerance_limit_is_accepted() {
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
fn each_inbound_error_kind_has_a_status_and_a_generic_public_text() {
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
fn small_order_webhook_key_is_refused() {
    let identity = format!("01{}", "00".repeat(31));
    let error = ResponseKeys::from_hex([identity.as_str()]).unwrap_err();
    assert_eq!(error, KeyError::NotAPublicKey);
}

#[test]
fn webhook_signature_by_any_configured_key_verifies() {
    let other = SigningKey::from_bytes(&[8; 32]);
    let hex = [&other, &key()].map(|key| hex::encode(key.verifying_key()));
    let keys = ResponseKeys::from_hex(hex.iter().map(String::as_str)).unwrap();
    let verifier = InboundVerifier::from_keys(keys)
        .unwrap()
        .with_clock(FixedClock(NOW));
    assert!(verifier.verify(BODY, &signed(BODY)).is_ok());
}
