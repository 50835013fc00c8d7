//! Which nonces are accepted.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use cobo_sandbox::{AcceptedNonces, DEMO_CLIENT_ID, DEMO_ORG_ID, Sandbox};
use support::*;

const MILLISECONDS: &str = "1700000000000";
const RANDOM: &str = "0123456789abcdef0123456789abcdef";

async fn status(sandbox: &Sandbox, nonce: &str) -> u16 {
    let target = token_target(DEMO_CLIENT_ID, DEMO_ORG_ID, "org_implicit");
    let call = Call::unsigned(reqwest::Method::GET, &target, "");
    let answer = call.sign_with_nonce(&demo_key(), nonce).send(sandbox).await;
    if answer.status != 200 {
        answer.assert_api_error(401, 2024);
    }
    answer.status.as_u16()
}

#[tokio::test]
async fn nonce_of_the_wrong_kind_is_refused_and_each_is_accepted_once() {
    for (accepted, milliseconds, random, other) in [
        (AcceptedNonces::Any, 200, 200, 200),
        (AcceptedNonces::Milliseconds, 200, 401, 401),
        (AcceptedNonces::Random, 401, 200, 401),
    ] {
        let builder = Sandbox::builder().accept_nonces(accepted);
        let sandbox = builder.start().await.unwrap();
        for (nonce, expected) in [
            (MILLISECONDS, milliseconds),
            (RANDOM, random),
            ("other", other),
        ] {
            assert_eq!(
                status(&sandbox, nonce).await,
                expected,
                "{accepted:?} {nonce}"
            );
            assert_eq!(status(&sandbox, nonce).await, 401, "{accepted:?} {nonce}");
        }
    }
}
