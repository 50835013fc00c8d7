//! What a token source sends to Cobo, and how it handles the responses, on real connections.

use std::future::poll_fn;
use std::net::TcpListener;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use async_trait::async_trait;
use cobo_auth::{
    AccessToken, Credential, Digest, Ed25519Signer, Environment, Error, PublicKey, ResponseKeys,
    RetryPolicy, Signature, Signer, SignerError,
};
use cobo_oauth::{
    MemoryStore, OAuthClient, Saved, TokenErrorKind, TokenPair, TokenSource, TokenStore,
};
use cobo_sandbox::{DEMO_ORG_ID, Sandbox};
use cobo_tests::canned::{Canned, plain, signed};
use cobo_tests::client;
use tokio::runtime::Runtime;

const ORG: &str = "org";
/// A canned response that never arrives.
const SILENCE: Vec<u8> = Vec::new();

/// A signed response with this token and `token_type`.
fn issued(access_token: &str, token_type: &str) -> Vec<u8> {
    let pair = format!(
        r#"{{"access_token":"{access_token}","refresh_token":"r-{access_token}","expires_in":3600{token_type}}}"#
    );
    signed("200 OK", &pair)
}

fn bearer(access_token: &str) -> Vec<u8> {
    issued(access_token, r#","token_type":"Bearer""#)
}

fn tokens(server: &Canned) -> TokenSource {
    let client = client::builder(server.environment()).build().unwrap();
    TokenSource::new(OAuthClient::new(client), "client")
}

/// The methods of the requests so far: GET is `get_token`, POST a refresh.
fn methods(server: &Canned) -> Vec<String> {
    let method = |request: Vec<u8>| {
        let text = String::from_utf8(request).unwrap();
        text.split(' ').next().unwrap().to_owned()
    };
    server.received().into_iter().map(method).collect()
}

async fn until_received(server: &Canned, requests: usize) {
    while server.received().len() < requests {
        tokio::task::yield_now().await;
    }
}

/// Polls a call once, so that it waits for work on `runtime`; then ends the runtime and awaits the
/// call.
async fn outlive<T>(call: impl Future<Output = T>, runtime: Runtime) -> T {
    let mut call = pin!(call);
    poll_fn(|context| {
        assert!(call.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
    runtime.shutdown_background();
    call.await
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

#[test]
fn caller_on_another_runtime_obtains_a_token_if_the_refresh_runtime_ends() {
    let (living, dying) = (runtime(), runtime());
    let answers = [bearer("a1"), SILENCE, bearer("a2")];
    let server = living.block_on(Canned::start(answers));
    let tokens = tokens(&server);
    let first = living.block_on(tokens.token(ORG)).unwrap();
    tokens.credential(ORG).rejected(&first);

    let refreshing = tokens.clone();
    dying.spawn(async move { refreshing.token(ORG).await.map(drop) });
    living.block_on(until_received(&server, 2));
    let token = living.block_on(outlive(tokens.token(ORG), dying)).unwrap();
    assert_eq!(token.secret().expose(), "a2");
    // The refresh token was sent, so it counts as spent.
    assert_eq!(methods(&server), ["GET", "POST", "GET"]);
}

#[test]
fn caller_on_another_runtime_gets_the_result_if_the_callback_runtime_ends() {
    let (living, dying) = (runtime(), runtime());
    let server = living.block_on(Canned::start([SILENCE, bearer("a1")]));
    let tokens = tokens(&server);
    let query = format!("approval_result=1&org_id={ORG}");

    let (asking, asked) = (tokens.clone(), query.clone());
    dying.spawn(async move { asking.on_installation(&asked).await.map(drop) });
    living.block_on(until_received(&server, 1));
    let answer = living.block_on(outlive(tokens.on_installation(&query), dying));
    assert!(answer.unwrap().is_confirmed());
    assert_eq!(methods(&server), ["GET", "GET"]);
}

#[tokio::test]
async fn unsigned_429_does_not_restore_the_refresh_token() {
    let busy = plain("429 Too Many Requests", "retry-after: 0\r\n", "");
    let server = Canned::start([bearer("a1"), busy, bearer("a2")]).await;
    let tokens = tokens(&server);
    let first = tokens.token(ORG).await.unwrap();
    tokens.credential(ORG).rejected(&first);
    let second = tokens.token(ORG).await.unwrap();
    assert_eq!(second.secret().expose(), "a2");
    assert_eq!(methods(&server), ["GET", "POST", "GET"]);
}

#[tokio::test]
async fn token_with_another_type_than_bearer_is_rejected() {
    for (token_type, accepted) in [
        (r#","token_type":"Bearer""#, true),
        (r#","token_type":"bearer""#, true),
        (r#","token_type":"BEARER""#, true),
        (r#","token_type":null"#, true),
        ("", true),
        (r#","token_type":"mac""#, false),
        (r#","token_type":"DPoP""#, false),
        (r#","token_type":"Bearer ""#, false),
        (r#","token_type":"""#, false),
    ] {
        let server = Canned::start([issued("a1", token_type)]).await;
        let store = MemoryStore::new();
        let client = client::builder(server.environment()).build().unwrap();
        let tokens = TokenSource::builder(OAuthClient::new(client), "client");
        let tokens = tokens.store(store.clone()).build();
        match tokens.token(ORG).await {
            Ok(_) => assert!(accepted, "{token_type}"),
            Err(error) => {
                assert!(!accepted, "{token_type}: {error}");
                assert_eq!(error.kind(), TokenErrorKind::Unusable);
                assert!(error.to_string().contains("`token_type`"), "{error}");
                assert!(store.load(ORG).await.unwrap().is_none());
            }
        }
    }
}

/// Counts signatures; each attempt makes one.
#[derive(Debug)]
struct Counting(Ed25519Signer, Arc<AtomicUsize>);

#[async_trait]
impl Signer for Counting {
    fn public_key(&self) -> &PublicKey {
        self.0.public_key()
    }

    async fn sign(&self, digest: &Digest) -> Result<Signature, SignerError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.sign(digest).await
    }
}

#[tokio::test]
async fn refresh_request_is_never_retried() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}/v2", free.local_addr().unwrap());
    drop(free); // nothing listens there, so no attempt arrives
    let keys = ResponseKeys::from_hex([hex::encode([1; 32]).as_str()]);
    let environment = Environment::custom(&base_url, keys.unwrap()).unwrap();
    let signatures = Arc::new(AtomicUsize::new(0));
    let signer = Ed25519Signer::from_hex(client::SEED).unwrap();
    let auth = cobo_auth::Client::builder(environment, Counting(signer, signatures.clone()))
        .retry(RetryPolicy::standard())
        .build()
        .unwrap();

    let store = MemoryStore::new();
    let pair = TokenPair::new(1, "a1", 0, 1).with_refresh_token("r1", u64::MAX);
    assert_eq!(store.save(ORG, &pair).await.unwrap(), Saved::Kept);
    let tokens = TokenSource::builder(OAuthClient::new(auth), "client");
    let tokens = tokens.store(store.clone()).build();
    let error = tokens.token(ORG).await.unwrap_err();
    assert_eq!(error.kind(), TokenErrorKind::Unavailable);
    assert_eq!(signatures.load(Ordering::Relaxed), 1);
    // Nothing was sent, so the token can be used later.
    let kept = store.load(ORG).await.unwrap().unwrap();
    assert_eq!(kept.refresh_token.unwrap().expose(), "r1");
}

/// A credential that counts how often its current token is requested.
#[derive(Debug, Default)]
struct Probe(AtomicUsize);

#[async_trait]
impl Credential for Probe {
    fn current(&self) -> Option<AccessToken> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Some(AccessToken::new("probe".into(), 1).unwrap())
    }

    async fn fetch(&self) -> Result<AccessToken, Error> {
        AccessToken::new("probe".into(), 1)
    }

    fn rejected(&self, _: &AccessToken) {}
}

#[tokio::test]
async fn token_source_drops_the_credential_of_its_client() {
    let sandbox = Sandbox::start().await.unwrap();
    for by_builder in [false, true] {
        let probe = Arc::new(Probe::default());
        let client = OAuthClient::new(client::auth(&sandbox).with_credential(probe.clone()));
        let tokens = match by_builder {
            true => TokenSource::builder(client, sandbox.client_id()).build(),
            false => TokenSource::new(client, sandbox.client_id()),
        };
        assert_eq!(Arc::strong_count(&probe), 1, "the source keeps it");
        // Tokens from `get_token`, from a refresh, and from `get_token` after a callback.
        let first = tokens.token(DEMO_ORG_ID).await.unwrap();
        tokens.credential(DEMO_ORG_ID).rejected(&first);
        tokens.token(DEMO_ORG_ID).await.unwrap();
        let query = format!("approval_result=2&org_id={DEMO_ORG_ID}");
        assert!(tokens.on_installation(&query).await.unwrap().is_confirmed());
        assert_eq!(probe.0.load(Ordering::Relaxed), 0, "the source uses it");
    }
    let received = sandbox.received();
    assert_eq!(received.len(), 6);
    for request in received {
        assert!(
            request.headers.get(http::header::AUTHORIZATION).is_none(),
            "{request:?}"
        );
    }
}
