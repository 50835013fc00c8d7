//! Pays a supplier from a wallet: lists the wallets, makes an address, estimates the fee, transfers,
//! and waits for the end. The id of the transfer is stored before the transfer is sent, and used again
//! after a crash.

#![allow(clippy::print_stdout)] // prints the result of each step

use std::error::Error;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use cobo_auth::ErrorKind;
use cobo_auth::http::StatusCode;
use cobo_oauth::{OAuthClient, TokenSource};
use cobo_sandbox::{Answer, DEMO_ORG_ID, Sandbox};
use cobo_waas2::models::{self, EstimatedFee, Transaction, WalletInfo, WalletSubtype};
use cobo_waas2::wait::{WaitError, Waiter};
use cobo_waas2::{Lookup, RequestId, Waas2Client, exact_decimal};

const TOKEN: &str = "ETH_USDT";
const SUPPLIER: &str = "0x9f2f5dd4bd8f3d0fd8a5d0a4c1d4b9a1a3c0c5b1";
const AMOUNT: &str = "1.50";

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
    let order = orders.path().join("order-1024");
    transfer(&client, &wallet_id, &order).await?;
    // As after a crash: the order is paid once, not twice.
    let transaction_id = transfer(&client, &wallet_id, &order).await?;
    // The same, but the lookup fails, too: whether the order is paid stays unknown.
    let forbidden = Answer::error(StatusCode::FORBIDDEN, 2025);
    sandbox.script("list_transactions", [forbidden])?;
    if let Err(error) = transfer(&client, &wallet_id, &order).await {
        let error = error.downcast_ref::<cobo_auth::Error>();
        let execution = error.map(cobo_auth::Error::execution);
        println!("4. the lookup failed: {execution:?}");
    }
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

/// Prints the Custodial Wallets, and returns the id of the first.
async fn list_wallets(client: &Waas2Client) -> Result<Option<String>, Box<dyn Error>> {
    let mut found = None;
    let mut wallets = client.list_wallets().limit(50).items();
    while let Some(wallet) = wallets.next().await {
        if let WalletInfo::Custodial(wallet) = wallet? {
            println!("1. Custodial Wallet {}", wallet.name);
            found = found.or(Some(wallet.wallet_id));
        }
    }
    Ok(found)
}

async fn create_address(client: &Waas2Client, wallet_id: &str) -> Result<(), Box<dyn Error>> {
    // An address to which others can send.
    let wanted = models::CreateAddressRequest::builder()
        .chain_id("ETH")
        .count(1);
    let request = client.create_address().wallet_id(wallet_id);
    let created = request.create_address_request(wanted).send().await?;
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
    // The amount that the sandbox answers with is the example of the document.
    let estimate = client.estimate_fee().estimate_fee_params(planned);
    match estimate.send().await?.into_inner() {
        EstimatedFee::Fixed(fee) => println!("3. fee: {} {}", fee.fee_amount, fee.token_id),
        other => println!("3. fee of another type: {other:?}"),
    }
    Ok(())
}

/// Sends the transfer of an order, and returns the transaction's id. It can be called again after a
/// crash: the order is paid once.
async fn transfer(
    client: &Waas2Client,
    wallet_id: &str,
    order: &Path,
) -> Result<String, Box<dyn Error>> {
    // An order has one id. A real app stores it in its database, with the order.
    let request_id = if order.exists() {
        RequestId::new(fs::read_to_string(order)?)?
    } else {
        let request_id = RequestId::random()?;
        let mut file = File::create(order)?;
        file.write_all(request_id.as_str().as_bytes())?;
        file.sync_all()?; // on the disk, before `send`
        request_id
    };
    let recipient = models::AddressTransferDestinationAccountOutput::builder()
        .address(SUPPLIER)
        .amount(AMOUNT);
    let params = models::TransferParams::builder()
        .request_id(&request_id)
        .source(models::CustodialTransferSource::builder().wallet_id(wallet_id))
        .token_id(TOKEN)
        .destination(models::AddressTransferDestination::builder().account_output(recipient));
    let request = client.create_transfer_transaction();
    match request.transfer_params(params).send().await {
        Ok(sent) => {
            println!("4. transaction {}: {}", sent.transaction_id, sent.status);
            Ok(sent.into_inner().transaction_id)
        }
        // It was sent before, by this call or an earlier one. Find that transaction.
        Err(error) if error.kind() == ErrorKind::RequestIdTaken => {
            match client.find_transaction(&request_id).await {
                Lookup::Found(sent) if is_of_order(&sent, wallet_id) => {
                    println!("4. sent before: {}", sent.transaction_id);
                    Ok(sent.transaction_id)
                }
                Lookup::Found(_) => {
                    Err("another transfer has the request id of this order: ask a person".into())
                }
                // Still unknown: return the error of the transfer, never the one of the lookup.
                Lookup::NotListed | Lookup::Failed(_) => Err(error.into()),
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether a transaction is the transfer of the order.
fn is_of_order(sent: &Transaction, wallet_id: &str) -> bool {
    let models::TransactionDestination::Address(to) = &sent.destination else {
        return false;
    };
    let Some(output) = &to.account_output else {
        return false;
    };
    // By value: "1.5" and "1.50" are the same amount. `None` is an amount that cannot be read.
    let amount = |text: &str| exact_decimal(text).ok();
    let sent_amount = output.amount.as_deref().and_then(amount);
    // The letters of an address of Ethereum and similar chains may be upper or lower case.
    // Compare the addresses of all other chains exactly, and the `memo` of those that have one.
    let sent_to = output.address.as_deref().unwrap_or_default();
    sent.wallet_id == wallet_id
        && sent.token_id.as_deref() == Some(TOKEN)
        && sent_to.eq_ignore_ascii_case(SUPPLIER)
        && sent_amount.is_some()
        && sent_amount == amount(AMOUNT)
}

async fn wait(client: &Waas2Client, transaction_id: &str) -> Result<(), Box<dyn Error>> {
    let request = client
        .get_transaction_by_id()
        .transaction_id(transaction_id);
    match Waiter::new().wait(request).await {
        Ok(transaction) => println!("5. final state: {}", transaction.status),
        Err(WaitError::Failed { reason, .. }) => println!("5. it failed: {reason}"),
        // The deadline passed, or the state cannot be read. The transfer was accepted, and may still end in
        // either way: this error is about the reads, so do not decide by its `execution()`.
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
