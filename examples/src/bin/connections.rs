//! Connections: timeouts, a proxy, and a certificate authority of your own.
//!
//! The servers are a sandbox, a server in front of it that adds TLS, and a proxy, all inside this
//! process.

#![allow(clippy::print_stdout)] // prints the result of each step

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use cobo_auth::http::Method;
use cobo_auth::{Client, ClientBuilder, Ed25519Signer, Environment, HttpOptions, RetryPolicy};
use cobo_sandbox::{Answer, DEMO_APP_SECRET, DEMO_ORG_ID, Sandbox};
use rcgen::CertifiedKey;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::start().await?;
    let environment = cobo_examples::environment(&sandbox)?;
    let signer = || Ed25519Signer::from_hex(DEMO_APP_SECRET);
    let builder = Client::builder(environment.clone(), signer()?);

    let late = Answer::as_usual().delay(Duration::from_secs(30));
    sandbox.script("get_token", [late.clone(), late.clone(), late])?;
    match get_token(&impatient(builder).build()?, &sandbox).await {
        Ok(()) => println!("1. answered in time"),
        Err(error) => println!("1. {error}"),
    }
    sandbox.clear_scripts();

    let (address, authority) = tls_server(sandbox.address()).await?;
    let url = format!("https://localhost:{}/v2", address.port());
    let tls = Environment::custom(&url, environment.response_keys().clone())?;
    let http = with_authority(HttpOptions::new(), &authority);
    let client = Client::builder(tls.clone(), signer()?).http(http.clone());
    get_token(&client.build()?, &sandbox).await?;
    println!("2. got a token over TLS, with a certificate authority of our own");

    let proxy = format!("http://{}", proxy(address).await?);
    let client = Client::builder(tls, signer()?).http(through_proxy(http, &proxy));
    get_token(&client.build()?, &sandbox).await?;
    println!("3. got a token over TLS, through the proxy");
    Ok(())
}

/// At most 500 ms for an attempt, and 1 s for all attempts of a call together.
fn impatient(builder: ClientBuilder) -> ClientBuilder {
    builder
        .http(HttpOptions::new().timeout(Duration::from_millis(500)))
        .retry(RetryPolicy::standard().deadline(Duration::from_secs(1)))
}

/// All requests go through this proxy. Without this, the variables `HTTPS_PROXY` and `NO_PROXY`
/// decide.
fn through_proxy(http: HttpOptions, url: &str) -> HttpOptions {
    http.proxy(url)
}

/// Trusts this authority, in PEM, in addition to those of the machine.
fn with_authority(http: HttpOptions, pem: &str) -> HttpOptions {
    http.add_root_certificates(pem)
}

async fn get_token(client: &Client, sandbox: &Sandbox) -> Result<(), cobo_auth::Error> {
    let request = client
        .request(Method::GET, "/oauth/token")
        .query("client_id", sandbox.client_id())
        .query("org_id", DEMO_ORG_ID)
        .query("grant_type", "org_implicit");
    request.send().await.map(drop)
}

/// A proxy that connects its clients to one server.
async fn proxy(server: SocketAddr) -> Result<SocketAddr, Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                // A line `CONNECT`, headers, and an empty line.
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    let Ok(byte) = client.read_u8().await else {
                        return;
                    };
                    request.push(byte);
                }
                if client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.is_ok() {
                    pass_on(client, server).await;
                }
            });
        }
    });
    Ok(address)
}

/// Adds TLS to a server. Returns its address and the certificate that a client must trust, in PEM.
async fn tls_server(server: SocketAddr) -> Result<(SocketAddr, String), Box<dyn Error>> {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let key = PrivateKeyDer::try_from(signing_key.serialize_der())?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(client) = acceptor.accept(client).await {
                    pass_on(client, server).await;
                }
            });
        }
    });
    Ok((address, cert.pem()))
}

async fn pass_on(mut client: impl AsyncRead + AsyncWrite + Unpin, server: SocketAddr) {
    if let Ok(mut server) = TcpStream::connect(server).await {
        // Ends when either side closes the connection.
        let _ = copy_bidirectional(&mut client, &mut server).await;
    }
}
