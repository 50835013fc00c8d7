//! Waits for the end of transfers: one completes, one fails, one is not final in time, and one is sent and
//! waited for by the same function.

#![allow(clippy::print_stdout)] // prints the result of each step

use std::error::Error;
use std::time::Duration;

use cobo_oauth::{OAuthClient, TokenSource};
use cobo_sandbox::{DEMO_ORG_ID, End, Sandbox};
use cobo_waas2::models::{self, CreatedWalletInfo, WalletSubtype};
use cobo_waas2::wait::{WaitError, Waiter};
use cobo_waas2::{RequestId, Waas2Client};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::waas2().start().await?;
    let auth = cobo_examples::client(&sandbox)?;
    let tokens = TokenSource::new(OAuthClient::new(auth.clone()), sandbox.client_id());
    let client = Waas2Client::new(auth.with_credential(tokens.credential(DEMO_ORG_ID)));
    let wallet_id = create_wallet(&client).await?;

    let ends = [
        End::succeeds(),
        End::fails("a signer refused"),
        End::stays("PendingSignature"),
    ];
    sandbox.script_end("create_transfer_transaction", ends)?;
    let mut sent = Vec::new();
    for order in ["order-1", "order-2", "order-3"] {
        sent.push(transfer(&client, &wallet_id, order).await?);
    }
    // A transfer takes minutes at Cobo. The sandbox's clock is moved instead.
    sandbox.advance_to_end();
    for (number, transaction_id) in (1..).zip(&sent) {
        println!("{number}. {}", follow(&client, transaction_id).await?);
    }

    // Code that transfers and waits by itself: this transfer ends as soon as it is created.
    sandbox.script_end("create_transfer_transaction", [End::succeeds().at_once()])?;
    println!("4. {}", pay(&client, &wallet_id).await?);
    tokens.shutdown().await;
    Ok(())
}

/// Transfers, and waits for the end.
async fn pay(client: &Waas2Client, wallet_id: &str) -> Result<String, Box<dyn Error>> {
    let transaction_id = transfer(client, wallet_id, "order-4").await?;
    follow(client, &transaction_id).await
}

/// Waits for the end of a transaction, and says what it is.
async fn follow(client: &Waas2Client, transaction_id: &str) -> Result<String, Box<dyn Error>> {
    let request = client
        .get_transaction_by_id()
        .transaction_id(transaction_id);
    // At Cobo, give it minutes.
    let waiter = Waiter::new().deadline(Duration::from_secs(2));
    match waiter.wait(request).await {
        Ok(transaction) => Ok(format!("paid: {}", transaction.status)),
        // Not paid. If another transaction replaced it, `reason` names that one: follow it first.
        Err(WaitError::Failed { reason, .. }) => Ok(format!("not paid: {reason}")),
        // It may still end in either way: wait again, and do not pay in another way.
        Err(WaitError::TimedOut { last, .. }) => match last {
            Some(transaction) => Ok(format!("not known yet: {}", transaction.status)),
            None => Ok("not known yet".to_owned()),
        },
        // The state cannot be read. This says nothing about the transaction.
        Err(error) => Err(error.into()),
    }
}

async fn create_wallet(client: &Waas2Client) -> Result<String, Box<dyn Error>> {
    let wallet = models::CreateCustodialWalletParams::builder()
        .name("Treasury")
        .wallet_subtype(WalletSubtype::Asset);
    let request = client.create_wallet().create_wallet_params(wallet);
    match request.send().await?.into_inner() {
        CreatedWalletInfo::Custodial(wallet) => Ok(wallet.wallet_id),
        other => Err(format!("a wallet of another type: {other:?}").into()),
    }
}

/// Sends the transfer of an order, whose id is the request id, and returns the transaction's id.
async fn transfer(
    client: &Waas2Client,
    wallet_id: &str,
    order: &str,
) -> Result<String, Box<dyn Error>> {
    let recipient = models::AddressTransferDestinationAccountOutput::builder()
        .address("0x9f2f5dd4bd8f3d0fd8a5d0a4c1d4b9a1a3c0c5b1")
        .amount("1.50");
    let params = models::TransferParams::builder()
        .request_id(RequestId::new(order)?)
        .source(models::CustodialTransferSource::builder().wallet_id(wallet_id))
        .token_id("ETH_USDT")
        .destination(models::AddressTransferDestination::builder().account_output(recipient));
    let request = client.create_transfer_transaction();
    let sent = request.transfer_params(params).send().await?;
    Ok(sent.into_inner().transaction_id)
}
