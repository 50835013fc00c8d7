//! User info tokens, as Cobo's portal issues them.

use serde_json::{Value, json};

use super::handle::Sandbox;
use crate::lock::lock;

/// How long a token lives, in seconds.
const TTL_SECONDS: u64 = 300;

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
        let mut keys = lock(&self.state.portal);
        let now = self.now_ms() / 1_000;
        let all = json!({
            "sub": "1234",
            "email": "user@example.com",
            "role_names": ["Admin"],
            "iss": self.portal_url(),
            "aud": self.client_id(),
            "iat": now,
            "exp": now + TTL_SECONDS,
            "jti": keys.next_id(),
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
        lock(&self.state.portal).rotate();
    }
}
