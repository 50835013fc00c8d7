//! Turns the HTTP client's response into a verified response or an error.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use url::Url;
use zeroize::Zeroizing;

use crate::body::Body;
use crate::call::response::Response;
use crate::client::Shared;
use crate::client::cobo_time::is_fresh;
use crate::error::body::ErrorBody;
use crate::error::{Error, ErrorKind};
use crate::sign::verifier::SignatureError;

/// The largest error body that is read, in bytes.
const MAX_FAILURE_BYTES: usize = 64 * 1024;

/// Reads, verifies and classifies a response. Its attempt was sent at `sent_at` by Cobo's time, in
/// Unix milliseconds; `None` if that time is not known.
pub(crate) async fn receive(
    sent: reqwest::Result<reqwest::Response>,
    shared: &Shared,
    sent_at: Option<u64>,
) -> Result<Response<Body>, Error> {
    let mut response = sent.map_err(Error::transport)?;
    let status = response.status();
    let headers = std::mem::take(response.headers_mut());
    match judge(response, status, &headers, shared, sent_at).await {
        Ok((body, fresh)) => Ok(Response::new(body, fresh, status, headers)),
        Err(error) => {
            // If a nonce is ahead of the clock, the server sees the nonce as this machine's time.
            let now = shared.clock.unix_millis();
            let now = now.saturating_add(shared.nonces.ahead_of(now));
            Err(error
                .with_response(status, &headers)
                .with_times(now, &headers))
        }
    }
}

/// The body of a success, and whether Cobo signed it recently.
async fn judge(
    response: reqwest::Response,
    status: StatusCode,
    headers: &HeaderMap,
    shared: &Shared,
    sent_at: Option<u64>,
) -> Result<(Body, bool), Error> {
    if status.is_redirection() {
        return Err(Error::redirect(redirect_host(response.url(), headers)));
    }
    if let Some(coding) = coding(headers) {
        return Err(Error::coded(&coding));
    }
    let limit = shared.max_response_bytes;
    let body = if status.is_success() {
        read(response, limit, Error::too_large, Error::transport).await?
    } else {
        // Cobo's own error bodies are short; a longer one is not read to its end.
        let limit = limit.min(MAX_FAILURE_BYTES);
        match read(response, limit, Error::too_large, Error::transport).await {
            Err(error) if error.kind() == ErrorKind::TooLarge => return Err(Error::unexpected()),
            body => body?,
        }
    };
    let keys = shared.environment.response_keys();
    let (signed, fresh) = match keys.verify(&body, headers) {
        Ok(timestamp) => {
            let now = shared.clock.reading();
            if shared.cobo_time.is_outdated(timestamp) {
                return Err(Error::outdated());
            }
            shared.cobo_time.note(timestamp, now);
            check_age(timestamp, shared)?;
            (true, is_fresh(timestamp, sent_at, now.unix_millis))
        }
        Err(SignatureError::NoKeys) => (false, false),
        Err(SignatureError::Missing | SignatureError::MixedSpellings) if status.is_success() => {
            return Err(Error::unsigned());
        }
        // Gateways send unsigned errors. An unsigned error is accepted, but never as proof of a
        // refusal.
        Err(SignatureError::Missing | SignatureError::MixedSpellings) => (false, false),
        Err(_) => return Err(Error::bad_signature()),
    };
    let failure = if status.is_success() {
        ErrorBody::parse_error_in_success(&body)
    } else {
        Some(ErrorBody::parse(&body).ok_or_else(Error::unexpected)?)
    };
    match failure {
        None => Ok((Body::new(body), fresh)),
        Some(failure) => Err(Error::api(failure, signed, fresh)),
    }
}

/// Reads the whole body, at most `limit` bytes, into memory that is wiped. Does not read a longer one
/// to its end. The last two arguments make the errors.
pub(crate) async fn read<E>(
    mut response: reqwest::Response,
    limit: usize,
    too_large: fn(usize) -> E,
    transport: fn(reqwest::Error) -> E,
) -> Result<Zeroizing<Vec<u8>>, E> {
    let announced = response.content_length().unwrap_or(0);
    if usize::try_from(announced).map_or(true, |length| length > limit) {
        return Err(too_large(limit));
    }
    let mut body = Zeroizing::new(Vec::new());
    while let Some(chunk) = response.chunk().await.map_err(transport)? {
        let length = body.len() + chunk.len();
        if length > limit {
            return Err(too_large(limit));
        }
        if length > body.capacity() {
            // A vector that grows by itself would leave copies in memory that are not wiped.
            let mut larger = Zeroizing::new(Vec::with_capacity(length.max(2 * body.len())));
            larger.extend_from_slice(&body);
            body = larger;
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Refuses a response whose timestamp is too far from the local clock, if the caller set a limit.
fn check_age(timestamp: u64, shared: &Shared) -> Result<(), Error> {
    let Some(limit) = shared.max_response_age else {
        return Ok(());
    };
    let age = shared.clock.unix_millis().abs_diff(timestamp);
    if Duration::from_millis(age) <= limit {
        Ok(())
    } else {
        Err(Error::stale())
    }
}

/// The content encodings of the body. The signature of an encoded body cannot be checked.
pub(crate) fn coding(headers: &HeaderMap) -> Option<String> {
    let codings = headers.get_all(header::CONTENT_ENCODING).iter();
    let codings: Vec<_> = codings
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    let names: Vec<&str> = codings
        .iter()
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("identity"))
        .collect();
    (!names.is_empty()).then(|| names.join(","))
}

/// The host of a redirect's target. The rest of the target is not shown in errors.
fn redirect_host(from: &Url, headers: &HeaderMap) -> Option<String> {
    let location = headers.get(header::LOCATION)?.to_str().ok()?;
    let target = from.join(location).ok()?;
    target
        .host_str()
        .filter(|host| host.len() <= 253)
        .map(str::to_owned)
}
