//! Compares a whole `get_token` with bare reqwest plus one signature and one verification.
//!
//! Both use one connection each to the same server, which answers every request with the same
//! pre-signed response.

#![allow(missing_docs, clippy::unwrap_used)] // a benchmark

mod ratio;

use std::hint::black_box;

use cobo_auth::{Environment, Message, ResponseKeys, double_sha256};
use cobo_tests::canned::{self, Canned};
use cobo_tests::client;
use criterion::{Criterion, criterion_group, criterion_main};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use ratio::Pairs;

const QUERY: &str = "client_id=pvSwS8iFrfK0oZrB0ugG54XPDOLEv0Ij&grant_type=org_implicit\
                     &org_id=e3986401-4aec-480a-973d-e775a4518413";
const BODY: &str = r#"{"access_token":"AT-0123456789abcdef0123456789abcdef","token_type":"Bearer","scope":"","expires_in":43199,"refresh_token":"RT-0123456789abcdef0123456789abcdef"}"#;

type Token = cobo_auth::Response<cobo_oauth::models::GetToken200Response>;

/// The minimum that a program without this SDK has to do.
struct Bare {
    http: reqwest::Client,
    url: String,
    key: SigningKey,
    api_key: String,
    response_key: VerifyingKey,
    nonce: u64,
}

impl Bare {
    async fn get_token(&mut self) -> bytes::Bytes {
        self.nonce += 1;
        let nonce = self.nonce.to_string();
        let message = Message {
            method: "GET",
            path: "/v2/oauth/token",
            nonce: &nonce,
            params: QUERY,
            body: b"",
        };
        let signature = hex::encode(self.key.sign(&message.digest()).to_bytes());
        let response = self
            .http
            .get(&self.url)
            .header("accept", "application/json")
            .header("biz-api-key", &self.api_key)
            .header("biz-api-nonce", nonce)
            .header("biz-api-signature", signature)
            .send()
            .await
            .unwrap();
        let timestamp = response.headers()["biz-timestamp"].clone();
        let signature = response.headers()["biz-resp-signature"].clone();
        let body = response.bytes().await.unwrap();
        let mut bytes = [0; 64];
        hex::decode_to_slice(signature.as_bytes(), &mut bytes).unwrap();
        let digest = double_sha256([body.as_ref(), b"|", timestamp.as_bytes()]);
        self.response_key
            .verify_strict(&digest, &Signature::from_bytes(&bytes))
            .unwrap();
        body
    }
}

async fn get(client: &cobo_oauth::OAuthClient) -> Result<Token, cobo_auth::Error> {
    client
        .get_token()
        .client_id("pvSwS8iFrfK0oZrB0ugG54XPDOLEv0Ij")
        .org_id("e3986401-4aec-480a-973d-e775a4518413")
        .grant_type("org_implicit")
        .send()
        .await
}

fn call(criterion: &mut Criterion) {
    // The server has its own thread, so that it does not share the client's.
    let server_runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let server = server_runtime.block_on(Canned::start([canned::signed("200 OK", BODY)]));
    server.forget_requests();

    let client =
        cobo_oauth::OAuthClient::new(client::builder(server.environment()).build().unwrap());
    let key = SigningKey::from_bytes(&hex::decode(client::SEED).unwrap().try_into().unwrap());
    let mut bare = Bare {
        http: reqwest::Client::builder().no_proxy().build().unwrap(),
        url: format!("{}/oauth/token?{QUERY}", server.base_url()),
        api_key: hex::encode(key.verifying_key().as_bytes()),
        key,
        response_key: canned::response_key().verifying_key(),
        nonce: 0,
    };

    let get_token = || {
        black_box(runtime.block_on(get(&client)).unwrap());
    };

    criterion.bench_function("call/get_token", |bencher| bencher.iter(get_token));
    criterion.bench_function("call/bare", |bencher| {
        bencher.iter(|| black_box(runtime.block_on(bare.get_token())));
    });

    let environment = Environment::custom(server.base_url(), ResponseKeys::unverified()).unwrap();
    let trusting = cobo_oauth::OAuthClient::new(client::builder(environment).build().unwrap());
    let unverified = || {
        black_box(runtime.block_on(get(&trusting)).unwrap());
    };
    criterion.bench_function("call/unverified", |bencher| bencher.iter(unverified));

    let mut pairs = Pairs::default();
    for _ in 0..10_000 {
        pairs.add(get_token, unverified);
    }
    pairs.report("a get_token with verification against one without");

    let mut pairs = Pairs::default();
    for _ in 0..10_000 {
        pairs.add(get_token, || {
            black_box(runtime.block_on(bare.get_token()));
        });
    }
    pairs.report("a whole get_token against bare reqwest, one signature and one verification");
}

criterion_group!(benches, call);
criterion_main!(benches);
