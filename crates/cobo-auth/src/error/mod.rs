use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cobo_model::MissingFields;
use http::StatusCode;

use crate::body::Body;
use crate::error::body::ErrorBody;
use crate::error::code::ErrorCode;
use crate::request_id::SentId;
use crate::sign::target::TargetError;

pub(crate) mod body;
pub(crate) mod code;
mod construct;
mod display;
mod execution;
mod request_id;

#[cfg(test)]
#[path = "page_tests.rs"]
mod page_tests;

pub use execution::Execution;

/// Why a call failed, and what the caller can do about it.
///
/// The text (`Display` and `Debug`) names the operation, the status, the error code and the error
/// id. If Cobo signed the error response, `Display` also shows Cobo's explanation: one line of at
/// most 300 characters, in which the secrets that the call sent are replaced by `***`. `Debug`
/// omits the explanation: use `Debug` in logs. Neither shows any other part of a body, a query or a
/// secret. A clone costs one reference count.
///
/// [`execution`](Self::execution) says whether the call may have been carried out. Ask it before
/// you call a write again:
///
/// ```
/// use cobo_auth::{Error, Execution};
///
/// fn handle(error: Error) {
///     eprintln!("{error}");
///     match error.execution() {
///         Execution::NotExecuted if error.is_retryable() => { /* call again later */ }
///         Execution::NotExecuted => { /* mend the cause first */ }
///         Execution::Executed => { /* the call succeeded: read `success_body` */ }
///         // A read may be repeated. Of a write, look up the result first.
///         _ => {}
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: Kind,
    operation: Option<Cow<'static, str>>,
    status: Option<StatusCode>,
    /// The response's `X-Request-Id`.
    response_id: Option<String>,
    /// The request id that the call sent.
    request_id: Option<SentId>,
    retry_after: Option<Duration>,
    with_bearer: bool,
    /// Whether the call may be repeated; `false` if that is not known.
    repeatable: bool,
    /// Whether an earlier attempt of the call may have been carried out.
    earlier_unknown: bool,
    signed: bool,
    /// Whether the signature was made recently, so that a replayed old response does not count.
    fresh: bool,
    /// Cobo's explanation of a failure that Cobo signed, without secrets.
    explanation: Option<String>,
    /// Whether the response's `WWW-Authenticate` calls the bearer token invalid.
    token_refused: bool,
    /// Whether the server may have refused the nonce because it is random.
    nonce_refused: bool,
    /// How many seconds this machine's clock is ahead of the server's.
    clock_ahead: Option<i64>,
    /// The cursor of the page that failed, to continue a list from there.
    cursor: Option<String>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

#[derive(Debug, Clone)]
enum Kind {
    Configuration(String),
    InvalidRequest(String),
    Missing(MissingFields),
    Target {
        name: Cow<'static, str>,
        why: TargetError,
    },
    Signer,
    Credential {
        /// Whether the credential may have a token later.
        for_now: bool,
    },
    Connect,
    Timeout,
    Deadline {
        sent: bool,
    },
    Transport,
    Redirect {
        host: Option<String>,
    },
    TooLarge {
        limit: usize,
    },
    Unsigned,
    BadSignature,
    /// The signature's timestamp is further from the local clock than the caller's limit.
    Stale,
    /// The signature is too old, by Cobo's own time.
    Outdated,
    Api(ErrorBody),
    Unexpected,
    /// The response has a content encoding, which the request did not accept.
    Coded {
        coding: Option<String>,
    },
    Decode {
        why: String,
        /// Whether the call certainly succeeded: Cobo signed the body, and signed it recently.
        certain: bool,
        body: Body,
    },
    RepeatedCursor,
}

