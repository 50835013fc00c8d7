use http::StatusCode;

use super::{Error, Kind};
use crate::error::code::ErrorCode;

/// Whether a failed call was carried out, as far as that is known. All attempts of the call count,
/// not only the last one.
///
/// ```
/// use cobo_auth::{Error, Execution};
///
/// fn may_call_again(error: &Error) -> bool {
///     // Otherwise look up first whether the call was carried out.
///     error.execution() == Execution::NotExecuted
/// }
/// assert!(may_call_again(&Error::no_token("the vault is sealed")));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Execution {
    /// The call was not carried out. Each of its attempts either never left this machine, or was
    /// answered with a signed and fresh refusal. This says nothing about an earlier call with the
    /// same request id: if that one is [`Unknown`](Self::Unknown), look it up first.
    NotExecuted,
    /// The call may have been carried out: at least one attempt was sent, and no trustworthy
    /// response says whether it was carried out. Look up the result before you call again, unless
    /// the operation may be repeated.
    Unknown,
    /// The call was carried out: a success arrived that Cobo signed, and signed recently, and its
    /// body does not decode ([`Error::success_body`]).
    Executed,
}

impl Error {
    /// Returns whether the call was carried out, as far as that is known. This is about the whole
    /// call: if the outcome of an earlier attempt is unknown, the outcome of the call is unknown,
    /// however the last attempt failed.
    ///
    /// Only these failures of an attempt count as [not carried out](Execution::NotExecuted):
    ///
    /// - The request certainly never left this machine: it could not be built or signed, there was
    ///   no access token, no connection, or no time left.
    /// - Cobo refused the request: a 4xx whose body Cobo signed, and signed recently (its timestamp
    ///   is at most 5 s behind the newest Cobo time that this process had verified when the attempt
    ///   was sent, and within 60 s of the local clock), with a code that says so: a missing or
    ///   malformed parameter (1003, 2003, 1006, 2006), no such endpoint (2021), authentication
    ///   (2024), permission (2025, 4001), too many requests (2026), not found (2028), or one of
    ///   OAuth's own refusals (`invalid_grant`, …). Codes that this crate does not know do not
    ///   count, nor do the statuses 408 and 409.
    ///
    /// All other failures after the request was sent are [unknown](Execution::Unknown), 5xx
    /// included.
    pub fn execution(&self) -> Execution {
        match self.of_this_attempt() {
            Execution::NotExecuted if self.0.earlier_unknown => Execution::Unknown,
            execution => execution,
        }
    }

    /// As [`execution`](Self::execution), for the last attempt alone.
    pub(crate) fn of_this_attempt(&self) -> Execution {
        match &self.0.kind {
            Kind::Configuration(_)
            | Kind::InvalidRequest(_)
            | Kind::Missing(_)
            | Kind::Target { .. }
            | Kind::Signer
            | Kind::Credential { .. }
            | Kind::Connect
            | Kind::Deadline { sent: false }
            // The page at a repeated cursor is never requested.
            | Kind::RepeatedCursor => Execution::NotExecuted,
            Kind::Api(_) if self.0.fresh && self.is_refusal() => Execution::NotExecuted,
            Kind::Decode { certain: true, .. } => Execution::Executed,
            Kind::Timeout
            | Kind::Deadline { sent: true }
            | Kind::Transport
            | Kind::Redirect { .. }
            | Kind::TooLarge { .. }
            | Kind::Unsigned
            | Kind::BadSignature
            | Kind::Stale
            | Kind::Outdated
            | Kind::Api(_)
            | Kind::Unexpected
            | Kind::Coded { .. }
            | Kind::Decode { .. } => Execution::Unknown,
        }
    }

    /// Whether a call that must not be repeated may be sent again after this failure: nothing of it
    /// was sent, or Cobo said "too many requests". The status alone does not count, since no
    /// signature covers it.
    pub(crate) fn may_be_sent_again(&self) -> bool {
        let clear = match &self.0.kind {
            Kind::Api(body) => body.code() == Some(ErrorCode::RATE_LIMITED),
            _ => true,
        };
        clear && self.execution() == Execution::NotExecuted
    }

    /// Whether the body, if Cobo signed it for this request, says that nothing was done.
    fn is_refusal(&self) -> bool {
        let refused = self.0.status.is_some_and(|status| {
            status.is_client_error()
                && !matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT)
        });
        let clear = match (self.code(), self.oauth_error()) {
            (Some(code), _) => CLEAR_REFUSALS.contains(&code),
            (None, Some(name)) => CLEAR_OAUTH_REFUSALS.contains(&name),
            (None, None) => false,
        };
        refused && clear
    }
}

/// The codes that say that nothing was done. A code that is not here may be one of a failure halfway.
const CLEAR_REFUSALS: [ErrorCode; 10] = [
    ErrorCode::PARAMETER_MISSING,
    ErrorCode::PARAMETER_INVALID,
    ErrorCode::REQUEST_PARAMETER_MISSING,
    ErrorCode::REQUEST_PARAMETER_INVALID,
    ErrorCode::NO_SUCH_ENDPOINT,
    ErrorCode::AUTHENTICATION,
    ErrorCode::FORBIDDEN,
    ErrorCode::RATE_LIMITED,
    ErrorCode::NOT_FOUND,
    ErrorCode::ACCESS_DENIED,
];

/// The OAuth errors (RFC 6749, 5.2; RFC 6750, 3.1) that say the same.
pub(super) const CLEAR_OAUTH_REFUSALS: [&str; 8] = [
    "access_denied",
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_scope",
    "invalid_token",
    "unauthorized_client",
    "unsupported_grant_type",
];
