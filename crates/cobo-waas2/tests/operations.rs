//! Operations against a sandbox that checks each request against the document and answers from it.

#![allow(clippy::unwrap_used)] // a panic fails the test

mod support;

use cobo_auth::{ErrorKind, Operation};
use cobo_sandbox::{Sandbox, Specification};
use cobo_waas2::operations::{CREATE_TRANSFER_TRANSACTION, LIST_WALLETS};
use cobo_waas2::{Waas2Client, models};

const WALLET: &str = "f47ac10b-58cc-4372-a567-0e02b2c3d479";

async fn sandbox() -> (Sandbox, Waas2Client) {
    let (sandbox, client) =
        support::start(Sandbox::builder().specification(Specification::waas2())).await;
    (sandbox, Waas2Client::new(client.build().unwrap()))
}

fn transfer() -> models::builder::TransferParams {
    models::TransferParams::builder()
        .request_id("3a5c1c4e-0001")
        .token_id("ETH_USDT")
        .source(
            models::MpcTransferSource::builder()
                .source_type(models::WalletSubtype::OrgControlled)
                .wallet_id(WALLET)
                .address("0x0000000000000000000000000000000000000001"),
        )
}

fn account(amount: &str) -> models::builder::AddressTransferDestinationAccountOutput {
    models::AddressTransferDestinationAccountOutput::builder()
        .address("0x0000000000000000000000000000000000000002")
        .amount(amount)
}

#[tokio::test]
async fn wallets_are_listed_and_a_transfer_is_created() {
    let (sandbox, client) = sandbox().await;
    let wallets = client.list_wallets().limit(10).send().await.unwrap();
    assert!(!wallets.data.as_ref().unwrap().is_empty());

    let destination = models::AddressTransferDestination::builder().account_output(account("1.5"));
    let created = client
        .create_transfer_transaction()
        .transfer_params(transfer().destination(destination))
        .send()
        .await
        .unwrap();
    assert!(!created.transaction_id.is_empty());

    let received = sandbox.received();
    let body: serde_json::Value = serde_json::from_slice(&received[1].body).unwrap();
    assert_eq!(body["destination"]["destination_type"], "Address");
    assert_eq!(body["destination"]["account_output"]["amount"], "1.5");
    assert_eq!(body["source"]["source_type"], "Org-Controlled");
    assert!(
        sandbox.violations().is_empty(),
        "{:?}",
        sandbox.violations()
    );
}

#[tokio::test]
async fn missing_fields_of_a_transfer_are_named_by_path_and_nothing_is_sent() {
    let (sandbox, client) = sandbox().await;
    let destination = models::AddressTransferDestination::builder()
        .account_output(models::AddressTransferDestinationAccountOutput::builder());
    let transfer = models::TransferParams::builder()
        .source(models::MpcTransferSource::builder())
        .destination(destination);
    let error = client
        .create_transfer_transaction()
        .transfer_params(transfer)
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert_eq!(
        error.missing_fields(),
        [
            "transfer_params.request_id",
            "transfer_params.source.source_type",
            "transfer_params.source.wallet_id",
            "transfer_params.token_id",
            "transfer_params.destination.account_output.address",
            "transfer_params.destination.account_output.amount",
        ]
    );
    assert!(sandbox.received().is_empty());
}

#[test]
fn scopes_of_used_operations_can_be_listed() {
    let scopes = Operation::scopes_of([&CREATE_TRANSFER_TRANSACTION, &LIST_WALLETS]);
    assert_eq!(scopes, ["transaction.withdraw", "wallet.read"]);
    assert!(LIST_WALLETS.is_repeatable());
    assert!(CREATE_TRANSFER_TRANSACTION.is_repeatable());
}
