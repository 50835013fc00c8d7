//! The exact `Debug` text of every type that holds a secret, or may.

#![allow(clippy::unwrap_used)] // in a test a panic is the report

use cobo_auth::{
    Bearer, Client, Ed25519Signer, Environment, FixedToken, HttpOptions, Message, ResponseKeys,
    Secret, SecretKey,
};
use http::{HeaderValue, Method, header};

const SECRET: &str = "hunter2-the-token";
const PUBLIC: &str = "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c";

fn client() -> Client {
    let keys = ResponseKeys::unverified();
    let environment = Environment::custom("http://127.0.0.1:1/v2", keys).unwrap();
    Client::new(environment, Ed25519Signer::from_seed(&[7; 32])).unwrap()
}

#[test]
fn debug_of_keys_and_tokens_shows_no_secret() {
    assert_eq!(format!("{:?}", Secret::new(SECRET)), "Secret(REDACTED)");
    assert_eq!(
        format!("{:?}", Some(Secret::new(""))),
        "Some(Secret(REDACTED))"
    );
    let key = SecretKey::from_hex(&"07".repeat(32)).unwrap();
    assert_eq!(format!("{key:?}"), "SecretKey(REDACTED)");
    assert_eq!(
        format!("{:?}", Ed25519Signer::new(&key).unwrap()),
        format!("Ed25519Signer {{ public: PublicKey({PUBLIC}), .. }}")
    );
    assert_eq!(
        format!("{:?}", FixedToken::new(SECRET).unwrap()),
        "FixedToken(AccessToken { token: Secret(REDACTED), generation: 0 })"
    );
    assert_eq!(
        format!("{:?}", Bearer::new(Secret::new(SECRET), 7).unwrap()),
        "Bearer { token: Secret(REDACTED), generation: 7, .. }"
    );
}

#[test]
fn debug_of_clients_and_builders_shows_no_secret() {
    let acting = client().with_credential(FixedToken::new(SECRET).unwrap());
    assert_eq!(
        format!("{acting:?}"),
        format!(
            "Client {{ base_url: \"http://127.0.0.1:1/v2\", public_key: PublicKey({PUBLIC}), \
             credential: Some(FixedToken(AccessToken {{ token: Secret(REDACTED), generation: 0 }})), \
             .. }}"
        )
    );
    let builder = Client::builder(
        Environment::production(),
        Ed25519Signer::from_seed(&[7; 32]),
    );
    assert_eq!(
        format!("{builder:?}"),
        format!(
            "ClientBuilder {{ environment: Environment {{ base_url: \"https://api.cobo.com/v2\", \
             keys: ResponseKeys(8d4a482641adb2a34b726f05827dba9a9653e5857469b8749052bf4458a86729) }}, \
             public_key: PublicKey({PUBLIC}), .. }}"
        )
    );
}

#[test]
fn debug_of_http_options_shows_no_secret() {
    let http = HttpOptions::new()
        .proxy("http://proxy.example")
        .proxy_basic_auth("user", SECRET)
        .client_certificate(SECRET)
        .default_header(header::VIA, HeaderValue::from_static(SECRET));
    assert_eq!(
        format!("{http:?}"),
        "HttpOptions { timeout: 30s, connect_timeout: 10s, root_certificates: 0, \
         only_root_certificates: false, client_certificate: Some(Secret(REDACTED)), addresses: [], \
         resolver: None, on_connect: false, default_headers: [\"via\"], .. }"
    );
}

#[test]
fn debug_of_requests_and_messages_shows_no_value() {
    let request = client()
        .request(Method::POST, "/x")
        .query("token", SECRET)
        .json(serde_json::json!({"token": SECRET}))
        .credential(FixedToken::new(SECRET).unwrap());
    assert_eq!(
        format!("{request:?}"),
        "Request { request: \"POST /x\", .. }"
    );
    // An invalid path may contain anything.
    for path in [
        format!("/x?token={SECRET}"),
        format!("/{SECRET}\nx"),
        SECRET.to_owned(),
    ] {
        let request = client().request(Method::GET, &path);
        assert_eq!(format!("{request:?}"), "Request { request: \"GET\", .. }");
    }
    let message = Message {
        method: "POST",
        path: "/v2/x",
        nonce: "1",
        params: SECRET,
        body: SECRET.as_bytes(),
    };
    assert_eq!(
        format!("{message:?}"),
        "Message { method: \"POST\", path: \"/v2/x\", nonce: \"1\", params: 17 bytes, \
         body: 17 bytes }"
    );
}

#[tokio::test]
async fn debug_of_a_signing_preview_shows_no_message_and_no_signature() {
    let request = client().request(Method::POST, "/x").json(SECRET);
    let explained = request.preview().await.unwrap();
    let shown = format!("{explained:?}");
    // `POST|/v2/x|`, 32 digits, and `||"hunter2-the-token"`.
    assert!(
        shown.starts_with("SigningPreview { message: 64 bytes, digest: \""),
        "{shown}"
    );
    assert!(!shown.contains(SECRET) && !shown.contains(&explained.signature));
}
