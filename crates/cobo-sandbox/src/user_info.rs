//! User info tokens: the portal's keys, and the tokens that are signed with them.

use std::sync::MutexGuard;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use http::StatusCode;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::key::random_key;
use crate::reply::Reply;
use crate::sandbox::Sandbox;
use crate::state::lock;

/// How long a token lives, in seconds.
const TTL_SECONDS: u64 = 300;

/// The keys that sign user info tokens.
pub(crate) struct PortalKeys {
    current: SigningKey,
    /// The key before the last rotation. The JWKS still has it.
    previous: Option<SigningKey>,
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

    fn rotate(&mut self) {
        let seed = Zeroizing::new(<[u8; 32]>::from(Sha256::digest(self.current.as_bytes())));
        let next = SigningKey::from_bytes(&seed);
        self.previous = Some(std::mem::replace(&mut self.current, next));
    }

    /// The reply with the public keys.
    pub(crate) fn jwks(&self) -> Reply {
        let keys = self.previous.iter().chain([&self.current]);
        let keys: Vec<Value> = keys.map(jwk).collect();
        Reply::json(StatusCode::OK, json!({ "keys": keys }))
    }

    /// Signs claims as a JWT.
    fn sign(&self, claims: &Map<String, Value>) -> String {
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

/// User info tokens, as Cobo's portal issues them.
impl Sandbox {
    /// Returns the portal's URL, with a final slash: the issuer of user info tokens. No page is
    /// served there.
    pub fn portal_url(&self) -> String {
        format!("http://{}/", self.address())
    }

    /// Issues a user info token: a JWT for the sandbox's app that expires after 5 minutes of the sandbox's time.
    ///
    /// `claims` is an object of claims to change or to add; `null` removes a claim. Without changes, the token is for
    /// the user `1234`, an admin. The JWKS with the key is at `/v2/oauth/authorize/jwks.json`; script the operation
    /// `get_jwks` to make it fail, hang or answer with something else.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), cobo_sandbox::StartError> {
    /// use cobo_sandbox::Sandbox;
    /// use serde_json::json;
    ///
    /// let sandbox = Sandbox::start().await?;
    /// let admin = sandbox.user_info_token(json!({}));
    /// let viewer = sandbox.user_info_token(json!({ "sub": "77", "role_names": ["Viewer"] }));
    /// let for_another_app = sandbox.user_info_token(json!({ "aud": "another-app" }));
    /// # Ok(())
    /// # }
    /// ```
    pub fn user_info_token(&self, claims: Value) -> String {
        let mut keys = self.portal_keys();
        keys.issued += 1;
        let now = self.now_ms() / 1_000;
        let all = json!({
            "sub": "1234",
            "email": "user@example.com",
            "role_names": ["Admin"],
            "iss": self.portal_url(),
            "aud": self.client_id(),
            "iat": now,
            "exp": now + TTL_SECONDS,
            "jti": format!("{:032x}", keys.issued),
        });
        let Value::Object(mut all) = all else {
            return String::new(); // an object by its syntax above
        };
        if let Value::Object(changes) = claims {
            all.extend(changes);
        }
        all.retain(|_, value| !value.is_null());
        keys.sign(&all)
    }

    /// Replaces the key that signs user info tokens. The JWKS has the new key and the one before it.
    pub fn rotate_portal_key(&self) {
        self.portal_keys().rotate();
    }

    fn portal_keys(&self) -> MutexGuard<'_, PortalKeys> {
        lock(&self.state.portal)
    }
}
