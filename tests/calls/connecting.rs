//! Connections of a client: it accepts only trusted certificates, uses no proxy for loopback, and
//! respects the default timeouts.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cobo_auth::{Client, Environment, Error, ErrorKind, ResponseKeys};
use cobo_tests::canned::{self, Canned};
use cobo_tests::certificates::{Authority, Certificate};
use cobo_tests::client;
use http::Method;
use reqwest::dns::{Name, Resolve, Resolving};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

async fn call(client: &Client) -> Result<(), Error> {
    let request = client.request(Method::POST, "/x").json(1);
    request.send().await.map(|_| ())
}

/// An HTTPS server on loopback that counts the requests it receives.
struct Https {
    port: u16,
    received: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl Https {
    async fn start(certificate: &Certificate) -> Self {
        let chain = vec![CertificateDer::from(certificate.der().to_vec())];
        let key = PrivateKeyDer::try_from(certificate.key_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&received);
        let accepting = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue; // the client does not trust the certificate
                };
                let mut request = Vec::new();
                while canned::request_length(&request).is_none() {
                    if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
                        break;
                    }
                }
                if !request.is_empty() {
                    counted.fetch_add(1, Ordering::SeqCst);
                }
                let _ = stream.write_all(&canned::signed("200 OK", "{}")).await;
                let _ = stream.shutdown().await;
            }
        });
        Self {
            port,
            received,
            accepting,
        }
    }

    /// Calls it from a client that trusts these authorities in addition to the machine's.
    async fn call(&self, trusted: &[&Authority]) -> Result<(), Error> {
        let base_url = format!("https://localhost:{}/v2", self.port);
        let environment = Environment::custom(&base_url, canned::response_keys()).unwrap();
        let trusted: Vec<_> = trusted
            .iter()
            .map(|authority| reqwest::Certificate::from_pem(authority.pem().as_bytes()).unwrap())
            .collect();
        let client = client::builder(environment).http(|http| http.tls_certs_merge(trusted));
        call(&client.build().unwrap()).await
    }

    /// Asserts that the connection was refused and no request arrived.
    fn assert_refused(&self, result: Result<(), Error>) {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
        assert_eq!(self.received.load(Ordering::SeqCst), 0);
    }
}

impl Drop for Https {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

#[tokio::test]
async fn certificate_of_an_untrusted_authority_is_refused() {
    let (ours, others) = (Authority::new(), Authority::new());
    let server = Https::start(&ours.certificate(&["localhost"])).await;
    server.assert_refused(server.call(&[]).await);
    server.assert_refused(server.call(&[&others]).await);
}

#[tokio::test]
async fn certificate_for_another_name_is_refused() {
    let ours = Authority::new();
    let server = Https::start(&ours.certificate(&["cobo.example", "127.0.0.2"])).await;
    server.assert_refused(server.call(&[&ours]).await);
}

#[tokio::test]
async fn certificate_of_an_authority_given_to_the_http_client_is_accepted() {
    let ours = Authority::new();
    let server = Https::start(&ours.certificate(&["localhost"])).await;
    server.call(&[&ours]).await.unwrap();
    assert_eq!(server.received.load(Ordering::SeqCst), 1);
}

#[test]
fn host_name_similar_to_loopback_is_rejected_without_tls() {
    for host in [
        "evillocalhost",
        "localhost.example",
        "localhost-example",
        "127.0.0.1.example",
        "127.example",
    ] {
        let base_url = format!("http://{host}/v2");
        let environment = Environment::custom(&base_url, ResponseKeys::unverified()).unwrap();
        let error = client::builder(environment).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{host}");
    }
}

/// The proxy is set in the environment, which belongs to the whole process. So a second process,
/// which also runs this test, makes the calls.
#[tokio::test]
async fn proxy_of_the_environment_is_not_used_for_loopback() {
    const NAME: &str = "connecting::proxy_of_the_environment_is_not_used_for_loopback";
    const PORT: &str = "COBO_TEST_PORT";
    if let Ok(port) = std::env::var(PORT) {
        for host in ["127.0.0.1", "localhost"] {
            let environment =
                Environment::custom(&format!("http://{host}:{port}/v2"), canned::response_keys())
                    .unwrap();
            let client = client::builder(environment).build().unwrap();
            call(&client).await.unwrap();
        }
        let environment =
            Environment::custom("http://cobo.example/v2", canned::response_keys()).unwrap();
        let client = client::builder(environment).danger_allow_plain_http();
        call(&client.build().unwrap()).await.unwrap();
        return;
    }
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let proxy = Canned::start([canned::signed("200 OK", "{}")]).await;
    let proxy_url = proxy.base_url().trim_end_matches("/v2").to_owned();
    let (_, port) = server
        .base_url()
        .trim_end_matches("/v2")
        .rsplit_once(':')
        .unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", NAME]).env(PORT, port);
    for variable in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env(variable, &proxy_url);
    }
    command.env_remove("no_proxy").env_remove("NO_PROXY");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    assert!(output.status.success(), "{output:?}");

    assert_eq!(server.received().len(), 2);
    let proxied = proxy.received();
    assert_eq!(proxied.len(), 1, "only the call to another machine");
    assert!(proxied[0].starts_with(b"POST http://cobo.example/v2/x "));
}

/// The time until a call fails with a timeout, in seconds of paused time. Paused time advances when
/// all tasks wait. The call is abandoned after one hour.
async fn seconds_until_timeout(client: &Client) -> (u64, Error) {
    let begun = Instant::now();
    let hour = Duration::from_secs(3_600);
    let result = tokio::time::timeout(hour, call(client)).await.unwrap();
    let error = result.unwrap_err();
    (begun.elapsed().as_secs(), error)
}

#[tokio::test]
async fn request_without_a_response_times_out_after_thirty_seconds() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v2", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while canned::request_length(&request).is_none() {
            stream.read_buf(&mut request).await.unwrap();
        }
        let answer = canned::signed("200 OK", "{}");
        stream.write_all(&answer).await.unwrap();
        std::future::pending::<()>().await;
    });
    let environment = Environment::custom(&base_url, ResponseKeys::unverified()).unwrap();
    let client = client::builder(environment).build().unwrap();
    // Open the connection before time is paused.
    call(&client).await.unwrap();
    tokio::time::pause();
    let (seconds, error) = seconds_until_timeout(&client).await;
    assert_eq!((seconds, error.kind()), (30, ErrorKind::Timeout));
    server.abort();
}

#[tokio::test(start_paused = true)]
async fn connection_attempt_times_out_after_ten_seconds() {
    /// A DNS resolver that never answers.
    struct Silent;

    impl Resolve for Silent {
        fn resolve(&self, _: Name) -> Resolving {
            Box::pin(std::future::pending())
        }
    }

    let keys = ResponseKeys::unverified();
    let environment = Environment::custom("https://cobo.example/v2", keys).unwrap();
    let client = client::builder(environment)
        .http(|http| http.no_proxy().dns_resolver(Arc::new(Silent)))
        .build()
        .unwrap();
    let (seconds, error) = seconds_until_timeout(&client).await;
    assert_eq!((seconds, error.kind()), (10, ErrorKind::Connect));
}
