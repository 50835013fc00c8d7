//! An app pays orders by transfers, on a sandbox that fails at random, and is killed at random moments. No request id is
//! carried out twice, no order is forgotten, and what each call says about its transfer is true.
//!
//! `COBO_TRANSFERS` sets the number of orders; `.ci/transfers` pays 1,000.

#![allow(clippy::panic, clippy::unwrap_used, clippy::print_stdout)] // a panic fails the test; it prints figures

use std::collections::{BTreeMap, HashMap, HashSet};
use std::process::Command;
use std::time::Duration;

use cobo_sandbox::{Answer, AppKey, DEMO_APP_KEY, DEMO_ORG_ID, ReceivedRequest, Sandbox};
use cobo_tests::client;
use cobo_tests::directory::directory;
use cobo_tests::journal::{Claim, Journal, Order};
use cobo_tests::process::Process;
use cobo_waas2::Waas2Client;
use cobo_waas2::models::{self, CreateWalletParams, CreatedWalletInfo};
use http::{Method, StatusCode};
use serde_json::Value;

const TRANSFERS: usize = 300;
/// The app is killed after a random time up to this, in milliseconds, and one more for each kill before. So it also gets
/// on where it starts slowly.
const SHORT_RUN_MS: u64 = 300;
/// One run in four, the first among them, takes this time and up to a third more: calls get through all their attempts,
/// although each times out. It is less than the orders take.
const LONG_RUN_MS: u64 = 1_500;
/// How many requests in a row are answered by the same fault: enough that all attempts of some calls get it.
const BURST: usize = 24;
/// How many requests are refused after that: some calls get a refusal after an attempt that was carried out.
const REFUSALS: usize = 6;
const TRANSFER: &str = "create_transfer_transaction";
const LOOKUP: &str = "list_transactions";

/// How the sandbox answers a request: its name, its weight among the others, and the answer. Cobo's signed 429 and its
/// signed refusal say that nothing was done, so those two are never sent after the transfer was carried out.
type Fault = (&'static str, u64, fn() -> Answer);

const REFUSAL: Fault = ("400", 5, || Answer::error(StatusCode::BAD_REQUEST, 2006));

/// The transfer is carried out and the answer says so, or it is not carried out.
const HARMLESS: [Fault; 8] = [
    REFUSAL,
    ("none", 36, Answer::as_usual),
    ("slow", 8, || {
        Answer::as_usual().delay(Duration::from_millis(60))
    }),
    ("request dropped", 5, || unavailable().dropped()),
    ("reset before execution", 4, || unavailable().reset()),
    ("429", 8, || throttled().header("Retry-After", "0")),
    ("500", 4, internal),
    ("503", 4, unavailable),
];

/// The transfer is carried out, and the answer does not say so.
const LOST: [Fault; 8] = [
    ("later than the timeout", 4, || {
        Answer::as_usual().delay(Duration::from_millis(700))
    }),
    ("answer dropped", 5, || Answer::as_usual().dropped()),
    ("answer torn", 4, || Answer::as_usual().torn()),
    ("reset after execution", 4, || Answer::as_usual().reset()),
    ("429 of a gateway after execution", 3, || {
        throttled().unsigned().after_execution()
    }),
    ("500 after execution", 3, || internal().after_execution()),
    ("503 after execution", 3, || unavailable().after_execution()),
    ("503 of a gateway after execution", 3, || {
        let page = Answer::text(StatusCode::SERVICE_UNAVAILABLE, "<html>");
        page.header("Content-Type", "text/html")
            .unsigned()
            .after_execution()
    }),
];

fn throttled() -> Answer {
    Answer::error(StatusCode::TOO_MANY_REQUESTS, 2026)
}

fn internal() -> Answer {
    Answer::error(StatusCode::INTERNAL_SERVER_ERROR, 2000)
}

fn unavailable() -> Answer {
    Answer::error(StatusCode::SERVICE_UNAVAILABLE, 2000)
}

fn random(below: u64) -> u64 {
    getrandom::u64().unwrap() % below
}

/// Each fault that loses an answer, many times in a row, as in an outage, and then refusals.
fn outages() -> Vec<&'static Fault> {
    let outages = LOST.iter().flat_map(|fault| {
        let refusals = std::iter::repeat_n(&REFUSAL, REFUSALS);
        std::iter::repeat_n(fault, BURST).chain(refusals)
    });
    outages.collect()
}

