//! A sandbox, and a client for it.

use cobo_auth::{ClientBuilder, Ed25519Signer, Environment, ResponseKeys};
use cobo_sandbox::{AppKey, DEMO_APP_KEY, DEMO_APP_SECRET, DEMO_ORG_ID, Sandbox, SandboxBuilder};

/// Starts the sandbox, and prepares a client. The demo key is an organization's own here, so calls
/// need no token.
pub(crate) async fn start(sandbox: SandboxBuilder) -> (Sandbox, ClientBuilder) {
    let key = AppKey::from_hex(DEMO_APP_KEY).unwrap();
    let sandbox = sandbox.org_key(key, DEMO_ORG_ID).start().await.unwrap();
    let key = sandbox.response_public_key();
    let keys = ResponseKeys::from_hex([key.as_str()]).unwrap();
    let environment = Environment::custom(sandbox.base_url(), keys).unwrap();
    let signer = Ed25519Signer::from_hex(DEMO_APP_SECRET).unwrap();
    let client = cobo_auth::Client::builder(environment, signer);
    (sandbox, client)
}
