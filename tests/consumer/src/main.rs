//! Gets a token from a sandbox, and lists wallets with it.

use cobo_auth::{Client, Ed25519Signer, Environment, InboundVerifier, ResponseKeys};
use cobo_axum::{Inbox, MemoryLog};
use cobo_oauth::{OAuthClient, TokenSource};
use cobo_sandbox::{DEMO_APP_SECRET, DEMO_ORG_ID, Sandbox};
use cobo_waas2::{Waas2Client, models};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::waas2().start().await?;
    let keys = ResponseKeys::from_hex([sandbox.response_public_key().as_str()])?;
    let environment = Environment::custom(sandbox.base_url(), keys)?;
    let auth = Client::new(environment.clone(), Ed25519Signer::from_hex(DEMO_APP_SECRET)?)?;
    let tokens = TokenSource::new(OAuthClient::new(auth.clone()), sandbox.client_id());
    let client = Waas2Client::new(auth.with_credential(tokens.credential(DEMO_ORG_ID)));

    let wallet = models::CreateCustodialWalletParams::builder()
        .name("Treasury")
        .wallet_subtype(models::WalletSubtype::Asset);
    client.create_wallet().create_wallet_params(wallet).send().await?;
    let mut wallets = client.list_wallets().limit(50).items();
    while let Some(wallet) = wallets.next().await {
        match wallet? {
            models::WalletInfo::Custodial(wallet) => println!("wallet: {}", wallet.name),
            other => println!("another kind: {other:?}"),
        }
    }
    tokens.shutdown().await;

    // That the receiver of webhooks links with the rest.
    let verifier = InboundVerifier::new(&environment)?;
    let handlers = cobo_waas2::webhooks::Router::new();
    let inbox = Inbox::builder(verifier, MemoryLog::new(10), handlers).start()?;
    let _routes: cobo_axum::axum::Router = cobo_axum::axum::Router::new().route("/webhook", inbox.route());
    Ok(())
}
