//! Approves transfers by a rule: Cobo asks before it sends a transfer, and the app answers `ok` or `deny`.
//! The rule has a limit for the amount and a list of recipients. Everything else is denied.

#![allow(clippy::print_stdout)] // prints the result of each step

use std::collections::BTreeSet;
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use cobo_auth::InboundVerifier;
use cobo_axum::callback;
use cobo_oauth::{OAuthClient, TokenSource};
use cobo_sandbox::{AppKey, DEMO_APP_KEY, DEMO_ORG_ID, Sandbox};
use cobo_waas2::models::{self, TransactionDestination, WalletSubtype};
use cobo_waas2::webhooks::{CallbackRequest, Decision};
use cobo_waas2::{RequestId, Waas2Client, exact_decimal};
use tokio::net::TcpListener;

const TOKEN: &str = "ETH_USDT";
const SUPPLIER: &str = "0x9f2f5dd4bd8f3d0fd8a5d0a4c1d4b9a1a3c0c5b1";
const STRANGER: &str = "0x1111111111111111111111111111111111111111";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::waas2().start().await?;
    let environment = cobo_examples::environment(&sandbox)?;
    let auth = cobo_examples::client(&sandbox)?;
    let tokens = TokenSource::new(OAuthClient::new(auth.clone()), sandbox.client_id());
    let client = Waas2Client::new(auth.with_credential(tokens.credential(DEMO_ORG_ID)));
    let wallet_id = create_wallet(&client).await?;

    let rule = Rule {
        wallet_id: wallet_id.clone(),
        largest: "100",
        recipients: BTreeSet::from([SUPPLIER.to_lowercase()]),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/callback", listener.local_addr()?);
    let app = app(InboundVerifier::new(&environment)?, rule);
    tokio::spawn(async move { axum::serve(listener, app).await });
    // With Cobo, you register the URL on the portal, for the API key that starts transfers.
    sandbox.set_callback(&AppKey::from_hex(DEMO_APP_KEY)?, url)?;

    for (number, recipient, amount) in [
        (1, SUPPLIER, "99.99"),
        (2, SUPPLIER, "100.000000000000000001"),
        (3, STRANGER, "1"),
    ] {
        let transaction_id = transfer(&client, &wallet_id, recipient, amount).await?;
        for delivery in sandbox.deliveries() {
            delivery.ended().await;
        }
        sandbox.advance_to_end();
        let request = client
            .get_transaction_by_id()
            .transaction_id(transaction_id);
        println!("{number}. {amount}: {}", request.send().await?.status);
    }
    tokens.shutdown().await;
    Ok(())
}

/// The route for Cobo.
fn app(verifier: InboundVerifier, rule: Rule) -> axum::Router {
    let rule = Arc::new(rule);
    let decide = move |transaction: cobo_auth::Verified<CallbackRequest>| {
        let decision = rule.decide(&transaction);
        async { Ok::<_, io::Error>(decision) }
    };
    let route = callback(verifier, Duration::from_secs(2), decide);
    axum::Router::new().route("/callback", route)
}

/// What may be sent without a person.
struct Rule {
    wallet_id: String,
    /// The largest amount of one transfer.
    largest: &'static str,
    /// In lower case.
    recipients: BTreeSet<String>,
}

impl Rule {
    /// Approves only what it knows: a transfer of one token from one wallet to one address of the list.
    fn decide(&self, transaction: &CallbackRequest) -> Decision {
        match self.problem(transaction) {
            None => Decision::Approve,
            Some(problem) => Decision::Deny(problem.to_owned()),
        }
    }

    fn problem(&self, transaction: &CallbackRequest) -> Option<&'static str> {
        let TransactionDestination::Address(destination) = &transaction.destination else {
            return Some("not a transfer to an address");
        };
        // Bitcoin has several outputs; this rule is for one.
        let Some(output) = &destination.account_output else {
            return Some("the recipient is missing");
        };
        let recipient = output.address.as_deref().unwrap_or_default();
        // An amount is text, with all its digits. A floating-point number would round the second transfer.
        let amount = exact_decimal(output.amount.as_deref().unwrap_or_default());
        let (Ok(amount), Ok(largest)) = (amount, exact_decimal(self.largest)) else {
            return Some("the amount is not a number");
        };
        if transaction.wallet_id != self.wallet_id {
            Some("another wallet")
        } else if transaction.token_id.as_deref() != Some(TOKEN) {
            Some("another token")
        } else if amount > largest {
            Some("above the limit")
        } else if !self.recipients.contains(&recipient.to_lowercase()) {
            Some("not on the list of recipients")
        } else {
            None
        }
    }
}

async fn create_wallet(client: &Waas2Client) -> Result<String, Box<dyn Error>> {
    let wallet = models::CreateCustodialWalletParams::builder()
        .name("Treasury")
        .wallet_subtype(WalletSubtype::Asset);
    let request = client.create_wallet().create_wallet_params(wallet);
    match request.send().await?.into_inner() {
        models::CreatedWalletInfo::Custodial(wallet) => Ok(wallet.wallet_id),
        _ => Err("not a Custodial Wallet".into()),
    }
}

async fn transfer(
    client: &Waas2Client,
    wallet_id: &str,
    recipient: &str,
    amount: &str,
) -> Result<String, Box<dyn Error>> {
    let recipient = models::AddressTransferDestinationAccountOutput::builder()
        .address(recipient)
        .amount(amount);
    let params = models::TransferParams::builder()
        .request_id(&RequestId::random()?)
        .source(models::CustodialTransferSource::builder().wallet_id(wallet_id))
        .token_id(TOKEN)
        .destination(models::AddressTransferDestination::builder().account_output(recipient));
    let request = client.create_transfer_transaction().transfer_params(params);
    Ok(request.send().await?.into_inner().transaction_id)
}
