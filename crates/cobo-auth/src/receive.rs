//! From what the HTTP client hands over to a verified response, or an error.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use url::Url;
use zeroize::Zeroizing;

use crate::body::ErrorBody;
use crate::client::Shared;
use crate::error::Error;
use crate::response::{Body, Response};
use crate::verifier::Verification;

/// Reads, verifies and classifies a response.
pub(crate) async fn receive(
    sent: reqwest::Result<reqwest::Response>,
    shared: &Shared,
) -> Result<Response<Body>, Error> {
    let mut response = sent.map_err(Error::transport)?;
    let status = response.status();
    let headers = std::mem::take(response.headers_mut());
    match judge(response, status, &headers, shared).await {
        Ok(body) => Ok(Response::new(body, status, headers)),
        Err(error) => {
            let now = shared.clock.unix_millis();
            Err(error
                .with_response(status, &headers)
                .with_times(now, &headers))
        }
    }
}

async fn judge(
    response: reqwest::Response,
    status: StatusCode,
    headers: &HeaderMap,
    shared: &Shared,
) -> Result<Body, Error> {
    if status.is_redirection() {
        return Err(Error::redirect(redirect_host(response.url(), headers)));
    }
    let body = read(response, shared.max_response_bytes).await?;
    let keys = shared.environment.response_keys();
    match keys.verify(&body, headers) {
        Verification::Signed { timestamp } => check_age(timestamp, shared)?,
        Verification::Unchecked => {}
        Verification::Invalid => return Err(Error::bad_signature()),
        Verification::Unsigned if status.is_success() => return Err(Error::unsigned()),
        // Gateways answer too, and what they say is only an error.
        Verification::Unsigned => {}
    }
    let failure = if status.is_success() {
        ErrorBody::parse_disguised(&body)
    } else {
        Some(ErrorBody::parse(&body).ok_or_else(Error::unexpected)?)
    };
    match failure {
        None => Ok(Body::new(body)),
        Some(failure) => Err(Error::api(failure)),
    }
}

/// The whole body, as long as it is no longer than the limit, in memory that is wiped.
async fn read(mut response: reqwest::Response, limit: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
    let announced = response.content_length().unwrap_or(0);
    if usize::try_from(announced).map_or(true, |length| length > limit) {
        return Err(Error::too_large(limit));
    }
    // Put together once: a vector that grows leaves copies behind.
    let (mut chunks, mut length) = (Vec::new(), 0);
    while let Some(chunk) = response.chunk().await.map_err(Error::transport)? {
        length += chunk.len();
        if length > limit {
            return Err(Error::too_large(limit));
        }
        chunks.push(chunk);
    }
    Ok(Zeroizing::new(chunks.concat()))
}

/// A response that was signed too long ago may be one that was kept and played back.
fn check_age(timestamp: Option<u64>, shared: &Shared) -> Result<(), Error> {
    let Some(limit) = shared.max_response_age else {
        return Ok(());
    };
    let now = shared.clock.unix_millis();
    let age = timestamp.map(|signed| Duration::from_millis(now.abs_diff(signed)));
    match age {
        Some(age) if age <= limit => Ok(()),
        _ => Err(Error::stale()),
    }
}

/// The host that a redirect leads to; the rest of the target stays out of errors.
fn redirect_host(from: &Url, headers: &HeaderMap) -> Option<String> {
    let location = headers.get(header::LOCATION)?.to_str().ok()?;
    Some(from.join(location).ok()?.host_str()?.to_owned())
}
