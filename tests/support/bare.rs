//! A `get_token` without this SDK, to compare with: reqwest, one signature and one verification.

use bytes::Bytes;
use cobo_auth::{Message, double_sha256};
use cobo_oauth::OAuthClient;
use cobo_oauth::models::GetToken200Response;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use crate::{canned, client};

/// The client id of the compared calls.
pub const CLIENT_ID: &str = "pvSwS8iFrfK0oZrB0ugG54XPDOLEv0Ij";
/// The organization of the compared calls.
pub const ORG_ID: &str = "e3986401-4aec-480a-973d-e775a4518413";
/// The answer to the compared calls.
pub const BODY: &str = r#"{"access_token":"AT-0123456789abcdef0123456789abcdef","token_type":"Bearer","scope":"","expires_in":43199,"refresh_token":"RT-0123456789abcdef0123456789abcdef"}"#;

/// The minimum that a program without this SDK has to do.
pub struct Bare {
    http: reqwest::Client,
    url: String,
    query: String,
    key: SigningKey,
    api_key: String,
    response_key: VerifyingKey,
}

impl Bare {
    /// For the server at this base URL, whose responses [`canned::response_key`] signs.
    pub fn new(base_url: &str) -> Self {
        let seed = hex::decode(client::SEED).unwrap();
        let key = SigningKey::from_bytes(&seed.try_into().unwrap());
        let query = format!("client_id={CLIENT_ID}&grant_type=org_implicit&org_id={ORG_ID}");
        Self {
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            url: format!("{base_url}/oauth/token?{query}"),
            query,
            api_key: hex::encode(key.verifying_key().as_bytes()),
            key,
            response_key: canned::response_key().verifying_key(),
        }
    }

    /// Sends one signed request, and returns the body of its verified response.
    pub async fn get_token(&self, nonce: u64) -> Bytes {
        let nonce = nonce.to_string();
        let message = Message {
            method: "GET",
            path: "/v2/oauth/token",
            nonce: &nonce,
            params: &self.query,
            body: b"",
        };
        let signature = hex::encode(self.key.sign(&message.digest()).to_bytes());
        let response = self
            .http
            .get(&self.url)
            .header("accept", "application/json")
            .header("biz-api-key", &self.api_key)
            .header("biz-api-nonce", nonce)
            .header("biz-api-signature", signature)
            .send()
            .await
            .unwrap();
        let timestamp = response.headers()["biz-timestamp"].clone();
        let signature = response.headers()["biz-resp-signature"].clone();
        let body = response.bytes().await.unwrap();
        let mut bytes = [0; 64];
        hex::decode_to_slice(signature.as_bytes(), &mut bytes).unwrap();
        let digest = double_sha256([body.as_ref(), b"|", timestamp.as_bytes()]);
        self.response_key
            .verify_strict(&digest, &Signature::from_bytes(&bytes))
            .unwrap();
        body
    }
}

/// The same call with this SDK.
///
/// # Errors
///
/// The errors of the call.
pub async fn get_token(
    client: &OAuthClient,
) -> Result<cobo_auth::Response<GetToken200Response>, cobo_auth::Error> {
    client
        .get_token()
        .client_id(CLIENT_ID)
        .org_id(ORG_ID)
        .grant_type("org_implicit")
        .send()
        .await
}
