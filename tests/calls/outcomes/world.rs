//! A simulated Cobo whose time and signatures the test controls.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use cobo_auth::{
    AccessToken, Client, Clock, Credential, Environment, Error, ResponseKeys, RetryPolicy, Secret,
    double_sha256,
};
use cobo_tests::canned::{self, Canned};
use cobo_tests::client;
use ed25519_dalek::{Signer as _, SigningKey};
use http::Method;

/// The start time of each test, in Unix milliseconds.
pub(crate) const START: u64 = 1_800_000_000_000;

pub(crate) const LIMITED: &str = r#"{"error_code":2026,"error_message":"m","error_id":"e"}"#;

/// A Cobo with its own response key, and a local clock. Their times change only when the test
/// changes them.
pub(crate) struct World {
    key: SigningKey,
    pub(crate) clock: TestClock,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct TestClock {
    pub(crate) unix: Arc<AtomicU64>,
    monotonic: Arc<AtomicU64>,
}

impl TestClock {
    pub(crate) fn pass(&self, millis: u64) {
        self.unix.fetch_add(millis, Ordering::SeqCst);
        self.monotonic.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn unix_millis(&self) -> u64 {
        self.unix.load(Ordering::SeqCst)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.monotonic.load(Ordering::SeqCst))
    }
}

impl World {
    pub(crate) fn new() -> Self {
        static KEYS: AtomicU64 = AtomicU64::new(1);
        let mut seed = [9; 32];
        seed[..8].copy_from_slice(&KEYS.fetch_add(1, Ordering::SeqCst).to_le_bytes());
        let clock = TestClock::default();
        clock.unix.store(START, Ordering::SeqCst);
        Self {
            key: SigningKey::from_bytes(&seed),
            clock,
        }
    }

    /// A response that was signed this many milliseconds after the start (before it, if negative).
    pub(crate) fn signed(&self, after: i64, status: &str, body: &str) -> Vec<u8> {
        let timestamp = START.checked_add_signed(after).unwrap().to_string();
        let digest = double_sha256([body.as_bytes(), b"|", timestamp.as_bytes()]);
        let signature = hex::encode(self.key.sign(&digest).to_bytes());
        let headers = format!("biz-timestamp: {timestamp}\r\nbiz-resp-signature: {signature}\r\n");
        canned::plain(status, &headers, body)
    }

    pub(crate) fn client(&self, server: &Canned) -> Client {
        let key = hex::encode(self.key.verifying_key().as_bytes());
        let keys = ResponseKeys::from_hex([key.as_str()]).unwrap();
        let environment = Environment::custom(server.base_url(), keys).unwrap();
        client::builder(environment)
            .clock(self.clock.clone())
            .retry(RetryPolicy::standard().base_delay(Duration::from_millis(1)))
            .build()
            .unwrap()
    }

    /// Makes a write that receives these responses. Returns its result and the number of requests.
    pub(crate) async fn write(
        &self,
        answers: impl IntoIterator<Item = Vec<u8>>,
    ) -> (Result<(), Error>, usize) {
        let server = Canned::start(answers).await;
        let result = self
            .client(&server)
            .request(Method::POST, "/transfers")
            .send()
            .await;
        (result.map(drop), server.received().len())
    }
}

pub(crate) fn unavailable() -> Vec<u8> {
    canned::plain("503 Service Unavailable", "", "<html>")
}

pub(crate) fn limited(world: &World, after: i64) -> Vec<u8> {
    world.signed(after, "429 Too Many Requests", LIMITED)
}

pub(crate) fn done(world: &World, after: i64) -> Vec<u8> {
    world.signed(after, "201 Created", r#"{"transaction_id":"t-1"}"#)
}

/// A credential that has a token for the first attempt only.
#[derive(Debug, Default)]
pub(crate) struct OneToken(AtomicU64);

#[async_trait]
impl Credential for OneToken {
    fn current(&self) -> Option<AccessToken> {
        None
    }

    async fn fetch(&self) -> Result<AccessToken, Error> {
        match self.0.fetch_add(1, Ordering::SeqCst) {
            0 => AccessToken::new(Secret::new("first"), 1),
            _ => Err(Error::no_token("the vault is sealed")),
        }
    }

    fn rejected(&self, _: &AccessToken) {}
}
