//! Requests that cannot be signed are not sent.

use cobo_auth::{Client, ErrorKind, Execution, NonceStrategy, PublicKey, Signature, Signer};
use cobo_tests::canned::{self, Canned};
use cobo_tests::client;
use cobo_tests::seen::Fixed;
use http::Method;

#[tokio::test]
async fn unsupported_http_method_is_rejected_before_sending() {
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let client = client::builder(server.environment()).build().unwrap();
    for method in ["CONNECT", "TRACE", "get", "get|x", "M-SEARCH"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let error = client.request(method, "/x").send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    }
    assert!(server.received().is_empty());
    assert!(client.request(Method::PATCH, "/x").send().await.is_ok());
}

/// A key in a device that returns something other than a signature.
#[derive(Debug)]
struct Broken(PublicKey, Vec<u8>);

#[async_trait::async_trait]
impl Signer for Broken {
    fn public_key(&self) -> &PublicKey {
        &self.0
    }

    async fn sign(&self, _: &cobo_auth::Digest) -> Result<Signature, cobo_auth::SignerError> {
        Ok(Signature::new(self.1.clone()))
    }
}

#[tokio::test]
async fn malformed_signature_from_the_signer_fails_before_sending() {
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let ed25519 = || PublicKey::ed25519([3; 32]);
    let secp256k1 = || PublicKey::secp256k1([3; 33]);
    for signer in [
        Broken(ed25519(), vec![]),
        Broken(ed25519(), vec![1; 63]),
        Broken(ed25519(), vec![1; 65]),
        Broken(secp256k1(), vec![]),
        Broken(secp256k1(), vec![1; 71]),
    ] {
        let signer: Box<dyn Signer> = Box::new(signer);
        let client = Client::new(server.environment(), signer).unwrap();
        let error = client.request(Method::GET, "/x").send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Signer);
        assert_eq!(error.execution(), Execution::NotExecuted);
    }
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn millisecond_nonce_from_an_invalid_clock_fails_before_sending() {
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let client = client::builder(server.environment())
        .nonces(NonceStrategy::Milliseconds)
        .clock(Fixed(u64::MAX));
    let request = client.build().unwrap().request(Method::GET, "/x");
    assert_eq!(
        request.send().await.unwrap_err().kind(),
        ErrorKind::Configuration
    );
    assert!(server.received().is_empty());
}
