//! The Rust side of `.ci/peers`: makes calls when it is told to, and says how long they took.
//!
//! `peer answer` prints what the server has to answer, as JSON. `peer ours CALLERS` and
//! `peer bare CALLERS` read a number of calls from each line of stdin, make them with so many callers
//! on one thread, and print the microseconds that they took. `COBO_BASE_URL` names the server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a panic ends the measurement
#![allow(clippy::print_stdout)] // its output is for the script
#![allow(clippy::disallowed_methods)] // it reads the clock to measure

use std::env;
use std::io::{self, BufRead as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use cobo_oauth::OAuthClient;
use cobo_tests::bare::{BODY, Bare, CLIENT_ID, ORG_ID, get_token};
use cobo_tests::{canned, client};
use serde_json::json;

fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["answer"] => println!("{}", answer()),
        [kind @ ("ours" | "bare"), callers] => serve(kind == "ours", callers.parse().unwrap()),
        _ => panic!("usage: peer answer | ours CALLERS | bare CALLERS"),
    }
}

fn answer() -> serde_json::Value {
    let headers = canned::signature(BODY);
    let headers: Vec<_> = headers
        .lines()
        .filter_map(|line| line.split_once(": "))
        .collect();
    json!({
        "body": BODY,
        "headers": headers,
        "response_key": response_key(),
        "app_secret": client::SEED,
        "client_id": CLIENT_ID,
        "org_id": ORG_ID,
    })
}

fn response_key() -> String {
    hex::encode(canned::response_key().verifying_key().as_bytes())
}

fn serve(ours: bool, callers: u64) {
    let base_url = env::var("COBO_BASE_URL").expect("COBO_BASE_URL names the server");
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    let environment = client::environment_of(&base_url, &response_key());
    let client = OAuthClient::new(client::builder(environment).build().unwrap());
    let bare = Arc::new(Bare::new(&base_url));
    let nonce = Arc::new(AtomicU64::new(0));
    for line in io::stdin().lock().lines() {
        let calls: u64 = line.unwrap().trim().parse().unwrap();
        let start = Instant::now();
        runtime.block_on(async {
            let callers = (0..callers).map(|caller| {
                let (client, bare, nonce) = (client.clone(), bare.clone(), nonce.clone());
                let calls = calls / callers + u64::from(caller < calls % callers);
                tokio::spawn(async move {
                    for _ in 0..calls {
                        if ours {
                            get_token(&client).await.unwrap();
                        } else {
                            bare.get_token(nonce.fetch_add(1, Ordering::Relaxed)).await;
                        }
                    }
                })
            });
            for caller in callers.collect::<Vec<_>>() {
                caller.await.unwrap();
            }
        });
        println!("{}", start.elapsed().as_micros());
        io::stdout().flush().unwrap();
    }
}
