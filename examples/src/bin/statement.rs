//! Prints the transfers of one month as CSV, with the sum for each type and token. The sums are exact: no
//! amount becomes a floating-point number.

#![allow(clippy::print_stdout)] // prints the statement

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use cobo_sandbox::{AppKey, Clock, DEMO_APP_KEY, DEMO_ORG_ID, Sandbox};
use cobo_waas2::models::{self, Transaction, TransactionDestination};
use cobo_waas2::{RequestId, Waas2Client, exact_decimal};

/// 1 November and 1 December 2023, 00:00 UTC, in milliseconds since 1970.
const NOVEMBER_MS: i64 = 1_698_796_800_000;
const DECEMBER_MS: i64 = 1_701_388_800_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // The organization calls with its own key here, so it needs no token.
    let clock = Clock::fixed(1_698_796_000_000);
    let sandbox = Sandbox::waas2()
        .org_key(AppKey::from_hex(DEMO_APP_KEY)?, DEMO_ORG_ID)
        .clock(clock.clone())
        .start()
        .await?;
    let client = Waas2Client::new(cobo_examples::client(&sandbox)?);
    create_transfers(&client, &clock).await?;
    print!("{}", statement(&client, NOVEMBER_MS, DECEMBER_MS).await?);
    Ok(())
}

/// The completed transactions that were created from `from_ms` until before `until_ms`.
async fn statement(
    client: &Waas2Client,
    from_ms: i64,
    until_ms: i64,
) -> Result<String, Box<dyn Error>> {
    // Both bounds are inclusive. `items()` requests the next page when it is needed.
    let mut transactions = client
        .list_transactions()
        .statuses("Completed")
        .min_created_timestamp(from_ms)
        .max_created_timestamp(until_ms - 1)
        .limit(50)
        .items();
    let mut csv = "created_ms,transaction,type,token,amount\n".to_owned();
    let mut sums = BTreeMap::new();
    while let Some(transaction) = transactions.next().await {
        // An error ends the statement: one that lacks a page would look complete.
        let transaction = transaction?;
        let token = transaction.token_id.as_deref().unwrap_or_default();
        let kind = transaction.type_.as_ref().map(ToString::to_string);
        let kind = kind.unwrap_or_default();
        let (created, id) = (transaction.created_timestamp, &transaction.transaction_id);
        let text = amount(&transaction).ok_or_else(|| format!("no amount in {id}"))?;
        csv += &format!("{created},{id},{kind},{token},{text}\n");

        // `exact_decimal` fails where a digit would be lost. The sum must not lose one either.
        let value = exact_decimal(text)?;
        let sum = sums
            .entry((kind, token.to_owned()))
            .or_insert(exact_decimal("0")?);
        let added = sum.checked_add(value).ok_or("the sum is too large")?;
        if added.scale() < value.scale().max(sum.scale()) {
            return Err("the sum has more digits than a decimal holds".into());
        }
        *sum = added;
    }
    for ((kind, token), sum) in sums {
        csv += &format!(",sum,{kind},{token},{sum}\n");
    }
    Ok(csv)
}

/// The amount of a transfer to one address or wallet, or of a deposit, as the text that Cobo sent.
fn amount(transaction: &Transaction) -> Option<&str> {
    match &transaction.destination {
        TransactionDestination::Address(to) => to.account_output.as_ref()?.amount.as_deref(),
        TransactionDestination::TransactionTransferToWalletDestination(to) => Some(&to.amount),
        TransactionDestination::DepositToAddress(to) => Some(&to.amount),
        TransactionDestination::DepositToWallet(to) => Some(&to.amount),
        _ => None,
    }
}

/// Transfers in October, November and December.
async fn create_transfers(client: &Waas2Client, clock: &Clock) -> Result<(), Box<dyn Error>> {
    let wallet = models::CreateCustodialWalletParams::builder()
        .name("Treasury")
        .wallet_subtype(models::WalletSubtype::Asset);
    let request = client.create_wallet().create_wallet_params(wallet);
    let models::CreatedWalletInfo::Custodial(wallet) = request.send().await?.into_inner() else {
        return Err("not a Custodial Wallet".into());
    };
    let transfers = [
        ("ETH_USDT", "1000"), // October
        ("ETH_USDT", "0.10"), // November, with the next three
        ("ETH_USDT", "0.20"),
        ("ETH", "0.000000000000000001"), // 1 wei
        ("ETH", "12345678.5"),
        ("ETH_USDT", "3000"), // December
    ];
    for (token_id, amount) in transfers {
        let recipient = models::AddressTransferDestinationAccountOutput::builder()
            .address("0x9f2f5dd4bd8f3d0fd8a5d0a4c1d4b9a1a3c0c5b1")
            .amount(amount);
        let to = models::AddressTransferDestination::builder().account_output(recipient);
        let source = models::CustodialTransferSource::builder().wallet_id(&wallet.wallet_id);
        let params = models::TransferParams::builder()
            .request_id(&RequestId::random()?)
            .source(source)
            .token_id(token_id)
            .destination(to);
        let request = client.create_transfer_transaction();
        request.transfer_params(params).send().await?;
        clock.advance(Duration::from_secs(7 * 24 * 60 * 60));
    }
    Ok(())
}
