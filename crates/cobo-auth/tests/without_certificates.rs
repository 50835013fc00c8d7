//! A machine that has no CA certificates, as many container images.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // in a test a panic is the report

use std::process::Command;

use cobo_auth::{Client, Ed25519Signer, Environment, Error, ErrorKind, ResponseKeys};

/// Set in the process that has no certificates: where they are is read from the environment.
const CHILD: &str = "COBO_TEST_WITHOUT_CERTIFICATES";

fn build(base_url: &str) -> Result<Client, Error> {
    let environment = Environment::custom(base_url, ResponseKeys::unverified()).unwrap();
    Client::new(environment, Ed25519Signer::from_seed(&[1; 32]))
}

#[test]
fn plain_http_to_loopback_needs_no_certificates() {
    let has_tls = cfg!(any(feature = "rustls-aws-lc", feature = "rustls-ring"));
    if std::env::var_os(CHILD).is_some() {
        for base_url in [
            "http://127.0.0.1:1/v2",
            "http://[::1]:1/v2",
            "http://localhost/v2",
        ] {
            build(base_url).unwrap();
        }
        for base_url in ["https://127.0.0.1:1/v2", "https://api.example.com/v2"] {
            let result = build(base_url);
            if has_tls && cfg!(feature = "webpki-roots") {
                result.unwrap();
                continue;
            }
            let error = result.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{base_url}");
            let text = error.to_string();
            let remedy = if has_tls {
                "`webpki-roots`"
            } else {
                "`rustls-aws-lc`"
            };
            assert!(text.contains(remedy), "{text}");
        }
        return;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "plain_http_to_loopback_needs_no_certificates"])
        .env(CHILD, "1")
        .env("SSL_CERT_FILE", "/nonexistent/certificates.pem")
        .env("SSL_CERT_DIR", "/nonexistent")
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{shown}");
    assert!(shown.contains("1 passed"), "{shown}");
}
