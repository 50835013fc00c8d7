use http::StatusCode;

use super::{Error, Kind};
use crate::code::ErrorCode;

/// Whether a failed call was carried out, as far as that is known. All attempts of the call count,
/// not only the last one.
///
/// ```
/// use cobo_auth::{Error, Execution};
///
/// fn may_call_again(error: &Error) -> bool {
///     // Otherwise look up what became of the call first.
///     error.execution() == Execution::NotExecuted
/// }
/// assert!(may_call_again(&Error::no_token("the vault is sealed")));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Execution {
    /// The call was not carried out. Each of its attempts either never left this machine, or was
    /// answered with a signed and fresh refusal.
    NotExecuted,
    /// The call may have been carried out: at least one attempt was sent, and no trustworthy
    /// response says whether it was carried out. Look up the result before you call again, unless
    /// the operation may be repeated.
    Unknown,
    /// The call was carried out: a verified success arrived, but its body does not decode
    /// ([`Error::success_body`]).
    Executed,
}

impl Error {
    /// Whether the call was carried out, as far as that is known. This is about the whole call: if
    /// the outcome of an earlier attempt is unknown, the outcome of the call is unknown, however
    /// the last attempt failed.
    ///
    /// Only these failures of an attempt count as [not carried out](Execution::NotExecuted):
    ///
    /// - The request certainly never left this machine: it could not be built or signed, there was
    ///   no access token, no connection could be made, or no time was left.
    /// - Cobo refused the request: a 4xx with a body that Cobo signed recently (its timestamp is at
    ///   most 5 s behind the newest Cobo time that this process had verified when the attempt was
    ///   sent, and within 60 s of the local clock). These refusals do not count: status 408 and
    ///   409; the codes for "request id used before" (30001, 12009), since Cobo accepted an earlier
    ///   request; and the codes of internal or temporary failures (1000, 2000, 30039, 60003, and
    ///   OAuth's `server_error`, `temporarily_unavailable` and `slow_down`).
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
            Kind::Decode { by_content_type: false, .. } => Execution::Executed,
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

    /// Whether the body says that the request was refused and nothing was done. The caller checks
    /// that Cobo signed it for this request.
    fn is_refusal(&self) -> bool {
        let refused = self.0.status.is_some_and(|status| {
            status.is_client_error()
                && !matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT)
        });
        let clear = match (self.code(), self.oauth_error()) {
            (Some(code), _) => {
                code == ErrorCode::RATE_LIMITED || !(code.is_retryable() || code.is_duplicate())
            }
            (None, Some(name)) => !OAUTH_TEMPORARY.contains(&name),
            (None, None) => false,
        };
        refused && clear
    }
}

/// OAuth errors that a server may also return after it carried out a part of the request.
const OAUTH_TEMPORARY: [&str; 3] = ["server_error", "temporarily_unavailable", "slow_down"];
