//! Installs the TLS provider of the process. The `redis` crate uses it, and panics if none is installed.

use rustls::crypto::CryptoProvider;
#[cfg(feature = "rustls-aws-lc")]
use rustls::crypto::aws_lc_rs::default_provider;
#[cfg(all(feature = "rustls-ring", not(feature = "rustls-aws-lc")))]
use rustls::crypto::ring::default_provider;

use crate::store::StoreError;

/// Fails in a build without TLS, unless the program has installed a provider.
pub(super) fn check() -> Result<(), StoreError> {
    let built_in = cfg!(any(feature = "rustls-aws-lc", feature = "rustls-ring"));
    if built_in || CryptoProvider::get_default().is_some() {
        return Ok(());
    }
    Err(StoreError::unavailable(
        "a `rediss://` URL needs TLS, which this build does not have: enable the feature \
         `rustls-aws-lc` or `rustls-ring` of the crate `cobo-oauth`",
    ))
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
