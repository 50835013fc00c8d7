//! Counters for the `metrics` crate's recorder, enabled by the feature of that name.

/// How a token was obtained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grant {
    /// By `refresh_token`.
    Refresh,
    /// By `get_token`.
    Issue,
}

impl Grant {
    /// The name of the operation.
    pub(crate) fn operation(self) -> &'static str {
        match self {
            Self::Refresh => "refresh_token",
            Self::Issue => "get_token",
        }
    }
}

/// Records metrics. Does nothing without the feature `metrics`.
pub(crate) struct Metrics;

#[cfg_attr(not(feature = "metrics"), allow(unused_variables))]
impl Metrics {
    pub(crate) fn obtained(grant: Grant) {
        #[cfg(feature = "metrics")]
        ::metrics::counter!("cobo_tokens_obtained_total", "grant" => grant.operation())
            .increment(1);
    }

    pub(crate) fn failed(grant: Grant) {
        #[cfg(feature = "metrics")]
        ::metrics::counter!("cobo_token_failures_total", "grant" => grant.operation()).increment(1);
    }

    pub(crate) fn rejected() {
        #[cfg(feature = "metrics")]
        ::metrics::counter!("cobo_tokens_rejected_total").increment(1);
    }

    pub(crate) fn store_failed() {
        #[cfg(feature = "metrics")]
        ::metrics::counter!("cobo_token_store_failures_total").increment(1);
    }
}
