//! An HTTPS server for tests of connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cobo_auth::{Client, Environment, Error, ErrorKind, HttpOptions};
use cobo_tests::canned;
use cobo_tests::certificates::{Authority, Certificate};
use cobo_tests::client;
use http::Method;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoClientAuth, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// Makes a call whose response is not of interest.
pub(crate) async fn call(client: &Client) -> Result<(), Error> {
    let request = client.request(Method::POST, "/x").json(1);
    request.send().await.map(|_| ())
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// An HTTPS server on loopback that counts the requests it receives.
pub(crate) struct Https {
    port: u16,
    pub(crate) received: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl Https {
    pub(crate) async fn start(certificate: &Certificate) -> Self {
        Self::start_with(certificate, Arc::new(NoClientAuth)).await
    }

    /// Starts a server that refuses clients without a certificate of this authority.
    pub(crate) async fn start_for_clients_of(
        clients: &Authority,
        certificate: &Certificate,
    ) -> Self {
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_slice(clients.pem().as_bytes()).unwrap();
        roots.add(root).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
        Self::start_with(certificate, verifier.build().unwrap()).await
    }

    async fn start_with(certificate: &Certificate, clients: Arc<dyn ClientCertVerifier>) -> Self {
        let chain = vec![CertificateDer::from(certificate.der().to_vec())];
        let key = PrivateKeyDer::try_from(certificate.key_der()).unwrap();
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(clients)
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
    pub(crate) async fn call(&self, trusted: &[&Authority]) -> Result<(), Error> {
        let mut http = HttpOptions::new();
        for authority in trusted {
            http = http.add_root_certificates(authority.pem());
        }
        self.call_with(http).await
    }

    /// Calls it from a client with these options.
    pub(crate) async fn call_with(&self, http: HttpOptions) -> Result<(), Error> {
        let base_url = format!("https://localhost:{}/v2", self.port);
        let environment = Environment::custom(&base_url, canned::response_keys()).unwrap();
        call(&client::builder(environment).http(http).build().unwrap()).await
    }

    /// Asserts that the connection was refused and no request arrived.
    pub(crate) fn assert_refused(&self, result: Result<(), Error>) {
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
