//! Required values that are missing are named, and nothing is sent.

#![allow(clippy::unwrap_used)] // a panic fails the test

use cobo_auth::codegen::Parameter;
use cobo_auth::{Client, Ed25519Signer, Environment, ErrorKind, Operation, Request};

static ADD: Operation = Operation::post("add", "/x")
    .parameters(&[
        Parameter::query("ids").required(),
        Parameter::query("name").required(),
        Parameter::query("note"),
    ])
    .body("patch", true);

fn request() -> Request<serde_json::Value> {
    let signer = Ed25519Signer::from_seed(&[7; 32]);
    // Nothing listens there.
    let environment = Environment::custom(
        "http://127.0.0.1:9/v2",
        cobo_auth::ResponseKeys::unverified(),
    );
    let client = Client::new(environment.unwrap(), signer).unwrap();
    Request::of(&client, &ADD)
}

#[tokio::test]
async fn empty_required_values_and_an_unset_body_are_missing() {
    for ids in [vec![], vec![String::new()]] {
        let mut request = request();
        request.set::<Vec<String>>(0, ids);
        request.set::<String>(1, "");
        let error = request.send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert_eq!(error.missing_fields(), ["ids", "name", "patch"]);
        assert_eq!(error.operation(), Some("add"));
    }
}
