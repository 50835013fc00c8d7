//! The recorded requests of the official SDKs, reproduced byte for byte.

use cobo_auth::{Ed25519Signer, Message, ResponseKeys, Signer, double_sha256};
use cobo_sandbox::{AppKey, AppKeys, RequestParts};
use cobo_tests::vector::{Vector, recorded};
use http::{HeaderMap, HeaderValue};

async fn sign(vector: &Vector, digest: &[u8; 32]) -> String {
    let signer = Ed25519Signer::from_hex(&vector.seed_hex).unwrap();
    signer.sign(digest).await.unwrap().to_hex()
}

#[tokio::test]
async fn every_recorded_request_is_reproduced() {
    let mut reproduced = 0;
    for vector in recorded() {
        let Some(request) = &vector.request else {
            continue;
        };
        let (path, params) = request.split();
        let message = Message {
            method: &request.method,
            path,
            nonce: &request.nonce,
            params,
            body: vector.body.as_deref().unwrap_or_default().as_bytes(),
        };
        let of = format!("{} {}", vector.sdk, vector.op);
        assert_eq!(message.to_bytes(), vector.string_to_sign.as_bytes(), "{of}");
        assert_eq!(hex::encode(message.digest()), vector.digest_hex, "{of}");
        assert_eq!(
            sign(&vector, &message.digest()).await,
            vector.signature_hex,
            "{of}"
        );
        let key = Ed25519Signer::from_hex(&vector.seed_hex).unwrap();
        assert_eq!(
            Some(key.public_key().to_string()),
            vector.api_key_hex,
            "{of}"
        );
        reproduced += 1;
    }
    assert_eq!(reproduced, 19);
}

#[test]
fn sandbox_accepts_every_recorded_request() {
    let mut accepted = 0;
    for vector in recorded() {
        let Some(request) = &vector.request else {
            continue;
        };
        let key = vector.api_key_hex.as_deref().unwrap();
        let header = |value: &str| HeaderValue::from_str(value).unwrap();
        let headers: HeaderMap = [
            ("biz-api-key", key),
            ("biz-api-nonce", &request.nonce),
            ("biz-api-signature", &vector.signature_hex),
        ]
        .into_iter()
        .map(|(name, value)| (http::HeaderName::from_static(name), header(value)))
        .collect();
        let parts = RequestParts {
            method: &request.method,
            target: &request.raw_target,
            headers: &headers,
            body: vector.body.as_deref().unwrap_or_default().as_bytes(),
        };
        let keys: AppKeys = [AppKey::from_hex(key).unwrap()].into_iter().collect();
        cobo_sandbox::check(&parts, &keys).unwrap();
        accepted += 1;
    }
    assert_eq!(accepted, 19);
}

#[tokio::test]
async fn recorded_vectors_without_a_request_match_by_digest_and_signature() {
    let others: Vec<_> = recorded()
        .into_iter()
        .filter(|vector| vector.request.is_none())
        .collect();
    assert_eq!(others.len(), 2);
    for vector in &others {
        let message = match (&vector.body, &vector.timestamp) {
            (Some(body), Some(timestamp)) => format!("{body}|{timestamp}"),
            _ => vector.string_to_sign.clone(),
        };
        assert_eq!(message, vector.string_to_sign);
        let digest = double_sha256([message.as_bytes()]);
        assert_eq!(hex::encode(digest), vector.digest_hex);
        assert_eq!(sign(vector, &digest).await, vector.signature_hex);
        let key = vector
            .api_key_hex
            .as_ref()
            .or(vector.public_key_hex.as_ref());
        assert!(ResponseKeys::from_hex([key.unwrap().as_str()]).is_ok());
    }
}
