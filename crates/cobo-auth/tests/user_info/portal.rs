//! A portal on loopback that serves a JWKS, or misbehaves, and keys that sign tokens.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA512, RsaEncoding,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cobo_auth::{
    Client, Clock, Ed25519Signer, Environment, HttpOptions, ResponseKeys, Secret, UserClaims,
    UserInfoError, UserInfoVerifier, UserInfoVerifierBuilder,
};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// The time of all tests, in Unix seconds.
pub(crate) const NOW: u64 = 1_795_000_000;
pub(crate) const ISSUER: &str = "https://portal.example/";
pub(crate) const CLIENT_ID: &str = "the-client-id";

#[derive(Debug)]
struct FixedClock;

impl Clock for FixedClock {
    fn unix_millis(&self) -> u64 {
        NOW * 1_000
    }
}

/// A clock that a test sets. The monotonic clock of the verifier does not follow it, as while the
/// machine is suspended.
#[derive(Debug, Clone)]
pub(crate) struct WallClock(Arc<AtomicU64>);

impl WallClock {
    pub(crate) fn at(unix_seconds: u64) -> Self {
        Self(Arc::new(unix_seconds.into()))
    }

    pub(crate) fn set(&self, unix_seconds: u64) {
        self.0.store(unix_seconds, Ordering::Relaxed);
    }
}

impl Clock for WallClock {
    fn unix_millis(&self) -> u64 {
        self.0.load(Ordering::Relaxed) * 1_000
    }
}

/// What the portal does with the next requests.
#[derive(Clone)]
pub(crate) enum Answer {
    /// 200 with this body.
    Body(String),
    /// A whole response.
    Raw(String),
    /// Waits for the notification, then answers with the body.
    After(Arc<Notify>, String),
    /// Never answers.
    Hang,
    /// A body that never ends.
    Endless,
}

pub(crate) struct Portal {
    pub(crate) base_url: String,
    answer: Arc<Mutex<Answer>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Portal {
    pub(crate) async fn serving(keys: &[&Value]) -> Self {
        Self::start(Answer::Body(jwks(keys))).await
    }

    pub(crate) async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let portal = Self {
            base_url: format!("http://{}/v2", listener.local_addr().unwrap()),
            answer: Arc::new(Mutex::new(answer)),
            requests: Arc::default(),
        };
        let (answer, requests) = (Arc::clone(&portal.answer), Arc::clone(&portal.requests));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let answer = Arc::clone(&answer);
                tokio::spawn(serve(stream, answer, Arc::clone(&requests)));
            }
        });
        portal
    }

    pub(crate) fn set(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    /// The heads of all requests, in lower case.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn environment(&self) -> Environment {
        Environment::custom(&self.base_url, ResponseKeys::unverified()).unwrap()
    }

    pub(crate) fn builder(&self) -> UserInfoVerifierBuilder {
        self.builder_with(HttpOptions::new())
    }

    fn builder_with(&self, http: HttpOptions) -> UserInfoVerifierBuilder {
        let client = Client::builder(self.environment(), Ed25519Signer::from_seed(&[7; 32]))
            .http(http)
            .clock(FixedClock)
            .build()
            .unwrap();
        UserInfoVerifier::builder(&client, CLIENT_ID).issuer(ISSUER)
    }

    pub(crate) fn verifier(&self) -> UserInfoVerifier {
        self.builder().build().unwrap()
    }

    /// A verifier with a short timeout, for a portal that hangs.
    pub(crate) fn verifier_with_short_timeout(&self) -> UserInfoVerifier {
        let http = HttpOptions::new().timeout(Duration::from_millis(1_500));
        self.builder_with(http).build().unwrap()
    }
}

async fn serve(
    mut stream: TcpStream,
    answer: Arc<Mutex<Answer>>,
    requests: Arc<Mutex<Vec<String>>>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        match stream.read(&mut byte).await {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    requests.lock().unwrap().push(head);
    let answer = answer.lock().unwrap().clone();
    // A client that goes away ends the connection.
    let _ = match answer {
        Answer::Body(body) => stream.write_all(response("200 OK", &body).as_bytes()).await,
        Answer::Raw(response) => stream.write_all(response.as_bytes()).await,
        Answer::After(notify, body) => {
            notify.notified().await;
            stream.write_all(response("200 OK", &body).as_bytes()).await
        }
        Answer::Hang => std::future::pending().await,
        Answer::Endless => endless(&mut stream).await,
    };
}

/// A response with a status line and more header lines.
pub(crate) fn response(head: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
}

/// Ends only when the client closes the connection.
async fn endless(stream: &mut TcpStream) -> std::io::Result<()> {
    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x1_0000));
    loop {
        stream.write_all(chunk.as_bytes()).await?;
    }
}

pub(crate) fn jwks(keys: &[&Value]) -> String {
    json!({ "keys": keys }).to_string()
}

