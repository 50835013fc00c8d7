//! The request for the portal's public keys.

use std::sync::Arc;

use http::{HeaderValue, StatusCode, header};
use url::Url;
use zeroize::Zeroizing;

use crate::call::receive::{coding, read};
use crate::error::Error;
use crate::sign::target::canonical_url;

/// The largest JWKS that is read, in bytes.
const MAX_BYTES: usize = 64 * 1024;

type Source = Arc<dyn std::error::Error + Send + Sync>;

/// Why the portal's keys could not be fetched. The [source](std::error::Error::source) of a
/// [`UserInfoError`](crate::UserInfoError) whose kind is
/// [`KeysUnavailable`](crate::UserInfoErrorKind::KeysUnavailable) or
/// [`KeysTooOld`](crate::UserInfoErrorKind::KeysTooOld).
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum JwksError {
    /// No connection could be made.
    #[error("could not connect to the server of the JWKS; check the network, the proxy and TLS")]
    Connect(#[source] Source),
    /// The server did not answer in time.
    #[error("the server of the JWKS did not answer in time")]
    Timeout(#[source] Source),
    /// The connection broke.
    #[error("the connection broke while the JWKS was fetched")]
    Transport(#[source] Source),
    /// The server answered with a redirect, which is never followed.
    #[error(
        "the server redirected the request for the JWKS, but redirects are never followed; check the \
         base URL"
    )]
    Redirect,
    /// The server answered with another status than 200.
    #[error("the server answered with HTTP {} instead of the JWKS; check the base URL", .0.as_u16())]
    Status(StatusCode),
    /// The answer is larger than 64 KiB.
    #[error("the JWKS has more than {MAX_BYTES} bytes; check which server answers at the base URL")]
    TooLarge,
    /// The answer has a content encoding, such as gzip, that the request did not ask for.
    #[error("the JWKS has a content encoding that was not asked for; check the proxy")]
    ContentEncoding,
    /// The answer is not a JWKS.
    #[error("the answer is not a JWKS (JSON with a list `keys`); check the base URL")]
    Malformed,
    /// The task that fetched the keys was ended, for example because its runtime shut down.
    #[error("the fetch of the JWKS was interrupted; verify the token again")]
    Interrupted,
}

impl JwksError {
    fn transport(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let kind = if error.is_connect() {
            Self::Connect
        } else if error.is_timeout() {
            Self::Timeout
        } else {
            Self::Transport
        };
        kind(Arc::new(error))
    }
}

/// The URL of the JWKS of an environment.
pub(super) fn url(base: &Url) -> Result<Url, Error> {
    canonical_url(base, "/oauth/authorize/jwks.json", Vec::new())
        .map_err(|why| Error::target("base URL", why))
}

/// Fetches the JWKS and returns its bytes. The keys are public, so this is the only request that is
/// not signed. It has neither the API key nor a token. The HTTP client follows no redirects, so that only the
/// environment's server is asked.
pub(super) async fn fetch(
    http: &reqwest::Client,
    url: &Url,
) -> Result<Zeroizing<Vec<u8>>, JwksError> {
    let identity = HeaderValue::from_static("identity");
    let request = http
        .get(url.clone())
        .header(header::ACCEPT, HeaderValue::from_static("application/json"))
        .header(header::ACCEPT_ENCODING, identity);
    let response = request.send().await.map_err(JwksError::transport)?;
    let status = response.status();
    if status.is_redirection() {
        return Err(JwksError::Redirect);
    }
    if status != StatusCode::OK {
        return Err(JwksError::Status(status));
    }
    if coding(response.headers()).is_some() {
        return Err(JwksError::ContentEncoding);
    }
    read(
        response,
        MAX_BYTES,
        |_| JwksError::TooLarge,
        JwksError::transport,
    )
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jwks_is_below_the_path_of_the_base_url() {
        for (base, jwks) in [
            (
                "https://api.example/v2",
                "https://api.example/v2/oauth/authorize/jwks.json",
            ),
            (
                "https://api.example",
                "https://api.example/oauth/authorize/jwks.json",
            ),
        ] {
            let base = Url::parse(base).unwrap();
            assert_eq!(url(&base).unwrap().as_str(), jwks);
        }
    }
}
