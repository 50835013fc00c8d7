//! Webhooks and callbacks: the web server of the official Python SDK accepts what the sandbox sends, and the SDK and
//! our verifier agree about a recorded webhook.

use std::process::Command;

use cobo_auth::{InboundVerifier, ResponseKeys};
use cobo_sandbox::{Delivery, DeliveryStatus, Message, Sandbox};
use cobo_tests::process::Process;
use cobo_tests::seen::Fixed;
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};

use crate::official::{install_python, or_skip};

fn recorded_webhook() -> Value {
    let recorded: Value = serde_json::from_str(include_str!("../vectors/recorded.json")).unwrap();
    let vectors = recorded["vectors"].as_array().unwrap().iter();
    let mut webhooks =
        vectors.filter(|vector| vector["op"].as_str().unwrap().starts_with("webhook"));
    webhooks.next().unwrap().clone()
}

/// Whether our verifier accepts the recorded webhook with this body.
fn our_verdict(recorded: &Value, body: &str) -> bool {
    let text = |name: &str| recorded[name].as_str().unwrap();
    let keys = ResponseKeys::from_hex([text("public_key_hex")]).unwrap();
    let clock = Fixed(text("timestamp").parse().unwrap());
    let verifier = InboundVerifier::from_keys(keys).unwrap().with_clock(clock);
    let mut headers = HeaderMap::new();
    for (name, field) in [
        ("biz-timestamp", "timestamp"),
        ("biz-resp-signature", "signature_hex"),
    ] {
        headers.insert(name, HeaderValue::from_str(text(field)).unwrap());
    }
    verifier.verify(body.as_bytes(), &headers).is_ok()
}

/// The status and the body of the answer to the first attempt.
async fn answer(delivery: &Delivery) -> (u16, String) {
    let attempts = delivery.attempted(1).await;
    let attempt = &attempts[0];
    let status = attempt.status.expect("the server answers");
    (status.as_u16(), attempt.answer.clone())
}

// The test's thread blocks while the script starts, so the sandbox needs other threads.
#[tokio::test(flavor = "multi_thread")]
async fn official_python_sdk_verifies_what_the_sandbox_sends() {
    let Some(python) = or_skip("Python", install_python()) else {
        return;
    };
    let sandbox = Sandbox::builder().answer_limit(std::time::Duration::from_secs(60));
    let sandbox = sandbox.start().await.unwrap();
    let recorded = recorded_webhook();
    let mut command = Command::new(python);
    command
        // `-I`: only use packages of the virtual environment.
        .args([
            "-I",
            concat!(env!("CARGO_MANIFEST_DIR"), "/interop/official/webhooks.py"),
        ])
        .env("COBO_RESPONSE_PUBLIC_KEY", sandbox.response_public_key())
        .env("COBO_RECORDED_WEBHOOK", recorded.to_string());
    let mut server = Process::start(&mut command);
    let facts: Value = serde_json::from_str(&server.line()).unwrap();

    let body = recorded["body"].as_str().unwrap();
    assert_eq!(facts["recorded"], true);
    assert_eq!(facts["tampered"], false);
    assert!(our_verdict(&recorded, body));
    assert!(!our_verdict(&recorded, &format!("{body} ")));

    let url = |path: &str| format!("http://127.0.0.1:{}/api/{path}", facts["port"]);
    let data = json!({
        "data_type": "SuspendedToken",
        "token_ids": "ETH_USDT,é☃",
        "operation_type": "Added",
    });
    let event = Message::event(url("webhook"), "token.suspended.deposit", data);
    let delivery = sandbox.deliver(event.clone());
    assert_eq!(answer(&delivery).await, (200, "null".to_owned()));
    assert_eq!(delivery.status(), DeliveryStatus::Success);
    let tampered = sandbox.deliver(event.tampered());
    assert_eq!(answer(&tampered).await.0, 401);

    let transaction = json!({
        "transaction_id": "f47ac10b-58cc-4372-a567-0e02b2c3d479",
        "wallet_id": "f47ac10b-58cc-4372-a567-0e02b2c3d479",
        "status": "Submitted",
        "source": { "source_type": "Asset", "wallet_id": "f47ac10b-58cc-4372-a567-0e02b2c3d479" },
        "destination": { "destination_type": "Address" },
        "initiator_type": "API",
        "created_timestamp": 1_795_000_000_000_u64,
        "updated_timestamp": 1_795_000_000_000_u64,
    });
    let callback = Message::callback(url("callback"), transaction);
    let asked = sandbox.deliver(callback.clone());
    assert_eq!(answer(&asked).await, (200, "ok".to_owned()));
    assert_eq!(asked.status(), DeliveryStatus::Success);
    assert_eq!(answer(&sandbox.deliver(callback.tampered())).await.0, 401);
}
