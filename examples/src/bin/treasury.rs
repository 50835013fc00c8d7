//! Pays a supplier from a wallet: lists the wallets, makes an address, estimates the fee, transfers,
//! and waits for the end. The id of the transfer is stored before the transfer is sent.

#![allow(clippy::print_stdout)] // prints the result of each step

use std::error::Error;
use std::fs;
use std::path::Path;

use cobo_oauth::{OAuthClient, TokenSource};
use cobo_sandbox::{DEMO_ORG_ID, Sandbox};
use cobo_waas2::models::{self, EstimatedFee, WalletInfo, WalletSubtype};
use cobo_waas2::wait::{WaitError, Waiter};
use cobo_waas2::{RequestId, Waas2Client};

const TOKEN: &str = "ETH_USDT";
const SUPPLIER: &str = "0x9f2f5dd4bd8f3d0fd8a5d0a4c1d4b9a1a3c0c5b1";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // A sandbox that keeps what is created.
    let sandbox = Sandbox::waas2().start().await?;
    let auth = cobo_examples::client(&sandbox)?;
    let tokens = TokenSource::new(OAuthClient::new(auth.clone()), sandbox.client_id());
    let client = Waas2Client::new(auth.with_credential(tokens.credential(DEMO_ORG_ID)));
    let orders = tempfile::tempdir()?;

    create_wallet(&client).await?;
    let wallet_id = list_wallets(&client).await?.ok_or("no wallet")?;
    create_address(&client, &wallet_id).await?;
    estimate_fee(&client, &wallet_id).await?;
    let transaction_id = transfer(&client, &wallet_id, &orders.path().join("order-1024")).await?;
    // A transfer takes minutes at Cobo. The sandbox's clock is moved instead.
    sandbox.advance_to_end();
    wait(&client, &transaction_id).await?;
    tokens.shutdown().await;
    Ok(())
}

async fn create_wallet(client: &Waas2Client) -> Result<(), Box<dyn Error>> {
    let wallet = models::CreateCustodialWalletParams::builder()
        .name("Treasury")
        .wallet_subtype(WalletSubtype::Asset);
    let request = client.create_wallet().create_wallet_params(wallet);
    request.send().await?;
    Ok(())
}

/// Prints all wallets, and returns the id of the first Custodial Wallet.
async fn list_wallets(client: &Waas2Client) -> Result<Option<String>, Box<dyn Error>> {
    let mut found = None;
    let mut wallets = client.list_wallets().limit(50).items();
    while let Some(wallet) = wallets.next().await {
        match wallet? {
            WalletInfo::Custodial(wallet) => {
                println!("1. Custodial Wallet {}", wallet.name);
                found = found.or(Some(wallet.wallet_id));
            }
            other => println!("1. another wallet: {other:?}"),
        }
    }
    Ok(found)
}

async fn create_address(client: &Waas2Client, wallet_id: &str) -> Result<(), Box<dyn Error>> {
    // An address to which others can send.
    let wanted = models::CreateAddressRequest::builder()
        .chain_id("ETH")
        .count(1);
    let created = client
        .create_address()
        .wallet_id(wallet_id)
        .create_address_request(wanted)
        .send()
        .await?;
    for address in created.into_inner().0 {
        println!("2. address on {}: {}", address.chain_id, address.address);
    }
    Ok(())
}

async fn estimate_fee(client: &Waas2Client, wallet_id: &str) -> Result<(), Box<dyn Error>> {
    let planned = models::EstimateTransferFeeParams::builder()
        .source(models::CustodialTransferSource::builder().wallet_id(wallet_id))
        .token_id(TOKEN)
        .fee_type(models::FeeType::Fixed);
    let estimate = client.estimate_fee().estimate_fee_params(planned);
    match estimate.send().await?.into_inner() {
        EstimatedFee::Fixed(fee) => println!("3. fee: {} {}", fee.fee_amount, fee.token_id),
        other => println!("3. fee of another type: {other:?}"),
    }
    Ok(())
}

async fn transfer(
    client: &Waas2Client,
    wallet_id: &str,
    order: &Path,
) -> Result<String, Box<dyn Error>> {
    // After a crash, the stored id is sent again. A new one is made only for a new order.
    let request_id = if order.exists() {
        RequestId::new(fs::read_to_string(order)?)?
    } else {
        let request_id = RequestId::random()?;
        // Before `send`. A real app stores it in its database, with the order.
        fs::write(order, request_id.as_str())?;
        request_id
    };
    let recipient = models::AddressTransferDestinationAccountOutput::builder()
        .address(SUPPLIER)
        .amount("1.50");
    let params = models::TransferParams::builder()
        .request_id(&request_id)
        .source(models::CustodialTransferSource::builder().wallet_id(wallet_id))
        .token_id(TOKEN)
        .destination(models::AddressTransferDestination::builder().account_output(recipient));
    let request = client.create_transfer_transaction();
    let sent = request.transfer_params(params).send().await?;
    println!("4. transaction {}: {}", sent.transaction_id, sent.status);
    Ok(sent.into_inner().transaction_id)
}

async fn wait(client: &Waas2Client, transaction_id: &str) -> Result<(), Box<dyn Error>> {
    let request = client
        .get_transaction_by_id()
        .transaction_id(transaction_id);
    match Waiter::new().wait(request).await {
        Ok(transaction) => println!("5. final state: {}", transaction.status),
        Err(WaitError::Failed { reason, .. }) => println!("5. it failed: {reason}"),
        // The deadline passed, or the state cannot be read: it may still end in either way.
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
