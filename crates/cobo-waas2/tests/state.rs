//! A flow of an app on a sandbox that keeps state: a wallet, a transfer, and its end.

#![allow(clippy::unwrap_used)] // a panic fails the test

mod support;

use cobo_sandbox::Sandbox;
use cobo_waas2::models::{CreateWalletParams, TransactionStatus, WalletInfo};
use cobo_waas2::{Lookup, RequestId, Waas2Client, models};

async fn sandbox() -> (Sandbox, Waas2Client) {
    let (sandbox, client) = support::start(Sandbox::waas2()).await;
    (sandbox, Waas2Client::new(client.build().unwrap()))
}

fn transfer(wallet_id: &str) -> models::builder::TransferParams {
    let account = models::AddressTransferDestinationAccountOutput::builder()
        .address("0x0000000000000000000000000000000000000002")
        .amount("1.50");
    models::TransferParams::builder()
        .request_id("order-1024")
        .token_id("ETH_USDT")
        .source(models::CustodialTransferSource::builder().wallet_id(wallet_id))
        .destination(models::AddressTransferDestination::builder().account_output(account))
}

#[tokio::test]
async fn transfer_completes_and_reusing_its_request_id_is_refused() {
    let (sandbox, client) = sandbox().await;
    let params = models::CreateCustodialWalletParams::builder()
        .name("Treasury")
        .wallet_subtype(models::WalletSubtype::Asset);
    let params: CreateWalletParams =
        CreateWalletParams::Custodial(Box::new(params.build().unwrap()));
    client
        .create_wallet()
        .create_wallet_params(params)
        .send()
        .await
        .unwrap();
    let mut wallets = client.list_wallets().items();
    let Some(WalletInfo::Custodial(wallet)) = wallets.next().await.transpose().unwrap() else {
        panic!("the wallet that was created is not listed");
    };
    assert_eq!(wallet.name, "Treasury");

    let send = || {
        let params = transfer(&wallet.wallet_id);
        let call = client.create_transfer_transaction();
        call.transfer_params(params).send()
    };
    let sent = send().await.unwrap();
    assert_eq!(sent.status, TransactionStatus::Submitted);
    let error = send().await.unwrap_err();
    assert!(error.code().unwrap().is_duplicate(), "{error}");

    sandbox.advance_to_end();
    let id = RequestId::new("order-1024").unwrap();
    let Lookup::Found(transaction) = client.find_transaction(&id).await else {
        panic!("the transfer is not found by its request id");
    };
    let other = RequestId::new("order-1025").unwrap();
    let found = client.find_transaction(&other).await;
    assert!(matches!(found, Lookup::NotListed), "{found:?}");
    assert_eq!(transaction.transaction_id, sent.transaction_id);
    assert_eq!(transaction.status, TransactionStatus::Completed);
    assert_eq!(sandbox.violation_count(), 0, "{:?}", sandbox.violations());
}