/// The category of the failure of a call's last attempt. [`Error`] has predicates for the decisions
/// of callers. [`Error::execution`] says whether the call may have been carried out, for every
/// kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client was configured wrongly.
    Configuration,
    /// The request is invalid and was not sent.
    InvalidRequest,
    /// The signer failed.
    Signer,
    /// The credential supplied no access token; the error's source says why.
    Credential,
    /// No connection could be made.
    Connect,
    /// An attempt or the whole call timed out.
    Timeout,
    /// The connection broke.
    Transport,
    /// The server answered with a redirect. Redirects are never followed.
    Redirect,
    /// The response is larger than the client accepts.
    TooLarge,
    /// The response's signature is missing, too old, or made over other bytes or by another key.
    Unverified,
    /// Cobo refused or failed the request, and said why.
    Api,
    /// Cobo has taken a request with this call's [`Error::request_id`] before: an attempt of this
    /// call, or an earlier one. Whether it did what this call asks for is not known.
    RequestIdTaken,
    /// An error response that has neither of Cobo's formats. Most likely a gateway sent it.
    Unexpected,
    /// The response has a `Content-Encoding`, such as `gzip`, that the request did not ask for. The
    /// body is not decoded, because its signature cannot be checked.
    ContentEncoding,
    /// A success (2xx) whose body does not match the API document. [`Error::success_body`] has its
    /// bytes.
    Decode,
    /// The server repeated a pagination cursor. The rest of the list is missing.
    RepeatedCursor,
}

impl Error {
    /// Returns the kind of this failure.
    pub fn kind(&self) -> ErrorKind {
        match &self.0.kind {
            Kind::Configuration(_) => ErrorKind::Configuration,
            Kind::InvalidRequest(_) | Kind::Missing(_) | Kind::Target { .. } => {
                ErrorKind::InvalidRequest
            }
            Kind::Signer => ErrorKind::Signer,
            Kind::Credential { .. } => ErrorKind::Credential,
            Kind::Connect => ErrorKind::Connect,
            Kind::Timeout | Kind::Deadline { .. } => ErrorKind::Timeout,
            Kind::Transport => ErrorKind::Transport,
            Kind::Redirect { .. } => ErrorKind::Redirect,
            Kind::TooLarge { .. } => ErrorKind::TooLarge,
            Kind::Unsigned | Kind::BadSignature | Kind::Stale | Kind::Outdated => {
                ErrorKind::Unverified
            }
            Kind::Api(_) if self.is_request_id_taken() => ErrorKind::RequestIdTaken,
            Kind::Api(_) => ErrorKind::Api,
            Kind::Unexpected => ErrorKind::Unexpected,
            Kind::Coded { .. } => ErrorKind::ContentEncoding,
            Kind::Decode { .. } => ErrorKind::Decode,
            Kind::RepeatedCursor => ErrorKind::RepeatedCursor,
        }
    }

    /// Returns the cursor of the page of a list ([`Pages`](crate::Pages)) that failed. A request
    /// with this cursor continues the list there. `None` for the first page and for every other
    /// failure.
    ///
    /// The server chose this text, so the text of the error does not contain it.
    pub fn cursor(&self) -> Option<&str> {
        self.0.cursor.as_deref()
    }

    /// Returns the operation id of the document, or `METHOD /path` of a request without one.
    pub fn operation(&self) -> Option<&str> {
        self.0.operation.as_deref()
    }

    /// Returns the HTTP status, if there was a response.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// Returns whether Cobo signed the error response. Gateways and others answer without a
    /// signature.
    ///
    /// The signature does not prove that the response belongs to this request: it covers the body
    /// and a timestamp only. [`execution`](Self::execution) takes the timestamp into account.
    pub fn is_signed(&self) -> bool {
        self.0.signed
    }

    /// Returns the body of an error response, in either of Cobo's two shapes.
    /// [`is_signed`](Self::is_signed) says whether Cobo sent it.
    pub fn body(&self) -> Option<&ErrorBody> {
        match &self.0.kind {
            Kind::Api(body) => Some(body),
            _ => None,
        }
    }

    /// Returns the body of a success (2xx) that does not decode, for example a transfer that lacks
    /// a field. The body was verified if the environment has response keys. It may contain secrets:
    /// the memory is wiped when the last clone is dropped, and `Debug` shows only its length.
    ///
    /// ```
    /// # fn example(error: cobo_auth::Error) {
    /// if let Some(body) = error.success_body() {
    ///     let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    ///     eprintln!("the call succeeded: transaction {}", body["transaction_id"]);
    /// }
    /// # }
    /// ```
    pub fn success_body(&self) -> Option<&Body> {
        match &self.0.kind {
            Kind::Decode { body, .. } => Some(body),
            _ => None,
        }
    }

