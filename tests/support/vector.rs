//! Requests recorded from the official SDKs.

use serde::Deserialize;

/// A signature that an official SDK made.
#[derive(Debug, Deserialize)]
pub struct Vector {
    /// The name of the SDK.
    pub sdk: String,
    /// The operation that was called.
    pub op: String,
    /// The seed of the key.
    pub seed_hex: String,
    /// The request, if the vector is a request.
    #[serde(flatten)]
    pub request: Option<Request>,
    /// The timestamp, if the vector is a webhook.
    pub timestamp: Option<String>,
    /// The body of a webhook.
    pub body: Option<String>,
    /// The string that was hashed.
    pub string_to_sign: String,
    /// The digest that was signed.
    pub digest_hex: String,
    /// The public key of a request.
    pub api_key_hex: Option<String>,
    /// The public key of a webhook.
    pub public_key_hex: Option<String>,
    /// The signature.
    pub signature_hex: String,
}

/// The parts of a recorded request.
#[derive(Debug, Deserialize)]
pub struct Request {
    /// The method in upper case.
    pub method: String,
    /// The path and query exactly as sent.
    pub raw_target: String,
    /// The nonce.
    pub nonce: String,
}

impl Request {
    /// Splits the target into path and query.
    pub fn split(&self) -> (&str, &str) {
        self.raw_target
            .split_once('?')
            .unwrap_or((&self.raw_target, ""))
    }
}

/// All recorded vectors.
pub fn recorded() -> Vec<Vector> {
    #[derive(Deserialize)]
    struct File {
        vectors: Vec<Vector>,
    }

    let file: File = serde_json::from_str(include_str!("../vectors/recorded.json")).unwrap();
    file.vectors
}
