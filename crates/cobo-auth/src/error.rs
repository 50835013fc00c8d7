use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cobo_model::MissingFields;
use http::StatusCode;

use crate::body::ErrorBody;
use crate::code::ErrorCode;
use crate::target::TargetError;

mod construct;
mod display;

/// Why a call failed, and what the caller can do about it.
///
/// The text (`Display` and `Debug`) names the operation, the status, the error code and the error
/// id. It never contains a body, a server's free text, a query or a secret: what Cobo said is at
/// [`body`](Self::body). A clone costs one reference count.
///
/// ```
/// # fn handle(error: cobo_auth::Error) {
/// if error.is_token_expired() {
///     // renew the token and call again
/// } else if error.is_retryable() {
///     // call again later
/// } else if let Some(code) = error.code() {
///     eprintln!("Cobo answered with code {code}, error id {:?}", error.error_id());
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: Kind,
    operation: Option<Cow<'static, str>>,
    status: Option<StatusCode>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    with_bearer: bool,
    signed: bool,
    /// Whether the response's `WWW-Authenticate` calls the bearer token invalid.
    token_refused: bool,
    /// How many seconds this machine's clock is ahead of the server's.
    clock_ahead: Option<i64>,
    /// Where a list that comes in pages has to be taken up again.
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
        /// Whether there may be a token later.
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
    Stale,
    Api(ErrorBody),
    Unexpected,
    Decode {
        why: String,
    },
    RepeatedCursor,
}

/// The kinds of failure, coarsely; [`Error`] has predicates for what callers decide on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client was set up wrongly. Nothing was sent.
    Configuration,
    /// The request cannot be sent as it is. Nothing was sent.
    InvalidRequest,
    /// The signer failed. Nothing was sent.
    Signer,
    /// The credential had no access token to give; the source says why. Nothing was sent.
    Credential,
    /// No connection came about. Nothing was sent.
    Connect,
    /// The time was up. The request may have been carried out.
    Timeout,
    /// The connection broke. The request may have been carried out.
    Transport,
    /// The server wanted to send the request elsewhere, which is never followed.
    Redirect,
    /// The response is larger than the client accepts.
    TooLarge,
    /// The response's signature is missing, or made over other bytes or by another key.
    Unverified,
    /// Cobo refused or failed the request, and said why.
    Api,
    /// An error response of no known shape: of a gateway, most likely.
    Unexpected,
    /// A success whose body is not what the document says.
    Decode,
    /// The cursor of a list's next page is one that has been before: what should follow is missing.
    RepeatedCursor,
}

