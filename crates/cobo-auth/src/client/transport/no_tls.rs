//! Refuses options that need TLS, in a build without TLS.

use url::Url;

use super::options::HttpOptions;
use crate::error::Error;

/// Refuses options that need TLS.
pub(super) fn configure(
    http: reqwest::ClientBuilder,
    options: &HttpOptions,
    base: &Url,
) -> Result<reqwest::ClientBuilder, Error> {
    let certificates = options.only_root_certificates
        || !options.root_certificates.is_empty()
        || options.client_certificate.is_some();
    let reason = match options.needs_tls(base)? {
        Some(reason) => reason,
        None if certificates => "the HTTP options have certificates",
        None => return Ok(http),
    };
    Err(Error::configuration(format!(
        "{reason}, and this build has no TLS: enable the feature `rustls-aws-lc` or `rustls-ring` \
         of the crate `cobo-auth`"
    )))
}
