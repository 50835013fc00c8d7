//! The text of an error: what failed, what Cobo says about it, whether the call may have been
//! carried out, and what the caller can do.

use std::fmt;

use super::{Error, ErrorKind, Execution, Kind};
use crate::error::code::ErrorCode;

/// The default time range of `list_transactions`, the only lookup operation of our documents. It does
/// not list older requests.
const TIME_RANGE: &str = "which lists the last 90 days by default";

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = &self.0.operation {
            write!(f, "{operation}: ")?;
        }
        self.fmt_failure(f)?;
        if let Some(status) = self.0.status {
            write!(f, " (HTTP {}", status.as_u16())?;
            if let Some(response_id) = &self.0.response_id {
                write!(f, ", X-Request-Id {response_id}")?;
            }
            f.write_str(")")?;
        }
        match self.0.clock_ahead {
            Some(ahead) if ahead > 0 => write!(f, "; this machine's clock is {ahead} s ahead")?,
            Some(ahead) => write!(f, "; this machine's clock is {} s behind", -ahead)?,
            None => {}
        }
        if self.0.nonce_refused {
            f.write_str(
                "; if this server accepts only milliseconds as nonces, set \
                 `ClientBuilder::nonces(NonceStrategy::Milliseconds)`",
            )?;
        }
        self.fmt_execution(f)
    }
}

impl ErrorKind {
    /// The name of the kind in metrics and traces.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::InvalidRequest => "invalid_request",
            Self::Signer => "signer",
            Self::Credential => "credential",
            Self::Connect => "connect",
            Self::Timeout => "timeout",
            Self::Transport => "transport",
            Self::Redirect => "redirect",
            Self::TooLarge => "too_large",
            Self::Unverified => "unverified",
            Self::Api => "api",
            Self::RequestIdTaken => "request_id_taken",
            Self::Unexpected => "unexpected",
            Self::ContentEncoding => "content_encoding",
            // These two are known only after the call has ended, so neither metrics nor traces have them.
            Self::Decode => "decode",
            Self::RepeatedCursor => "repeated_cursor",
        }
    }
}

impl Error {
    /// Writes how the last attempt failed.
    fn fmt_failure(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.kind {
            Kind::Configuration(what) | Kind::InvalidRequest(what) => f.write_str(what),
            Kind::Missing(missing) => write!(f, "{missing}"),
            Kind::Target { name, why } => write!(f, "`{name}`: {why}"),
            Kind::Signer => f.write_str("the signer failed"),
            Kind::Credential { .. } => {
                f.write_str("the credential failed")?;
                // The source is the credential's error: it says why, and what the caller can do.
                match &self.0.source {
                    Some(source) => write!(f, ": {source}"),
                    None => Ok(()),
                }
            }
            Kind::Connect => f.write_str("could not connect"),
            Kind::Timeout => f.write_str("the request timed out"),
            Kind::Deadline { .. } => f.write_str("the deadline of all attempts passed"),
            Kind::Transport => f.write_str("the connection broke"),
            Kind::Redirect { host } => write!(
                f,
                "the request was redirected to {}, but redirects are never followed; check the base \
                 URL",
                host.as_deref().unwrap_or("an unknown host")
            ),
            Kind::TooLarge { limit } => write!(
                f,
                "the response has more than {limit} bytes; raise `max_response_bytes` if a response of \
                 this size is expected"
            ),
            Kind::Unsigned => f.write_str(
                "the response is a success without a signature; a proxy or gateway answered instead of \
                 Cobo, or the client uses the wrong environment",
            ),
            Kind::BadSignature => f.write_str(
                "the response's signature does not verify with this environment's keys; the response \
                 was changed in transit, or the client uses the wrong environment",
            ),
            Kind::Stale => f.write_str(
                "the response's timestamp is too far from this machine's clock (`max_response_age`); \
                 it is an old response that was sent again, or this machine's clock is wrong",
            ),
            Kind::Outdated => f.write_str(
                "the response was signed more than 15 minutes before the newest verified response; \
                 it is an old response that was sent again, or one of Cobo's clocks is wrong",
            ),
            Kind::Api(body) => {
                body.fmt_summary(f)?;
                let mut separator = ": ";
                if let Some(explanation) = &self.0.explanation {
                    write!(f, "{separator}Cobo says \"{explanation}\"")?;
                    separator = "; ";
                }
                if let Some(sent) = &self.0.request_id
                    && self.is_request_id_taken()
                {
                    let (id, property) = (&sent.id, sent.key.property);
                    return write!(
                        f,
                        "{separator}Cobo took a request with the {property} `{id}`, this one or an \
                         earlier one: look it up with `{}`, {TIME_RANGE}, and compare what it did \
                         (wallet, destination, amount) with this request; do not send this request \
                         with another {property} before that",
                        sent.key.lookup
                    );
                }
                match self.advice() {
                    Some(advice) => write!(f, "{separator}{advice}"),
                    None => Ok(()),
                }
            }
            Kind::Unexpected => f.write_str(
                "the error response does not have Cobo's format; a gateway probably sent it",
            ),
            Kind::Coded { coding } => write!(
                f,
                "the response has the content encoding {}, which the client did not accept; a proxy \
                 or gateway probably added it",
                coding.as_deref().unwrap_or("(not printable)")
            ),
            Kind::Decode {
                why, certain: true, ..
            } => write!(
                f,
                "the call succeeded, but its response does not decode: {why}; `success_body` has \
                 its bytes"
            ),
            Kind::Decode { why, .. } => write!(
                f,
                "the response does not decode: {why}; `success_body` has its bytes"
            ),
            Kind::RepeatedCursor => f.write_str(
                "the server repeated a pagination cursor; the rest of the list is missing",
            ),
        }
    }

