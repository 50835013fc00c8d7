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
        "operation" => Operation::id_or_raw(operation),
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
        let (operation, outcome) = (Operation::id_or_raw(operation), outcome(result));
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

#[cfg(feature = "metrics")]
fn outcome(result: &Result<Response<Body>, Error>) -> &'static str {
    let failure = result.as_ref().err();
    failure.map_or("success", |error| error.kind().name())
}
