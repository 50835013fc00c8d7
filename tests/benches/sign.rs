//! Compares signing a request and verifying a response with the primitives alone: one Ed25519
//! signature or verification over 32 bytes, and two SHA-256 over as many bytes as the message has.

#![allow(missing_docs, clippy::unwrap_used)] // a benchmark

mod ratio;

use std::hint::black_box;
use std::time::Duration;

use cobo_auth::{
    Ed25519Signer, InboundVerifier, Message, ResponseKeys, Secp256k1Signer, SecretKey, Signer,
    double_sha256,
};
use criterion::{Criterion, criterion_group, criterion_main};
use ed25519_dalek::{Signer as _, SigningKey};
use http::{HeaderMap, HeaderName};
use ratio::Pairs;

const MESSAGE: Message<'_> = Message {
    method: "GET",
    path: "/v2/oauth/token",
    nonce: "1718587017026",
    params: "client_id=pvSwS8iFrfK0oZrB0ugG54XPDOLEv0Ij&grant_type=org_implicit\
             &org_id=e3986401-4aec-480a-973d-e775a4518413",
    body: b"",
};

fn sign(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let key = SecretKey::from_hex(&"07".repeat(32)).unwrap();
    let ed25519 = Ed25519Signer::new(&key).unwrap();
    let secp256k1 = Secp256k1Signer::new(&key).unwrap();
    let raw = SigningKey::from_bytes(&[7; 32]);
    let bytes = MESSAGE.to_bytes();

    // The message, digest, signature and hexadecimal encoding that a request needs.
    let request = |signer: &dyn Signer| {
        let digest = black_box(MESSAGE).digest();
        let signature = runtime.block_on(signer.sign(&digest)).unwrap();
        black_box(signature.to_hex());
    };
    let primitives = || {
        let digest = double_sha256([black_box(bytes.as_slice())]);
        black_box(raw.sign(&digest));
    };

    let backends: [(&str, &dyn Signer); 2] = [("ed25519", &ed25519), ("secp256k1", &secp256k1)];
    criterion.bench_function("sign/primitives", |bencher| bencher.iter(primitives));
    for (name, signer) in backends {
        criterion.bench_function(&format!("sign/{name}"), |bencher| {
            bencher.iter(|| request(signer));
        });
        let mut pairs = Pairs::default();
        for _ in 0..20_000 {
            pairs.add(|| request(signer), primitives);
        }
        pairs.report(&format!(
            "signing a request with {name}, against dalek's primitives"
        ));
    }
}

fn verify(criterion: &mut Criterion) {
    // The size of a webhook about a transaction.
    let body = [b'x'; 2048];
    let raw = SigningKey::from_bytes(&[7; 32]);
    let digest = double_sha256([body.as_slice(), b"|", b"1718587017026"]);
    let signature = raw.sign(&digest);
    let key = raw.verifying_key();
    let keys = ResponseKeys::from_hex([hex::encode(key.as_bytes()).as_str()]).unwrap();
    let verifier = InboundVerifier::from_keys(keys).unwrap();
    let verifier = verifier.with_tolerance(Duration::MAX, Duration::MAX);
    let headers: HeaderMap = [
        ("biz-timestamp", "1718587017026".to_owned()),
        ("biz-resp-signature", hex::encode(signature.to_bytes())),
    ]
    .into_iter()
    .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
    .collect();

    let webhook = || {
        let verified = verifier.verify(black_box(&body), &headers);
        assert!(verified.is_ok());
    };
    let primitives = || {
        let digest = double_sha256([black_box(body.as_slice()), b"|", b"1718587017026"]);
        key.verify_strict(&digest, &signature).unwrap();
    };

    criterion.bench_function("verify/webhook", |bencher| bencher.iter(webhook));
    criterion.bench_function("verify/primitives", |bencher| bencher.iter(primitives));
    let mut pairs = Pairs::default();
    for _ in 0..20_000 {
        pairs.add(webhook, primitives);
    }
    pairs.report("verifying a webhook of 2 KB, against its primitives");
}

criterion_group!(benches, sign, verify);
criterion_main!(benches);
