//! A client that signs by hand, so that nothing of what is tested helps it.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::sync::atomic::{AtomicU64, Ordering};

use cobo_sandbox::{DEMO_APP_SECRET, DEMO_CLIENT_ID, DEMO_ORG_ID, Sandbox};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub(crate) const TOKEN: &str = "/v2/oauth/token";
pub(crate) const EXCHANGE: &str = "/v2/oauth/permission_token/exchange";
pub(crate) const PERMISSION_REFRESH: &str = "/v2/oauth/permission_token/refresh";
pub(crate) const INFO: &str = "/v2/organizations/info";

static NONCE: AtomicU64 = AtomicU64::new(1);

pub(crate) fn demo_key() -> SigningKey {
    key(DEMO_APP_SECRET)
}

pub(crate) fn key(seed_hex: &str) -> SigningKey {
    let mut seed = [0; 32];
    hex::decode_to_slice(seed_hex, &mut seed).unwrap();
    SigningKey::from_bytes(&seed)
}

pub(crate) fn double_sha256(message: &[u8]) -> [u8; 32] {
    Sha256::digest(Sha256::digest(message)).into()
}

/// A request that can be bent before it is sent.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Call {
    pub(crate) fn unsigned(method: Method, target: &str, body: impl Into<Vec<u8>>) -> Self {
        let mut headers = HeaderMap::new();
        if method == Method::POST {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        Self {
            method,
            target: target.to_owned(),
            headers,
            body: body.into(),
        }
    }

    pub(crate) fn get(target: &str) -> Self {
        Self::unsigned(Method::GET, target, "").sign(&demo_key())
    }

    pub(crate) fn post(target: &str, body: &Value) -> Self {
        Self::unsigned(Method::POST, target, body.to_string()).sign(&demo_key())
    }

    pub(crate) fn sign(self, key: &SigningKey) -> Self {
        let nonce = NONCE.fetch_add(1, Ordering::Relaxed).to_string();
        self.sign_with_nonce(key, &nonce)
    }

    pub(crate) fn sign_with_nonce(mut self, key: &SigningKey, nonce: &str) -> Self {
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        let mut message = format!("{}|{path}|{nonce}|{query}|", self.method).into_bytes();
        message.extend(&self.body);
        let signature = key.sign(&double_sha256(&message));
        self = self.header("biz-api-key", &hex::encode(key.verifying_key().as_bytes()));
        self = self.header("biz-api-nonce", nonce);
        self.header("biz-api-signature", &hex::encode(signature.to_bytes()))
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, value.parse().unwrap());
        self
    }

    pub(crate) fn bearer(mut self, token: &str) -> Self {
        let value = format!("Bearer {token}");
        self.headers.insert(AUTHORIZATION, value.parse().unwrap());
        self
    }

    pub(crate) async fn send(self, sandbox: &Sandbox) -> Answer {
        self.send_with(&client(), sandbox).await
    }

    pub(crate) async fn send_with(self, client: &reqwest::Client, sandbox: &Sandbox) -> Answer {
        let origin = format!("http://{}", sandbox.address());
        let answer = self.exchange(client, &origin).await;
        answer.assert_signed_by(&sandbox.response_public_key());
        answer
    }

    /// Sends it without looking at the signature of the answer.
    pub(crate) async fn send_to(self, origin: &str) -> Answer {
        self.exchange(&client(), origin).await
    }

    async fn exchange(self, client: &reqwest::Client, origin: &str) -> Answer {
        let url = format!("{origin}{}", self.target);
        let request = client.request(self.method, url).headers(self.headers);
        let response = request.body(self.body).send().await.unwrap();
        Answer {
            status: response.status(),
            headers: response.headers().clone(),
            body: response.bytes().await.unwrap().to_vec(),
        }
    }
}

pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// A response, read to its end.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Verifies the signature under both spellings.
    pub(crate) fn assert_signed_by(&self, public_key_hex: &str) {
        let mut key = [0; 32];
        hex::decode_to_slice(public_key_hex, &mut key).unwrap();
        let key = VerifyingKey::from_bytes(&key).unwrap();
        for (timestamp, signature) in [
            ("BIZ_TIMESTAMP", "BIZ_RESP_SIGNATURE"),
            ("BIZ-TIMESTAMP", "BIZ-RESP-SIGNATURE"),
        ] {
            let timestamp = self.headers[timestamp].to_str().unwrap();
            assert!(timestamp.parse::<u64>().is_ok(), "{timestamp}");
            let mut bytes = [0; 64];
            hex::decode_to_slice(&self.headers[signature], &mut bytes).unwrap();
            let mut message = self.body.clone();
            message.extend(format!("|{timestamp}").bytes());
            key.verify_strict(&double_sha256(&message), &Signature::from_bytes(&bytes))
                .unwrap();
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self, field: &str) -> String {
        self.json()[field].as_str().unwrap().to_owned()
    }

    #[track_caller]
    pub(crate) fn assert_ok(&self, status: u16) -> &Self {
        let body = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{body}");
        self
    }

    /// Asserts the shape `{error_code, error_message, error_id}`, and nothing else in it.
    #[track_caller]
    pub(crate) fn assert_api_error(&self, status: u16, code: u32) {
        self.assert_ok(status);
        let body = self.json();
        assert_eq!(body["error_code"], code, "{body}");
        assert!(!self.text("error_message").is_empty());
        assert!(!self.text("error_id").is_empty());
        assert_eq!(body.as_object().unwrap().len(), 3, "{body}");
        assert_eq!(self.headers[CONTENT_TYPE], "application/json");
    }

    /// Asserts the shape `{error, error_description}`, and that the description speaks of `about`.
    #[track_caller]
    pub(crate) fn assert_oauth_error(&self, status: u16, error: &str, about: &str) {
        self.assert_ok(status);
        let body = self.json();
        assert_eq!(body["error"], error, "{body}");
        assert!(self.text("error_description").contains(about), "{body}");
        assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
        assert_eq!(self.headers[CONTENT_TYPE], "application/json");
    }
}

pub(crate) fn token_target(client_id: &str, org_id: &str, grant_type: &str) -> String {
    format!("{TOKEN}?client_id={client_id}&org_id={org_id}&grant_type={grant_type}")
}

pub(crate) async fn get_token(sandbox: &Sandbox, org_id: &str) -> Answer {
    Call::get(&token_target(DEMO_CLIENT_ID, org_id, "org_implicit"))
        .send(sandbox)
        .await
}

/// A pair for the demo organization: access token and refresh token.
pub(crate) async fn pair(sandbox: &Sandbox) -> (String, String) {
    let answer = get_token(sandbox, DEMO_ORG_ID).await;
    answer.assert_ok(200);
    (answer.text("access_token"), answer.text("refresh_token"))
}

pub(crate) fn refresh_body(token: &str) -> Value {
    json!({ "client_id": DEMO_CLIENT_ID, "grant_type": "refresh_token", "refresh_token": token })
}

pub(crate) async fn refresh(sandbox: &Sandbox, token: &str) -> Answer {
    Call::post(TOKEN, &refresh_body(token)).send(sandbox).await
}

pub(crate) async fn info(sandbox: &Sandbox, token: &str) -> Answer {
    Call::get(INFO).bearer(token).send(sandbox).await
}
