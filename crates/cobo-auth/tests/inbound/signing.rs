//! Signs requests as Cobo does.

use cobo_auth::{Clock, InboundVerifier, ResponseKeys, double_sha256};
use ed25519_dalek::{Signer as _, SigningKey};
use http::{HeaderMap, HeaderName, HeaderValue};

pub(crate) const NOW: u64 = 1_795_000_000_000;
/// A webhook event, and the transaction of a callback: it decodes as both.
pub(crate) const BODY: &[u8] = br#"{"event_id":"e-1","url":"https://app.example/hook","created_timestamp":1701396866000,"type":"wallet.chain.enabled","data":{"data_type":"Chains","chains":[]},"transaction_id":"t-1","wallet_id":"w-1","status":"Submitted","source":{},"destination":{},"initiator_type":"API","updated_timestamp":1701396866000,"amount":1.10,"note":"a|b"}"#;
pub(crate) const MINUTE: u64 = 60_000;
pub(crate) const HOUR: u64 = 60 * MINUTE;

#[derive(Debug)]
pub(crate) struct FixedClock(pub(crate) u64);

impl Clock for FixedClock {
    fn unix_millis(&self) -> u64 {
        self.0
    }
}

pub(crate) fn key() -> SigningKey {
    SigningKey::from_bytes(&[9; 32])
}

fn keys_of(key: &SigningKey) -> ResponseKeys {
    ResponseKeys::from_hex([hex::encode(key.verifying_key()).as_str()]).unwrap()
}

pub(crate) fn verifier() -> InboundVerifier {
    let verifier = InboundVerifier::from_keys(keys_of(&key())).unwrap();
    verifier.with_clock(FixedClock(NOW))
}

pub(crate) fn signature_of(key: &SigningKey, body: &[u8], timestamp: &str) -> String {
    let digest = double_sha256([body, b"|", timestamp.as_bytes()]);
    hex::encode(key.sign(&digest).to_bytes())
}

pub(crate) fn headers<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name: HeaderName = name.parse().unwrap();
        headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers
}

/// The headers of a genuine request, with dashes in their names.
pub(crate) fn signed_at(body: &[u8], timestamp: &str) -> HeaderMap {
    headers([
        ("biz-timestamp", timestamp),
        ("biz-resp-signature", &signature_of(&key(), body, timestamp)),
    ])
}

pub(crate) fn signed(body: &[u8]) -> HeaderMap {
    signed_at(body, &NOW.to_string())
}
