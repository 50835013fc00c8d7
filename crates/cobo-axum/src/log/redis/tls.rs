//! The TLS provider of the process, which the `redis` crate uses. It panics if none is installed.

use rustls::crypto::CryptoProvider;
#[cfg(feature = "rustls-aws-lc")]
use rustls::crypto::aws_lc_rs::default_provider;
#[cfg(all(feature = "rustls-ring", not(feature = "rustls-aws-lc")))]
use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// Whether this build has TLS, or the program has installed a provider.
pub(super) fn is_available() -> bool {
    let built_in = cfg!(any(feature = "rustls-aws-lc", feature = "rustls-ring"));
    built_in || CryptoProvider::get_default().is_some()
}

/// Installs the provider of the enabled feature, if the program has installed none. Called as late
/// as possible, so that the program can choose its own.
pub(super) fn install_provider() {
    #[cfg(any(feature = "rustls-aws-lc", feature = "rustls-ring"))]
    if CryptoProvider::get_default().is_none() {
        // Another thread may have installed one in between.
        let _ = default_provider().install_default();
    }
}

/// Whether a PEM file has certificates. The `redis` crate accepts one without any, and then trusts no
/// server.
pub(super) fn has_certificates(pem: &[u8]) -> bool {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    certificates.is_ok_and(|certificates| !certificates.is_empty())
}