/// Random faults.
fn mixture(length: usize) -> Vec<&'static Fault> {
    let faults: Vec<_> = HARMLESS.iter().chain(&LOST).collect();
    let all: u64 = faults.iter().map(|(_, weight, _)| weight).sum();
    let mut mixture = Vec::new();
    mixture.resize_with(length, || {
        let mut left = random(all);
        let chosen = faults.iter().find(|(_, weight, _)| {
            let found = left < *weight;
            left = left.saturating_sub(*weight);
            found
        });
        *chosen.unwrap()
    });
    mixture
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_app_pays_each_order_at_most_once_and_knows_which() {
    let orders = std::env::var("COBO_TRANSFERS");
    let orders = orders.map_or(TRANSFERS, |orders| orders.parse().unwrap());
    let key = AppKey::from_hex(DEMO_APP_KEY).unwrap();
    let sandbox = Sandbox::waas2().org_key(key, DEMO_ORG_ID);
    let sandbox = sandbox.received_limit(1_000_000).start().await.unwrap();
    let wallet_id = wallet(&sandbox).await;
    // More than the app needs.
    let plan = [outages(), mixture(orders * 20)].concat();
    for (operation, faults) in [(TRANSFER, &plan), (LOOKUP, &mixture(orders * 20))] {
        let answers = faults.iter().map(|(_, _, answer)| answer());
        sandbox.script(operation, answers).unwrap();
    }

    let dir = directory();
    let journal = dir.path().join("journal");
    let mut kills = 0;
    loop {
        let mut command = Command::new(env!("CARGO_BIN_EXE_worker"));
        command.arg("spend").arg(&journal);
        command.args([sandbox.base_url(), &sandbox.response_public_key()]);
        let mut app = Process::start(command.args([&wallet_id, &orders.to_string()]));
        let run = if kills % 4 == 0 {
            LONG_RUN_MS + random(LONG_RUN_MS / 3)
        } else {
            random(SHORT_RUN_MS + kills)
        };
        let run = Duration::from_millis(run);
        if tokio::time::timeout(run, ended(&mut app)).await.is_ok() {
            break;
        }
        app.kill();
        kills += 1;
    }

    let (_, known) = Journal::open(&journal);
    let created = sandbox.created(TRANSFER);
    let checked = Checked::new(&known, &created);
    assert_eq!(known.len(), orders, "an order was forgotten");
    checked.each_order_has_one_request_id();
    checked.each_request_id_is_carried_out_at_most_once();
    checked.each_claim_is_true();
    checked.each_end_is_true();
    checked.some_call_says_that_its_request_id_was_taken();

    let received = sandbox.received();
    let transfers: Vec<_> = received.iter().filter(|it| is_transfer(it)).collect();
    checked.each_request_has_a_stored_request_id(&transfers);
    assert_eq!(sandbox.violation_count(), 0, "{:?}", sandbox.violations());
    checked.print(kills, transfers.len(), received.len(), &plan);
    assert!(kills > 0, "it was killed");
    assert!(transfers.len() > orders, "requests were sent again");
}

/// Waits for the end of the app, which must not fail.
async fn ended(app: &mut Process) {
    while app.runs() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert!(app.succeeded(), "the app failed");
}

async fn wallet(sandbox: &Sandbox) -> String {
    let client = Waas2Client::new(client::auth(sandbox));
    let params = models::CreateCustodialWalletParams::builder()
        .name("Treasury")
        .wallet_subtype(models::WalletSubtype::Asset);
    let params = CreateWalletParams::Custodial(Box::new(params.build().unwrap()));
    let created = client.create_wallet().create_wallet_params(params);
    match created.send().await.unwrap().into_inner() {
        CreatedWalletInfo::Custodial(wallet) => wallet.wallet_id.clone(),
        other => panic!("{other:?}"),
    }
}

/// Whether the sandbox read a request for a transfer completely.
fn is_transfer(request: &ReceivedRequest) -> bool {
    request.accepted && request.method == Method::POST && request.path().ends_with("/transfer")
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap()
}

/// What the app has stored, and the transactions that the sandbox has.
struct Checked<'a> {
    orders: &'a BTreeMap<usize, Order>,
    created: &'a [Value],
    by_description: HashMap<&'a str, Vec<&'a Value>>,
    by_request_id: HashMap<&'a str, Vec<&'a Value>>,
}

/// The transactions by a text that they have.
fn by<'a>(created: &'a [Value], pointer: &str) -> HashMap<&'a str, Vec<&'a Value>> {
    let mut found: HashMap<&str, Vec<&Value>> = HashMap::new();
    for transaction in created {
        let same = found.entry(text(transaction, pointer)).or_default();
        same.push(transaction);
    }
    found
}

