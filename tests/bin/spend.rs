//! An app that pays orders, each with one transfer, and that can be killed at any moment.
//!
//! It stores the request id of an order before it sends anything, and continues from the stored ids after a restart.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cobo_auth::{Environment, Execution, HttpOptions, RequestId, RetryPolicy};
use cobo_tests::client;
use cobo_tests::journal::{Claim, Entry, Journal, Order};
use cobo_waas2::{Lookup, Waas2Client, models};
use tokio::task::JoinSet;

/// How many orders are paid at a time.
const AT_ONCE: usize = 6;
/// Shorter than the sandbox's longest delay.
const TIMEOUT: Duration = Duration::from_millis(400);

/// Pays the orders with the numbers below `orders` that have not ended, and returns.
pub(crate) async fn spend(journal: &str, environment: Environment, wallet_id: &str, orders: usize) {
    let (journal, known) = Journal::open(journal);
    let client = client::builder(environment)
        .http(HttpOptions::new().timeout(TIMEOUT))
        .retry(RetryPolicy::standard().base_delay(Duration::from_millis(5)));
    let app = Arc::new(App {
        client: Waas2Client::new(client.build().unwrap()),
        journal,
        known,
        wallet_id: wallet_id.to_owned(),
        next: AtomicUsize::new(0),
        calls: AtomicUsize::new(0),
    });
    let mut tasks = JoinSet::new();
    for _ in 0..AT_ONCE {
        let app = Arc::clone(&app);
        tasks.spawn(async move {
            loop {
                let order = app.next.fetch_add(1, Ordering::Relaxed);
                if order >= orders {
                    break;
                }
                app.pay(order).await;
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
}

struct App {
    client: Waas2Client,
    journal: Journal,
    known: BTreeMap<usize, Order>,
    wallet_id: String,
    next: AtomicUsize,
    calls: AtomicUsize,
}

impl App {
    async fn pay(&self, order: usize) {
        let known = self.known.get(&order).cloned().unwrap_or_default();
        if known.end.is_some() {
            return;
        }
        let mut uncertain = known.is_uncertain();
        let id = match known.request_ids.last() {
            Some(id) => RequestId::new(id.clone()).unwrap(),
            None => self.new_id(order),
        };
        let transaction_id = loop {
            match self.send(order, &id).await {
                Claim::CarriedOut(transaction_id) => break Some(transaction_id),
                // It says nothing about an earlier call.
                Claim::NotCarriedOut if !uncertain => break None,
                Claim::NotCarriedOut => {}
                Claim::Taken | Claim::Unknown => uncertain = true,
            }
            // If it is not found, an earlier request may still arrive. So the loop sends it again, with the same id.
            if let Some(transaction_id) = self.look_up(&id).await {
                break Some(transaction_id);
            }
        };
        self.journal.write(&Entry::End {
            order,
            transaction_id,
        });
    }

    fn new_id(&self, order: usize) -> RequestId {
        let id = RequestId::random().unwrap();
        let request_id = id.as_str().to_owned();
        self.journal.write(&Entry::Id { order, request_id });
        id
    }

    /// Makes a call, and stores what it says.
    async fn send(&self, order: usize, id: &RequestId) -> Claim {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        let call = format!("{}-{number}", std::process::id());
        self.journal.write(&Entry::Call {
            order,
            call: call.clone(),
        });
        let account = models::AddressTransferDestinationAccountOutput::builder()
            .address("0x0000000000000000000000000000000000000002")
            .amount(format!("{order}.5"));
        let params = models::TransferParams::builder()
            .request_id(id)
            .token_id("ETH_USDT")
            .source(models::CustodialTransferSource::builder().wallet_id(self.wallet_id.as_str()))
            .destination(models::AddressTransferDestination::builder().account_output(account))
            .description(call.as_str());
        let request = self.client.create_transfer_transaction();
        let claim = match request.transfer_params(params).send().await {
            Ok(created) => Claim::CarriedOut(created.transaction_id.clone()),
            Err(error) if error.is_request_id_taken() => Claim::Taken,
            Err(error) if error.execution() == Execution::NotExecuted => Claim::NotCarriedOut,
            Err(error) => {
                assert_eq!(error.execution(), Execution::Unknown, "{error}");
                assert_eq!(error.request_id(), Some(id), "{error}");
                Claim::Unknown
            }
        };
        self.journal.write(&Entry::Claim {
            order,
            call,
            claim: claim.clone(),
        });
        claim
    }

    /// The transaction of a request id, if Cobo has one.
    async fn look_up(&self, id: &RequestId) -> Option<String> {
        loop {
            match self.client.find_transaction(id).await {
                Lookup::Found(transaction) => return Some(transaction.transaction_id),
                Lookup::NotListed => return None,
                Lookup::Failed(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    }
}
