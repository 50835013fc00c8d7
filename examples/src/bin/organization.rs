//! Acts for an organization: lists its wallets, transfers tokens, and calls an endpoint that no
//! document describes. The token source gets the organization's token and keeps it fresh.

#![allow(clippy::print_stdout)] // prints the result of each step

use std::error::Error;

use cobo_auth::http::Method;
use cobo_oauth::{OAuthClient, TokenSource};
use cobo_sandbox::{Sandbox, Specification};
use cobo_waas2::{Waas2Client, models};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // A sandbox that answers every operation of the document, with values made from its schemas.
    let document = Specification::from_text(include_str!("../../../openapi/waas2.yaml"))?;
    let sandbox = Sandbox::builder().specification(document).start().await?;
    let auth = cobo_examples::client(&sandbox)?;
    act(&auth, sandbox.client_id(), cobo_sandbox::DEMO_ORG_ID).await
}

async fn act(
    auth: &cobo_auth::Client,
    client_id: &str,
    org_id: &str,
) -> Result<(), Box<dyn Error>> {
    // One token source for the app, and one client for each organization.
    let tokens = TokenSource::new(OAuthClient::new(auth.clone()), client_id);
    let organization = auth.with_credential(tokens.credential(org_id));
    let client = Waas2Client::new(organization.clone());

    // A list in pages: `items()` requests the next page when it is needed.
    let mut wallets = client.list_wallets().limit(20).items();
    let mut count = 0;
    while let Some(wallet) = wallets.next().await {
        wallet?;
        count += 1;
    }
    println!("1. listed {count} wallets");

    // A write. Store the `request_id` before you send it: with it you can look the transfer up.
    let source = models::CustodialTransferSource::builder()
        .wallet_id("f47ac10b-58cc-4372-a567-0e02b2c3d479");
    let recipient = models::AddressTransferDestinationAccountOutput::builder()
        .address("0x9f2f5dd4bd8f3d0fd8a5d0a4c1d4b9a1a3c0c5b1")
        .amount("1.5");
    let transfer = models::TransferParams::builder()
        .request_id("order-1024")
        .source(source)
        .token_id("ETH_USDT")
        .destination(models::AddressTransferDestination::builder().account_output(recipient));
    let sent = client
        .create_transfer_transaction()
        .transfer_params(transfer)
        .send()
        .await?;
    println!("2. created the transaction {}", sent.transaction_id);

    // An endpoint that no document describes, or that is newer than this SDK.
    let response = organization
        .request(Method::GET, "/organizations/info")
        .send()
        .await?;
    let info: serde_json::Value = response.json()?;
    println!("3. called as organization {}", info["org_id"]);

    // The text of a token, for code that sends it by itself. Ask again for each call: it expires.
    let token = tokens.token(org_id).await?;
    let text: &str = token.secret().expose();
    println!("4. the token has {} characters", text.len());

    // Before the process ends, wait for refreshes that were sent, so that their tokens are stored.
    tokens.shutdown().await;
    Ok(())
}
