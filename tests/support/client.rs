//! Creates clients of the sandbox and of canned servers.

use std::time::Duration;

use cobo_auth::{
    Client, ClientBuilder, Ed25519Signer, Environment, ResponseKeys, RetryPolicy, UserInfoVerifier,
};
use cobo_oauth::{TokenSource, TokenStore};
use cobo_sandbox::Sandbox;

/// The seed of the key that all tests use.
pub const SEED: &str = cobo_sandbox::DEMO_APP_SECRET;

/// An environment for the sandbox, with its URL and key.
pub fn environment(sandbox: &Sandbox) -> Environment {
    environment_of(sandbox.base_url(), &sandbox.response_public_key())
}

/// An environment for a sandbox in another process, with its URL and key.
pub fn environment_of(base_url: &str, response_key: &str) -> Environment {
    let keys = ResponseKeys::from_hex([response_key]).unwrap();
    Environment::custom(base_url, keys).unwrap()
}

/// A client of the sandbox, with the demo app's key.
pub fn auth(sandbox: &Sandbox) -> Client {
    builder(environment(sandbox)).build().unwrap()
}

/// The generated OAuth client on the sandbox.
pub fn oauth(sandbox: &Sandbox) -> cobo_oauth::OAuthClient {
    cobo_oauth::OAuthClient::new(auth(sandbox))
}

/// A verifier of the user info tokens of the sandbox's portal.
pub fn user_info(client: &Client, sandbox: &Sandbox) -> UserInfoVerifier {
    let builder = UserInfoVerifier::builder(client, sandbox.client_id());
    builder.issuer(sandbox.portal_url()).build().unwrap()
}

/// A token source for the sandbox's app.
pub fn tokens(sandbox: &Sandbox) -> TokenSource {
    TokenSource::new(oauth(sandbox), sandbox.client_id())
}

/// Like [`tokens`], but the tokens are kept in `store`.
pub fn tokens_in(sandbox: &Sandbox, store: impl TokenStore + 'static) -> TokenSource {
    let tokens = TokenSource::builder(oauth(sandbox), sandbox.client_id());
    tokens.store(store).build()
}

/// A builder with the demo app's key. Retries are off, because they have their own tests.
pub fn builder(environment: Environment) -> ClientBuilder {
    let signer = Ed25519Signer::from_hex(SEED).unwrap();
    Client::builder(environment, signer).retry(RetryPolicy::none())
}

/// A sandbox for several processes of one app, with organizations `organization-0` and so on.
/// Tokens live for `life`. It accepts each nonce once, from any process.
pub async fn sandbox_of_many(organizations: usize, life: Duration) -> Sandbox {
    let sandbox = Sandbox::builder()
        .access_ttl(life)
        .received_limit(1_000_000)
        .start()
        .await
        .unwrap();
    for number in 0..organizations {
        sandbox.install(&format!("organization-{number}"));
    }
    sandbox
}
