//! Requests recorded from other implementations pass the check, and a single flipped bit in them does not.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use cobo_sandbox::{AppKey, AppKeys, DEMO_APP_KEY, Refusal, RequestParts, Sandbox, check};
use http::{HeaderMap, HeaderValue};
use serde_json::Value;

struct Recorded {
    name: String,
    method: String,
    target: Vec<u8>,
    key: Vec<u8>,
    nonce: Vec<u8>,
    signature: Vec<u8>,
    body: Vec<u8>,
}

/// The recorded HTTP requests; the file also has other vectors.
fn recorded() -> Vec<Recorded> {
    let file: Value =
        serde_json::from_str(include_str!("../../../tests/vectors/recorded.json")).unwrap();
    let vectors = file["vectors"].as_array().unwrap().iter();
    vectors
        .filter(|vector| vector.get("method").is_some())
        .map(|vector| {
            let text = |field: &str| vector[field].as_str().unwrap().to_owned();
            Recorded {
                name: format!("{} {}", text("sdk"), text("op")),
                method: text("method"),
                target: text("raw_target").into(),
                key: text("api_key_hex").into(),
                nonce: text("nonce").into(),
                signature: text("signature_hex").into(),
                body: text("body").into(),
            }
        })
        .collect()
}

fn keys() -> AppKeys {
    [AppKey::from_hex(DEMO_APP_KEY).unwrap()]
        .into_iter()
        .collect()
}

impl Recorded {
    /// `None` if the parts are not a valid HTTP request. A server never receives such a request.
    fn check(&self) -> Option<Result<(), Refusal>> {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("biz-api-key", &self.key),
            ("biz-api-nonce", &self.nonce),
            ("biz-api-signature", &self.signature),
        ] {
            headers.insert(name, HeaderValue::from_bytes(value).ok()?);
        }
        let parts = RequestParts {
            method: &self.method,
            target: std::str::from_utf8(&self.target).ok()?,
            headers: &headers,
            body: &self.body,
        };
        Some(check(&parts, &keys()).map(drop))
    }
}

#[test]
fn all_recorded_requests_pass_the_signature_check() {
    let recorded = recorded();
    assert_eq!(recorded.len(), 19);
    for request in recorded {
        assert_eq!(request.check(), Some(Ok(())), "{}", request.name);
    }
}

#[test]
fn recorded_request_with_any_flipped_bit_is_refused() {
    let parts: [fn(&mut Recorded) -> &mut Vec<u8>; 5] = [
        |request| &mut request.target,
        |request| &mut request.key,
        |request| &mut request.nonce,
        |request| &mut request.signature,
        |request| &mut request.body,
    ];
    for mut request in recorded() {
        for part in parts {
            for byte in 0..part(&mut request).len() {
                // One bit of each byte, another one from byte to byte.
                let flip = 1 << (byte % 8);
                part(&mut request)[byte] ^= flip;
                assert_ne!(request.check(), Some(Ok(())), "{} {byte}", request.name);
                part(&mut request)[byte] ^= flip;
            }
        }
        assert_eq!(request.check(), Some(Ok(())));
    }
}

#[test]
fn recorded_request_with_another_method_is_refused() {
    for mut request in recorded() {
        request.method = "PUT".to_owned();
        assert_eq!(request.check(), Some(Err(Refusal::BadSignature)));
        request.method = "get".to_owned();
        assert_eq!(request.check(), Some(Err(Refusal::BadSignature)));
    }
}

#[tokio::test]
async fn sandbox_check_uses_the_current_keys_and_records_no_nonce() {
    let sandbox = Sandbox::start().await.unwrap();
    let key = AppKey::from_hex(DEMO_APP_KEY).unwrap();
    let request = recorded().swap_remove(0);
    let mut headers = HeaderMap::new();
    headers.insert(
        "biz-api-key",
        HeaderValue::from_bytes(&request.key).unwrap(),
    );
    headers.insert(
        "biz-api-nonce",
        HeaderValue::from_bytes(&request.nonce).unwrap(),
    );
    let signature = HeaderValue::from_bytes(&request.signature).unwrap();
    headers.insert("biz-api-signature", signature);
    let parts = RequestParts {
        method: &request.method,
        target: std::str::from_utf8(&request.target).unwrap(),
        headers: &headers,
        body: &request.body,
    };
    let signed = sandbox.check(&parts).unwrap();
    assert_eq!(
        (signed.key, signed.nonce.as_bytes()),
        (key, &*request.nonce)
    );
    assert!(sandbox.check(&parts).is_ok(), "no nonce is spent");
    sandbox.remove_app_key(&key);
    assert_eq!(sandbox.check(&parts), Err(Refusal::UnknownKey));
}
