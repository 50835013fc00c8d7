//! The portal's keys, which sign user info tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::key::random_key;

/// The keys that sign user info tokens.
pub(crate) struct PortalKeys {
    current: SigningKey,
    /// The key before the last rotation. The JWKS still has it.
    previous: Option<SigningKey>,
    /// How many tokens were signed.
    issued: u64,
}

impl PortalKeys {
    pub(crate) fn generate() -> Result<Self, getrandom::Error> {
        Ok(Self {
            current: random_key()?,
            previous: None,
            issued: 0,
        })
    }

    /// Replaces the key that signs.
    pub(crate) fn rotate(&mut self) {
        let seed = Zeroizing::new(<[u8; 32]>::from(Sha256::digest(self.current.as_bytes())));
        let next = SigningKey::from_bytes(&seed);
        self.previous = Some(std::mem::replace(&mut self.current, next));
    }

    /// The set of public keys.
    pub(crate) fn jwks(&self) -> Value {
        let keys = self.previous.iter().chain([&self.current]);
        let keys: Vec<Value> = keys.map(jwk).collect();
        json!({ "keys": keys })
    }

    /// The `jti` of the next token.
    pub(crate) fn next_id(&mut self) -> String {
        self.issued += 1;
        format!("{:032x}", self.issued)
    }

    /// Signs claims as a JWT.
    pub(crate) fn sign(&self, claims: &Map<String, Value>) -> String {
        let header = json!({ "alg": "EdDSA", "typ": "JWT", "kid": key_id(&self.current) });
        let [header, claims] = [
            header.to_string(),
            Value::Object(claims.clone()).to_string(),
        ];
        let message = format!("{}.{}", base64(header), base64(claims));
        let signature = self.current.sign(message.as_bytes());
        format!("{message}.{}", base64(signature.to_bytes()))
    }
}

fn jwk(key: &SigningKey) -> Value {
    json!({
        "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": key_id(key),
        "x": base64(key.verifying_key().to_bytes()),
    })
}

fn key_id(key: &SigningKey) -> String {
    hex::encode(&key.verifying_key().to_bytes()[..8])
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
