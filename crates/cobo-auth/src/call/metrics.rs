//! Counts and times calls if the feature `metrics` is on. The crate's documentation lists the
//! names.

use tokio::time::Instant;

use crate::body::Body;
use crate::call::response::Response;
use crate::error::Error;
use crate::operation::Operation;

#[cfg_attr(not(feature = "metrics"), expect(unused_variables))]
pub(super) fn attempt(operation: Option<&Operation>, result: &Result<Response<Body>, Error>) {
    #[cfg(feature = "metrics")]
    metrics::counter!(
        "cobo_call_attempts_total",
        "operation" => label(operation),
        "outcome" => outcome(result),
    )
    .increment(1);
}

#[cfg_attr(not(feature = "metrics"), expect(unused_variables))]
pub(crate) fn call(
    operation: Option<&Operation>,
    started: Instant,
    result: &Result<Response<Body>, Error>,
) {
    #[cfg(feature = "metrics")]
    {
        let (operation, outcome) = (label(operation), outcome(result));
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
fn label(operation: Option<&Operation>) -> &'static str {
    operation.map_or("raw", Operation::id)
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
        ErrorKind::RequestIdTaken => "request_id_taken",
        ErrorKind::Unexpected => "unexpected",
        ErrorKind::ContentEncoding => "content_encoding",
        // Neither of these two is known before the call has ended.
        ErrorKind::Decode => "decode",
        ErrorKind::RepeatedCursor => "repeated_cursor",
    }
}
