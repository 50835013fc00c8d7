//! Uses an MPC Wallet: creates a vault, a wallet in it and an address, and transfers from the address.
//! The organization's key share holders sign each transaction, so it can also be refused.

#![allow(clippy::print_stdout)] // prints the result of each step

use std::error::Error;

use cobo_oauth::{OAuthClient, TokenSource};
use cobo_sandbox::{DEMO_ORG_ID, End, Sandbox};
use cobo_waas2::models::{self, CreatedWalletInfo, MpcVaultType, WalletSubtype};
use cobo_waas2::wait::{WaitError, Waiter};
use cobo_waas2::{RequestId, Waas2Client};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // A sandbox that keeps what is created.
    let sandbox = Sandbox::waas2().start().await?;
    let auth = cobo_examples::client(&sandbox)?;
    let tokens = TokenSource::new(OAuthClient::new(auth.clone()), sandbox.client_id());
    let client = Waas2Client::new(auth.with_credential(tokens.credential(DEMO_ORG_ID)));

    let vault_id = create_vault(&client).await?;
    let wallet_id = create_wallet(&client, &vault_id).await?;
    let address = create_address(&client, &wallet_id).await?;

    // In the sandbox, the first transaction is signed, and the second is not.
    let ends = [End::succeeds(), End::fails("a signer refused")];
    sandbox.script_end("create_transfer_transaction", ends)?;
    for _ in 0..2 {
        let transaction_id = transfer(&client, &wallet_id, &address).await?;
        sandbox.advance_to_end();
        wait(&client, &transaction_id).await?;
    }
    tokens.shutdown().await;
    Ok(())
}

async fn create_vault(client: &Waas2Client) -> Result<String, Box<dyn Error>> {
    // A vault holds the keys of its wallets, in shares.
    let vault = models::CreateMpcVaultRequest::builder()
        .name("Operations")
        .vault_type(MpcVaultType::OrgControlled);
    let request = client.create_mpc_vault().create_mpc_vault_request(vault);
    let vault = request.send().await?.into_inner();
    println!("1. vault {}", vault.name.unwrap_or_default());
    Ok(vault.vault_id.ok_or("a vault without an id")?)
}

async fn create_wallet(client: &Waas2Client, vault_id: &str) -> Result<String, Box<dyn Error>> {
    let wallet = models::CreateMpcWalletParams::builder()
        .name("Hot wallet")
        .wallet_subtype(WalletSubtype::OrgControlled)
        .vault_id(vault_id);
    let request = client.create_wallet().create_wallet_params(wallet);
    match request.send().await?.into_inner() {
        CreatedWalletInfo::Mpc(wallet) => {
            println!("2. MPC Wallet {}", wallet.name);
            Ok(wallet.wallet_id)
        }
        other => Err(format!("not an MPC Wallet: {other:?}").into()),
    }
}

async fn create_address(client: &Waas2Client, wallet_id: &str) -> Result<String, Box<dyn Error>> {
    let wanted = models::CreateAddressRequest::builder()
        .chain_id("ETH")
        .count(1);
    let request = client.create_address().wallet_id(wallet_id);
    let created = request.create_address_request(wanted).send().await?;
    let first = created.into_inner().0.into_iter().next();
    let address = first.ok_or("no address was created")?.address;
    println!("3. address {address}");
    Ok(address)
}

async fn transfer(
    client: &Waas2Client,
    wallet_id: &str,
    address: &str,
) -> Result<String, Box<dyn Error>> {
    // Of an account-based chain, an MPC Wallet sends from one of its addresses.
    let source = models::MpcTransferSource::builder()
        .source_type(WalletSubtype::OrgControlled)
        .wallet_id(wallet_id)
        .address(address);
    let recipient = models::AddressTransferDestinationAccountOutput::builder()
        .address("0x9f2f5dd4bd8f3d0fd8a5d0a4c1d4b9a1a3c0c5b1")
        .amount("0.25");
    // Store the id before `send`: see the program `treasury`.
    let request_id = RequestId::random()?;
    let params = models::TransferParams::builder()
        .request_id(&request_id)
        .source(source)
        .token_id("ETH")
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
        Ok(transaction) => println!("5. signed: {}", transaction.status),
        Err(WaitError::Failed { reason, .. }) => println!("5. not signed: {reason}"),
        // The deadline passed, or the state cannot be read: it may still end in either way.
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
