//! TLS, by rustls. The configuration is made here and not by reqwest, so that the cryptographic
//! library is the one of the enabled feature.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
#[cfg(feature = "rustls-aws-lc")]
use rustls::crypto::aws_lc_rs::default_provider;
#[cfg(not(feature = "rustls-aws-lc"))]
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use url::Url;

use super::invalid;
use super::options::HttpOptions;
use crate::client::environment::is_loopback;
use crate::error::Error;

type Certificates = Vec<CertificateDer<'static>>;

/// Adds the TLS configuration.
pub(super) fn configure(
    http: reqwest::ClientBuilder,
    options: &HttpOptions,
    base: &Url,
) -> Result<reqwest::ClientBuilder, Error> {
    let provider = provider();
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| failed("the TLS library supports no safe version of TLS", error))?;
    let (added, store) = root_certificates(options)?;
    // Plain `http` to this machine needs no certificates, and loading the machine's fails if none
    // are installed.
    let unused = is_loopback(base) && options.needs_tls(base)?.is_none();
    let builder = if options.only_root_certificates || unused {
        builder.with_root_certificates(store)
    } else {
        let verifier = machine_verifier(added, provider).map_err(|error| {
            let why = "the root certificates of this machine cannot be loaded; install them (the \
                       package `ca-certificates`), enable the feature `webpki-roots`, or set \
                       `HttpOptions::only_root_certificates`";
            failed(why, error)
        })?;
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
    };
    let mut tls = match client_certificate(options)? {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(|error| {
            invalid("client_certificate", "certificate and key are not usable").caused_by(error)
        })?,
    };
    let protocols: &[&[u8]] = if options.http2_prior_knowledge {
        &[b"h2"]
    } else {
        &[b"h2", b"http/1.1"]
    };
    tls.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Ok(http.tls_backend_preconfigured(tls))
}

/// The cryptographic library that the program installed for the process, or the one of the enabled
/// feature.
fn provider() -> Arc<CryptoProvider> {
    match CryptoProvider::get_default() {
        Some(installed) => Arc::clone(installed),
        None => Arc::new(default_provider()),
    }
}

/// The certificates that the caller added, as a list and as a store.
fn root_certificates(options: &HttpOptions) -> Result<(Certificates, RootCertStore), Error> {
    let option = if options.only_root_certificates {
        "only_root_certificates"
    } else {
        "add_root_certificates"
    };
    let (mut added, mut store) = (Certificates::new(), RootCertStore::empty());
    for bytes in &options.root_certificates {
        for certificate in certificates(bytes, option)? {
            store.add(certificate.clone()).map_err(|error| {
                invalid(option, "a certificate cannot be parsed").caused_by(error)
            })?;
            added.push(certificate);
        }
    }
    Ok((added, store))
}

/// The certificates of a PEM text, or the one of a DER file.
fn certificates(bytes: &[u8], option: &str) -> Result<Certificates, Error> {
    // DER begins with the tag of a sequence.
    if bytes.first() == Some(&0x30) {
        return Ok(vec![CertificateDer::from(bytes.to_vec())]);
    }
    let found: Result<Certificates, _> = CertificateDer::pem_slice_iter(bytes).collect();
    let found = found.map_err(|_| invalid(option, "it is malformed PEM"))?;
    if found.is_empty() {
        return Err(invalid(option, "it contains no certificate"));
    }
    Ok(found)
}

/// Trusts the machine's root certificates and the added ones.
fn machine_verifier(
    added: Certificates,
    provider: Arc<CryptoProvider>,
) -> Result<Verifier, rustls::Error> {
    #[cfg(feature = "webpki-roots")]
    let added = match Verifier::new(Arc::clone(&provider)) {
        Ok(verifier) if added.is_empty() => return Ok(verifier),
        Ok(_) => added,
        // The machine has no root certificates.
        Err(_) => {
            let mozilla = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned();
            added.into_iter().chain(mozilla).collect()
        }
    };
    if added.is_empty() {
        return Verifier::new(provider);
    }
    #[cfg(not(target_os = "android"))]
    return Verifier::new_with_extra_roots(added, provider);
    #[cfg(target_os = "android")]
    return Err(rustls::Error::General(
        "Android does not support added certificates".to_owned(),
    ));
}

/// The certificate chain that the client shows, and its private key.
fn client_certificate(
    options: &HttpOptions,
) -> Result<Option<(Certificates, PrivateKeyDer<'static>)>, Error> {
    const OPTION: &str = "client_certificate";
    let Some(pem) = &options.client_certificate else {
        return Ok(None);
    };
    let pem = pem.expose().as_bytes();
    let chain = certificates(pem, OPTION)?;
    let key = PrivateKeyDer::from_pem_slice(pem)
        .map_err(|_| invalid(OPTION, "it contains no private key"))?;
    Ok(Some((chain, key)))
}

fn failed(what: &str, error: rustls::Error) -> Error {
    Error::configuration(what.to_owned()).caused_by(error)
}
