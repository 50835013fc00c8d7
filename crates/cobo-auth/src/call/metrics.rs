//! Counts and times calls if the feature `metrics` is on. The crate's documentation lists the
//! names.

use tokio::time::Instant;

use super::Call;
use crate::error::Error;
use crate::call::response::{Body, Response};

#[cfg_attr(not(feature = "metrics"), expect(unused_variables))]
pub(super) fn attempt(call: &Call, result: &Result<Response<Body>, Error>) {
    #[cfg(feature = "metrics")]
    metrics::counter!(
        "cobo_call_attempts_total",
        "operation" => operation(call),
        "outcome" => outcome(result),
    )
    .increment(1);
}

#[cfg_attr(not(feature = "metrics"), expect(unused_variables))]
pub(super) fn call(call: &Call, started: Instant, result: &Result<Response<Body>, Error>) {
    #[cfg(feature = "metrics")]
    {
        let (operation, outcome) = (operation(call), outcome(result));
        metrics::counter!("cobo_calls_total", "operation" => operation, "outcome" => outcome)
            .increment(1);
        metrics::histogram!(
            "cobo_call_duration_seconds",
            "operation" => operation,
            "outcome" => outcome,
        )
        .record(started.elapsed().as_secs_f64());
    }
}

/// The label of the operation. A path may contain ids, so all requests without an operation share
/// one.
#[cfg(feature = "metrics")]
fn operation(call: &Call) -> &'static str {
    call.operation.map_or("raw", |operation| operation.id())
}

#[cfg(feature = "metrics")]
fn outcome(result: &Result<Response<Body>, Error>) -> &'static str {
    use crate::error::ErrorKind;

    let Err(error) = result else { return "success" };
    match error.kind() {
        ErrorKind::Configuration => "configuration",
        ErrorKind::InvalidRequest => "invalid_request",
        ErrorKind::Signer => "signer",
        ErrorKind::Credential => "credential",
        ErrorKind::Connect => "connect",
        ErrorKind::Timeout => "timeout",
        ErrorKind::Transport => "transport",
        ErrorKind::Redirect => "redirect",
        ErrorKind::TooLarge => "too_large",
        ErrorKind::Unverified => "unverified",
        ErrorKind::Api => "api",
        ErrorKind::Unexpected => "unexpected",
        ErrorKind::ContentEncoding => "content_encoding",
        // Neither of these two is known before the call has ended.
        ErrorKind::Decode => "decode",
        ErrorKind::RepeatedCursor => "repeated_cursor",
    }
}