impl Error {
    /// Which kind of failure this is.
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
            Kind::Unsigned | Kind::BadSignature | Kind::Stale => ErrorKind::Unverified,
            Kind::Api(_) => ErrorKind::Api,
            Kind::Unexpected => ErrorKind::Unexpected,
            Kind::Decode { .. } => ErrorKind::Decode,
            Kind::RepeatedCursor => ErrorKind::RepeatedCursor,
        }
    }

    /// The cursor of the page that failed, of a list that comes in [`Pages`](crate::Pages): a request
    /// with it goes on from there. `None` for the first page, and for everything else.
    ///
    /// It is what the server sent, so it is not part of the text of the error.
    pub fn cursor(&self) -> Option<&str> {
        self.0.cursor.as_deref()
    }

    /// The operation id of the document, or `METHOD /path` of a request without one.
    pub fn operation(&self) -> Option<&str> {
        self.0.operation.as_deref()
    }

    /// The HTTP status, if there was a response.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// Whether what failed was said by Cobo for certain: by an error response with a signature
    /// that verifies. Gateways answer unsigned, and so may others: such a refusal is no proof that
    /// a write was not carried out.
    pub fn is_signed(&self) -> bool {
        self.0.signed
    }

    /// What Cobo said, in either of its two shapes. See [`is_signed`](Self::is_signed) for whether
    /// it was Cobo.
    pub fn body(&self) -> Option<&ErrorBody> {
        match &self.0.kind {
            Kind::Api(body) => Some(body),
            _ => None,
        }
    }

    /// Cobo's error code.
    pub fn code(&self) -> Option<ErrorCode> {
        self.body()?.code()
    }

    /// The id under which Cobo's support finds the failure.
    pub fn error_id(&self) -> Option<&str> {
        self.body()?.error_id()
    }

    /// The name of an OAuth error, `invalid_grant` for instance.
    pub fn oauth_error(&self) -> Option<&str> {
        self.body()?.oauth_error()
    }

    /// The response's `X-Request-Id`, if there was one.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// How long the server asked to wait, in seconds or until a date.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The names of the required fields that the request lacks; empty for every other failure.
    pub fn missing_fields(&self) -> &[String] {
        match &self.0.kind {
            Kind::Missing(missing) => missing.names(),
            _ => &[],
        }
    }

    /// Whether the time was up.
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.kind, Kind::Timeout | Kind::Deadline { .. })
    }

    /// Whether no connection came about. Nothing was sent then.
    pub fn is_connect(&self) -> bool {
        matches!(self.0.kind, Kind::Connect)
    }

    /// Whether key, signature, token or permission were refused.
    pub fn is_auth(&self) -> bool {
        self.code().is_some_and(ErrorCode::is_auth)
            || self.is_token_expired()
            || matches!(
                self.0.status,
                Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
            )
    }

    /// Whether there were too many requests.
    pub fn is_rate_limited(&self) -> bool {
        self.0.status == Some(StatusCode::TOO_MANY_REQUESTS)
            || self.code().is_some_and(ErrorCode::is_rate_limited)
    }

    /// Whether the access token that the request carried has expired, or is not known: Cobo
    /// answers with HTTP 500 and code 1000, which without an access token is an internal error and
    /// no more. A 401 that names the token counts as well.
    pub fn is_token_expired(&self) -> bool {
        let as_documented = self.0.status == Some(StatusCode::INTERNAL_SERVER_ERROR)
            && self.code() == Some(ErrorCode::INTERNAL);
        let by_name = self.0.status == Some(StatusCode::UNAUTHORIZED)
            && (self.0.token_refused || self.oauth_error() == Some("invalid_token"));
        self.0.with_bearer && (as_documented || by_name)
    }

    /// How many seconds this machine's clock is ahead of the server's, where a refused signature
    /// may come from that: behind it, if negative.
    pub fn clock_ahead_seconds(&self) -> Option<i64> {
        self.0.clock_ahead
    }

    /// Whether the same call may succeed later without a change. Whether it may be repeated is
    /// another question: the request may have been carried out.
    pub fn is_retryable(&self) -> bool {
        match &self.0.kind {
            Kind::Connect | Kind::Timeout | Kind::Deadline { .. } | Kind::Transport => true,
            Kind::Credential { for_now } => *for_now,
            Kind::Api(_) | Kind::Unexpected if self.is_token_expired() => false,
            Kind::Api(_) | Kind::Unexpected => {
                self.code().is_some_and(ErrorCode::is_retryable)
                    || self.0.status.is_some_and(is_temporary)
            }
            _ => false,
        }
    }

    /// Whether the failure was before the request left this machine, so that it was certainly not
    /// carried out.
    pub fn is_before_sending(&self) -> bool {
        matches!(self.0.kind, Kind::Deadline { sent: false })
            || matches!(
                self.kind(),
                ErrorKind::Configuration
                    | ErrorKind::InvalidRequest
                    | ErrorKind::Signer
                    | ErrorKind::Credential
                    | ErrorKind::Connect
            )
    }
}

fn is_temporary(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 502 | 503 | 504)
}

/// Text of a server's that may stand in an error: short, and of visible ASCII characters.
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
            .field("request_id", &inner.request_id);
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
