//! The `tracing` spans of a call and of the requests that it sends.
//!
//! Their fields have the names of OpenTelemetry's semantic conventions, so that traces show them like
//! those of other HTTP clients. The query is left out, because it may contain secrets. A span of a
//! request has the path only as the document's template; a span of a call without an operation names
//! the path.

use tracing::Span;
use tracing::field::Empty;

use crate::body::Body;
use crate::call::Call;
use crate::call::response::Response;
use crate::error::Error;
use crate::operation::Operation;

/// The span of a call: its attempts, the pauses between them, and a token that it waits for. `label`
/// is the request in logs.
pub(super) fn of_call(
    operation: Option<&'static Operation>,
    label: &str,
    org_id: Option<&str>,
) -> Span {
    tracing::info_span!(
        "cobo",
        otel.name = Operation::id_or_raw(operation),
        operation = label,
        org_id,
        "error.type" = Empty,
        otel.status_code = Empty,
    )
}

/// The span of one request and its response. `resends` is the number of requests that the call has
/// sent before.
pub(super) fn of_request(call: &Call, attempt: u32, resends: usize) -> Span {
    let method = call.method.as_str();
    let template = call.operation.map(Operation::path);
    let name = || match template {
        Some(template) => format!("{method} {template}"),
        None => method.to_owned(),
    };
    // OpenTelemetry has no unsigned numbers.
    tracing::info_span!(
        "attempt",
        otel.name = name(),
        otel.kind = "client",
        attempt = i64::from(attempt),
        http.request.method = method,
        http.request.resend_count = i64::try_from(resends).ok().filter(|count| *count > 0),
        server.address = call.url.host_str(),
        server.port = call.url.port_or_known_default().map(i64::from),
        url.template = template,
        http.response.status_code = Empty,
        "error.type" = Empty,
        otel.status_code = Empty,
    )
}

/// Adds the result to a span. That of a call has no field for the status.
pub(super) fn record(span: &Span, result: Result<&Response<Body>, &Error>) {
    let status = result.map_or_else(Error::status, |response| Some(response.status()));
    if let Some(status) = status {
        span.record("http.response.status_code", i64::from(status.as_u16()));
    }
    if let Err(error) = result {
        span.record("error.type", error.kind().name());
        span.record("otel.status_code", "ERROR");
    }
}
