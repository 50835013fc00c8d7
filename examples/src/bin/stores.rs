//! Stores: where an app keeps the tokens of its organizations.
//!
//! Uses memory, then files in a temporary directory. With `COBO_REDIS` set to a Redis URL, it uses
//! Redis, too.

#![allow(clippy::print_stdout)] // prints the result of each step

use std::env;
use std::error::Error;
use std::path::Path;

use cobo_oauth::{
    FileStore, MemoryStore, OAuthClient, RedisStore, StoreError, StoreKey, TokenSource, TokenStore,
};
use cobo_sandbox::{DEMO_ORG_ID, Sandbox};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::start().await?;
    let folder = tempfile::tempdir()?;
    let (plain, sealed) = (folder.path().join("plain"), folder.path().join("sealed"));

    restart("memory", &sandbox, || Ok(MemoryStore::new())).await?;
    restart("files", &sandbox, || FileStore::open(&plain)).await?;
    restart("encrypted files", &sandbox, || encrypted(&sealed)).await?;
    match env::var("COBO_REDIS") {
        Ok(url) => restart("Redis", &sandbox, || redis(&url)).await?,
        Err(_) => println!("Redis: COBO_REDIS is not set"),
    }
    Ok(())
}

/// One process, and the process after it.
async fn restart<S: TokenStore + 'static>(
    name: &str,
    sandbox: &Sandbox,
    open: impl Fn() -> Result<S, StoreError>,
) -> Result<(), Box<dyn Error>> {
    sandbox.clear_received();
    for _ in ["before", "after"] {
        let tokens = source(sandbox, open()?)?;
        tokens.token(DEMO_ORG_ID).await?;
        tokens.shutdown().await;
    }
    let requests = sandbox.received().len();
    println!("{name}: requests for a token, by two processes: {requests}");
    Ok(())
}

fn source(
    sandbox: &Sandbox,
    store: impl TokenStore + 'static,
) -> Result<TokenSource, Box<dyn Error>> {
    let client = OAuthClient::new(cobo_examples::client(sandbox)?);
    Ok(TokenSource::builder(client, sandbox.client_id())
        .store(store)
        .build())
}

/// Files that are encrypted. In your app the key comes from the environment
/// (`StoreKey::from_hex`), and is not in the directory.
fn encrypted(directory: &Path) -> Result<FileStore, StoreError> {
    let key = StoreKey::new([7; 32]);
    FileStore::open_sealed(directory, key)
}

/// Redis. The namespace names the app and its environment.
fn redis(url: &str) -> Result<RedisStore, StoreError> {
    RedisStore::builder(url).namespace("my-app-dev").build()
}
