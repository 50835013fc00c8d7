//! Loads an app's key from a file and from an environment variable.

#![allow(clippy::print_stdout)] // prints the result of each step

use std::error::Error;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use cobo_auth::http::Method;
use cobo_auth::{Client, Ed25519Signer, Environment, SecretKey, Signer as _};
use cobo_sandbox::{AppKey, Sandbox};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("cobo.key");
    generate(&path)?;

    let signer = from_file(&path)?;
    println!("1. register this public key: {}", signer.public_key());
    let sandbox = Sandbox::builder()
        .app_key(AppKey::from_hex(&signer.public_key().to_string())?)
        .start()
        .await?;
    let client = Client::new(cobo_examples::environment(&sandbox)?, signer)?;
    let response = get_token(&client, &sandbox).send().await?;
    println!("2. signed with the key of the file: {}", response.status());

    match from_variable(Environment::development()) {
        Ok(client) => println!("3. a client of {}", client.base_url()),
        Err(error) => println!("3. no client: {error}"),
    }

    let preview = get_token(&client, &sandbox).preview().await?;
    println!(
        "4. the digest that would be signed: {:02x?}",
        preview.digest
    );
    Ok(())
}

/// Generates a key, and stores it where only this user can read it.
fn generate(path: &Path) -> Result<(), Box<dyn Error>> {
    let key = SecretKey::generate()?;
    let mut file = OpenOptions::new();
    file.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    file.open(path)?
        .write_all(key.to_hex().expose().as_bytes())?;
    Ok(())
}

/// A file with PEM (PKCS#8), DER, or 64 hexadecimal digits.
fn from_file(path: &Path) -> Result<Ed25519Signer, cobo_auth::KeyError> {
    let key = SecretKey::from_file(path)?;
    Ed25519Signer::new(&key)
}

/// An environment variable with PEM or 64 hexadecimal digits.
fn from_variable(environment: Environment) -> Result<Client, Box<dyn Error>> {
    let key = SecretKey::from_env("COBO_APP_SECRET")?;
    Ok(Client::new(environment, Ed25519Signer::new(&key)?)?)
}

fn get_token(client: &Client, sandbox: &Sandbox) -> cobo_auth::Request {
    client
        .request(Method::GET, "/oauth/token")
        .query("client_id", sandbox.client_id())
        .query("org_id", cobo_sandbox::DEMO_ORG_ID)
        .query("grant_type", "org_implicit")
}