    /// What the caller can do about an error code. It never advises a retry if the call may have
    /// been carried out and must not be repeated.
    fn advice(&self) -> Option<&'static str> {
        let may_repeat = self.0.repeatable || self.execution() == Execution::NotExecuted;
        if self.is_token_expired() {
            return Some(if may_repeat {
                "the access token may have expired; renew it and call again"
            } else {
                "the access token may have expired; renew it"
            });
        }
        let code = self.code()?;
        match (code.is_retryable(), may_repeat) {
            (true, true) if code == ErrorCode::RATE_LIMITED => {
                Some("call again later, and wait longer each time")
            }
            (true, true) => Some("call again later"),
            (true, false) => None,
            (false, _) => code.advice(),
        }
    }

    /// Writes whether the call may have been carried out, unless the text already implies it.
    fn fmt_execution(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = matches!(
            self.0.kind,
            Kind::Configuration(_)
                | Kind::InvalidRequest(_)
                | Kind::Missing(_)
                | Kind::Target { .. }
                | Kind::RepeatedCursor
        );
        // If the call may be repeated and the server failed, this information does not help the
        // caller.
        let answered = matches!(self.0.kind, Kind::Api(_) | Kind::Unexpected);
        let says_enough = local
            || self.is_request_id_taken()
            || (answered && self.0.repeatable && self.0.request_id.is_none());
        let what = match (self.execution(), self.of_this_attempt()) {
            (Execution::Executed, _) => return Ok(()),
            (Execution::Unknown, Execution::NotExecuted) => "an earlier attempt",
            _ if says_enough => return Ok(()),
            (Execution::NotExecuted, _) => {
                return f.write_str(match self.0.kind {
                    // The error of the credential is about another call.
                    Kind::Credential { .. } => "; this call was not sent",
                    _ => "; the request was not carried out",
                });
            }
            (Execution::Unknown, _) => "the request",
        };
        write!(f, "; {what} may have been carried out")?;
        if let Some(sent) = &self.0.request_id {
            return write!(
                f,
                ": send it again only with the same {}, `{}`, or look it up with `{}`, {TIME_RANGE}",
                sent.key.property, sent.id, sent.key.lookup
            );
        }
        if self.0.repeatable {
            return Ok(());
        }
        f.write_str(": look up its result before you send it again")
    }
}