impl<'a> Checked<'a> {
    fn new(orders: &'a BTreeMap<usize, Order>, created: &'a [Value]) -> Self {
        Self {
            orders,
            created,
            by_description: by(created, "/description"),
            by_request_id: by(created, "/request_id"),
        }
    }

    /// The transactions that one call of the app made.
    fn of_call(&self, call: &str) -> &[&'a Value] {
        self.by_description.get(call).map_or(&[], Vec::as_slice)
    }

    /// The transactions that any call with this request id made.
    fn of_request_id(&self, id: &str) -> &[&'a Value] {
        self.by_request_id.get(id).map_or(&[], Vec::as_slice)
    }

    fn each_order_has_one_request_id(&self) {
        let mut ids = HashSet::new();
        for (number, order) in self.orders {
            let [id] = order.request_ids.as_slice() else {
                panic!("order {number}: {order:?}");
            };
            assert!(ids.insert(id), "order {number}: another order has its id");
        }
    }

    fn each_request_id_is_carried_out_at_most_once(&self) {
        let mut ids = HashSet::new();
        for transaction in self.created {
            let id = text(transaction, "/request_id");
            assert!(ids.insert(id), "{id} was carried out twice");
        }
    }

    fn each_claim_is_true(&self) {
        for (number, order) in self.orders {
            for (call, claim) in &order.calls {
                let by_this_call = self.of_call(call);
                let by_any_call = self.of_request_id(&order.request_ids[0]);
                let is_true = match claim {
                    Some(Claim::CarriedOut(id)) => {
                        by_this_call.len() == 1 && text(by_this_call[0], "/transaction_id") == id
                    }
                    Some(Claim::NotCarriedOut) => by_this_call.is_empty(),
                    Some(Claim::Taken) => by_any_call.len() == 1,
                    Some(Claim::Unknown) | None => true,
                };
                assert!(is_true, "order {number}, call {call}: {claim:?}");
            }
        }
    }

    fn each_end_is_true(&self) {
        for (number, order) in self.orders {
            let carried_out = self.of_request_id(&order.request_ids[0]);
            match order.end.as_ref().unwrap() {
                None => assert!(carried_out.is_empty(), "order {number}: {order:?}"),
                Some(id) => {
                    assert_eq!(carried_out.len(), 1, "order {number}: {order:?}");
                    assert_eq!(text(carried_out[0], "/transaction_id"), id);
                    let amount = text(carried_out[0], "/destination/account_output/amount");
                    assert_eq!(amount, format!("{number}.5"));
                }
            }
        }
    }

    fn some_call_says_that_its_request_id_was_taken(&self) {
        let mut claims = self.orders.values().flat_map(|order| order.calls.values());
        assert!(claims.any(|claim| *claim == Some(Claim::Taken)));
    }

    fn each_request_has_a_stored_request_id(&self, transfers: &[&ReceivedRequest]) {
        let stored = self.orders.values().flat_map(|order| &order.request_ids);
        let stored: HashSet<&str> = stored.map(String::as_str).collect();
        for request in transfers {
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            assert!(stored.contains(text(&body, "/request_id")), "{body}");
        }
    }

    fn print(&self, kills: u64, transfers: usize, received: usize, plan: &[&Fault]) {
        let orders = self.orders.values();
        let cut_off: usize = orders.clone().map(Order::cut_off).sum();
        let claims = orders.flat_map(|order| order.calls.values().flatten());
        let count = |is: fn(&Claim) -> bool| claims.clone().filter(|claim| is(claim)).count();
        let duplicates = {
            let ids = self.created.iter().map(|it| text(it, "/request_id"));
            self.created.len() - ids.collect::<HashSet<_>>().len()
        };
        println!(
            "{} orders: {} carried out, {} not carried out, {duplicates} carried out twice",
            self.orders.len(),
            self.created.len(),
            self.orders.len() - self.created.len(),
        );
        println!(
            "{kills} kills, which cut {cut_off} calls off; {received} requests, {transfers} for transfers"
        );
        println!(
            "the other calls said: {} carried out, {} not carried out, {} request id taken, {} unknown",
            count(|it| matches!(it, Claim::CarriedOut(_))),
            count(|it| *it == Claim::NotCarriedOut),
            count(|it| *it == Claim::Taken),
            count(|it| *it == Claim::Unknown),
        );
        let answered = &plan[..transfers.min(plan.len())];
        for (name, _, _) in HARMLESS.iter().chain(&LOST) {
            let times = answered.iter().filter(|fault| fault.0 == *name).count();
            println!("{times:6} transfer requests answered: {name}");
        }
    }
}
