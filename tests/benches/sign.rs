//! Signing a request, against the primitives alone: one Ed25519 signature over 32 bytes and two
//! SHA-256 over as many bytes as the message has.

#![allow(missing_docs, clippy::unwrap_used)] // a benchmark

mod ratio;

use std::hint::black_box;

use cobo_auth::{Ed25519Signer, Message, Signer};
use criterion::{Criterion, criterion_group, criterion_main};
use ed25519_dalek::{Signer as _, SigningKey};
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
    let signer = Ed25519Signer::from_seed(&[7; 32]);
    let key = SigningKey::from_bytes(&[7; 32]);
    let bytes = MESSAGE.to_bytes();

    let ours = || {
        // Message, digest, signature, and its hexadecimal digits, as a request needs them.
        let digest = black_box(MESSAGE).digest();
        let signature = runtime.block_on(signer.sign(&digest)).unwrap();
        black_box(signature.to_hex());
    };
    let primitives = || {
        let digest = cobo_auth::double_sha256([black_box(bytes.as_slice())]);
        black_box(key.sign(&digest));
    };

    criterion.bench_function("sign/request", |bencher| bencher.iter(ours));
    criterion.bench_function("sign/primitives", |bencher| bencher.iter(primitives));

    let mut pairs = Pairs::default();
    for _ in 0..20_000 {
        pairs.add(ours, primitives);
    }
    pairs.report("signing a request against its primitives");
}

criterion_group!(benches, sign);
criterion_main!(benches);
