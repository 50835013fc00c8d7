//! Many callers at once are answered, each with its own tokens.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::HashSet;
use std::sync::Arc;

use cobo_sandbox::{DEMO_CLIENT_ID, DEMO_ORG_ID, Sandbox};
use support::*;
use tokio::task::JoinSet;

const CALLERS: usize = 256;
const CALLS_EACH: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_concurrent_call_gets_a_distinct_token() {
    let sandbox = Arc::new(Sandbox::start().await.unwrap());
    let client = client();
    let target = token_target(DEMO_CLIENT_ID, DEMO_ORG_ID, "org_implicit");
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let (sandbox, client, target) = (sandbox.clone(), client.clone(), target.clone());
        callers.spawn(async move {
            let mut tokens = Vec::new();
            for _ in 0..CALLS_EACH {
                let answer = Call::get(&target).send_with(&client, &sandbox).await;
                answer.assert_ok(200);
                tokens.push(answer.text("access_token"));
            }
            tokens
        });
    }
    let tokens: HashSet<String> = callers.join_all().await.into_iter().flatten().collect();
    assert_eq!(tokens.len(), CALLERS * CALLS_EACH);
    assert_eq!(sandbox.received().len(), CALLERS * CALLS_EACH);
}
