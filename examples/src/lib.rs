//! What the example programs share: the settings to talk to a sandbox instead of Cobo.

use std::error::Error;

use cobo_auth::{Client, Ed25519Signer, Environment, ResponseKeys};
use cobo_sandbox::{DEMO_APP_SECRET, Sandbox};

/// The environment of a sandbox: its URL, and the key with which it signs its responses.
///
/// # Errors
///
/// Never: a sandbox has a valid URL and key.
pub fn environment(sandbox: &Sandbox) -> Result<Environment, Box<dyn Error>> {
    let key = sandbox.response_public_key();
    let keys = ResponseKeys::from_hex([key.as_str()])?;
    Ok(Environment::custom(sandbox.base_url(), keys)?)
}

/// A client of a sandbox, with the key of its demo app.
///
/// # Errors
///
/// The HTTP client cannot be set up.
pub fn client(sandbox: &Sandbox) -> Result<Client, Box<dyn Error>> {
    let signer = Ed25519Signer::from_hex(DEMO_APP_SECRET)?;
    Ok(Client::new(environment(sandbox)?, signer)?)
}