    /// Returns Cobo's error code.
    pub fn code(&self) -> Option<ErrorCode> {
        self.body()?.code()
    }

    /// Returns the id with which Cobo's support can look up the failure.
    pub fn error_id(&self) -> Option<&str> {
        self.body()?.error_id()
    }

    /// Returns the name of an OAuth error, for example `invalid_grant`.
    pub fn oauth_error(&self) -> Option<&str> {
        self.body()?.oauth_error()
    }

    /// Returns the response's `X-Request-Id`, if there was one.
    pub fn response_id(&self) -> Option<&str> {
        self.0.response_id.as_deref()
    }

    /// Returns how long the server asked the client to wait (`Retry-After`, in seconds or as a
    /// date).
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Returns the names of the required fields that are missing in the request. Empty for every
    /// other failure.
    pub fn missing_fields(&self) -> &[String] {
        match &self.0.kind {
            Kind::Missing(missing) => missing.names(),
            _ => &[],
        }
    }

    /// Returns whether an attempt or the whole call timed out.
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.kind, Kind::Timeout | Kind::Deadline { .. })
    }

    /// Returns whether the last attempt could not connect.
    pub fn is_connect(&self) -> bool {
        matches!(self.0.kind, Kind::Connect)
    }

    /// Returns whether the server refused the key, the signature, the token or the permission.
    pub fn is_auth(&self) -> bool {
        self.code().is_some_and(ErrorCode::is_auth)
            || self.is_token_expired()
            || matches!(
                self.0.status,
                Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
            )
    }

    /// Returns whether the server refused the call because of too many requests.
    pub fn is_rate_limited(&self) -> bool {
        self.0.status == Some(StatusCode::TOO_MANY_REQUESTS)
            || self.code().is_some_and(ErrorCode::is_rate_limited)
    }

    /// Returns whether the access token of the request has expired or is unknown. Cobo answers that
    /// with HTTP 500 and code 1000; without an access token, the same answer is only an internal
    /// error. A 401 that calls the token invalid counts as well.
    pub fn is_token_expired(&self) -> bool {
        let as_documented = self.0.status == Some(StatusCode::INTERNAL_SERVER_ERROR)
            && self.code() == Some(ErrorCode::INTERNAL);
        let by_name = self.0.status == Some(StatusCode::UNAUTHORIZED)
            && (self.0.token_refused || self.oauth_error() == Some("invalid_token"));
        self.0.with_bearer && (as_documented || by_name)
    }

    /// Returns how many seconds this machine's clock is ahead of the server's; negative if it is
    /// behind. Set only if the server refused the signature and the difference may be the reason.
    pub fn clock_ahead_seconds(&self) -> Option<i64> {
        self.0.clock_ahead
    }

    /// Returns whether the same call may succeed later without a change. This does not say that
    /// calling again is safe: see [`execution`](Self::execution).
    pub fn is_retryable(&self) -> bool {
        match &self.0.kind {
            Kind::Connect | Kind::Timeout | Kind::Deadline { .. } | Kind::Transport => true,
            Kind::Credential { for_now } => *for_now,
            Kind::Api(_) if self.is_request_id_taken() => false,
            Kind::Api(_) | Kind::Unexpected if self.is_token_expired() => false,
            Kind::Api(_) | Kind::Unexpected | Kind::Coded { .. } => {
                self.code().is_some_and(ErrorCode::is_retryable)
                    || self.0.status.is_some_and(is_temporary)
            }
            _ => false,
        }
    }
}

fn is_temporary(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 502 | 503 | 504)
}

/// The server's text if it is safe in an error message: 1 to 80 visible ASCII characters.
pub(crate) fn printable(text: &str) -> Option<String> {
    let fine = (1..=80).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    fine.then(|| text.to_owned())
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        let mut shown = f.debug_struct("Error");
        shown
            .field("kind", &inner.kind)
            .field("operation", &inner.operation);
        shown
            .field("status", &inner.status)
            .field("response_id", &inner.response_id)
            .field("request_id", &self.request_id());
        shown
            .field("retry_after", &inner.retry_after)
            .field("source", &inner.source);
        shown.finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