pub(crate) fn base64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A key that signs tokens.
pub(crate) enum Key {
    Ed25519(SigningKey),
    Rsa(&'static str, &'static dyn RsaEncoding, Box<RsaKeyPair>),
    Ec(&'static str, Box<EcdsaKeyPair>),
}

impl Key {
    pub(crate) fn ed25519(seed: u8) -> Self {
        Self::Ed25519(SigningKey::from_bytes(&[seed; 32]))
    }

    pub(crate) fn rs256() -> Self {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        Self::Rsa("RS256", &RSA_PKCS1_SHA256, Box::new(key))
    }

    pub(crate) fn ps512() -> Self {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        Self::Rsa("PS512", &RSA_PSS_SHA512, Box::new(key))
    }

    pub(crate) fn es256() -> Self {
        Self::ec("ES256", &ECDSA_P256_SHA256_FIXED_SIGNING)
    }

    pub(crate) fn es384() -> Self {
        Self::ec("ES384", &ECDSA_P384_SHA384_FIXED_SIGNING)
    }

    fn ec(name: &'static str, algorithm: &'static EcdsaSigningAlgorithm) -> Self {
        Self::Ec(name, Box::new(EcdsaKeyPair::generate(algorithm).unwrap()))
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "EdDSA",
            Self::Rsa(name, ..) | Self::Ec(name, _) => name,
        }
    }

    /// The public key as a JWK.
    pub(crate) fn jwk(&self, id: &str) -> Value {
        match self {
            Self::Ed25519(key) => json!({
                "kty": "OKP", "crv": "Ed25519", "kid": id, "x": base64(key.verifying_key()),
            }),
            Self::Rsa(_, _, key) => {
                // RSAPublicKey of RFC 8017: the modulus of 256 bytes, and the exponent 65537.
                let modulus = &key.public_key().as_ref()[9..265];
                json!({
                    "kty": "RSA", "kid": id, "use": "sig", "n": base64(modulus), "e": "AQAB",
                })
            }
            Self::Ec(name, key) => {
                let (curve, size) = match *name {
                    "ES256" => ("P-256", 32),
                    _ => ("P-384", 48),
                };
                let (x, y) = key.public_key().as_ref()[1..].split_at(size);
                json!({ "kty": "EC", "crv": curve, "kid": id, "x": base64(x), "y": base64(y) })
            }
        }
    }

    /// The public key as bytes, as an attacker would use it for an HMAC.
    pub(crate) fn public_bytes(&self) -> Vec<u8> {
        match self {
            Self::Ed25519(key) => key.verifying_key().to_bytes().to_vec(),
            Self::Rsa(_, _, key) => key.public_key().as_ref().to_vec(),
            Self::Ec(_, key) => key.public_key().as_ref().to_vec(),
        }
    }

    /// Signs a header and claims.
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        let message = message(header, claims);
        let signature = match self {
            Self::Ed25519(key) => key.sign(message.as_bytes()).to_bytes().to_vec(),
            Self::Rsa(_, encoding, key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                let random = SystemRandom::new();
                key.sign(*encoding, &random, message.as_bytes(), &mut signature)
                    .unwrap();
                signature
            }
            Self::Ec(_, key) => {
                let signature = key.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
                signature.as_ref().to_vec()
            }
        };
        with_signature(message, &signature)
    }

    /// A token with these claims, by the key with this id.
    pub(crate) fn token(&self, id: &str, claims: &Value) -> String {
        let header = json!({ "alg": self.algorithm(), "kid": id, "typ": "JWT" });
        self.sign(&header, claims)
    }
}

pub(crate) fn message(header: &Value, claims: &Value) -> String {
    format!(
        "{}.{}",
        base64(header.to_string()),
        base64(claims.to_string())
    )
}

pub(crate) fn with_signature(message: String, signature: &[u8]) -> String {
    format!("{message}.{}", base64(signature))
}

/// The claims of a token that is right.
pub(crate) fn claims() -> Value {
    json!({
        "sub": "1234", "email": "dev@example.com", "role_names": ["Viewer", "Treasurer"],
        "iss": ISSUER, "iat": NOW - 10, "exp": NOW + 290, "jti": "6a02", "aud": CLIENT_ID,
        "theme": { "dark": true },
    })
}

/// The claims of a token that is right, with another value of one; `null` removes it.
pub(crate) fn with_claim(name: &str, value: impl Into<Value>) -> Value {
    let mut claims = claims();
    let value = value.into();
    if value.is_null() {
        claims.as_object_mut().unwrap().remove(name);
    } else {
        claims[name] = value;
    }
    claims
}

pub(crate) async fn verify(
    verifier: &UserInfoVerifier,
    token: &str,
) -> Result<UserClaims, UserInfoError> {
    verifier.verify(&Secret::new(token)).await
}

/// Decodes the parts of a token into every form in which an error or a log could show them.
pub(crate) fn shown_forms(token: &str) -> Vec<String> {
    let mut forms = vec![token.to_owned()];
    for part in token.split('.') {
        forms.push(part.to_owned());
        let bytes = URL_SAFE_NO_PAD.decode(part).unwrap();
        forms.push(format!("{bytes:?}").trim_matches(['[', ']']).to_owned());
    }
    forms
}
