use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderMap, HeaderName, StatusCode, header};

use crate::body::ErrorBody;
use crate::code::ErrorCode;
use crate::missing::MissingFields;
use crate::target::TargetError;

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

#[derive(Debug, Clone)]
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
    Credential,
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
            Kind::Credential => ErrorKind::Credential,
            Kind::Connect => ErrorKind::Connect,
            Kind::Timeout | Kind::Deadline { .. } => ErrorKind::Timeout,
            Kind::Transport => ErrorKind::Transport,
            Kind::Redirect { .. } => ErrorKind::Redirect,
            Kind::TooLarge { .. } => ErrorKind::TooLarge,
            Kind::Unsigned | Kind::BadSignature | Kind::Stale => ErrorKind::Unverified,
            Kind::Api(_) => ErrorKind::Api,
            Kind::Unexpected => ErrorKind::Unexpected,
            Kind::Decode { .. } => ErrorKind::Decode,
        }
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

// How this crate makes errors.
impl Error {
    fn new(kind: Kind) -> Self {
        Self(Arc::new(Inner {
            kind,
            operation: None,
            status: None,
            request_id: None,
            retry_after: None,
            with_bearer: false,
            signed: false,
            token_refused: false,
            clock_ahead: None,
            source: None,
        }))
    }

    pub(crate) fn configuration(what: String) -> Self {
        Self::new(Kind::Configuration(what))
    }

    pub(crate) fn invalid_request(what: String) -> Self {
        Self::new(Kind::InvalidRequest(what))
    }

    pub(crate) fn target(name: impl Into<Cow<'static, str>>, why: TargetError) -> Self {
        Self::new(Kind::Target {
            name: name.into(),
            why,
        })
    }

    pub(crate) fn signer(source: Box<dyn StdError + Send + Sync>) -> Self {
        Self::new(Kind::Signer).with_source(Arc::from(source))
    }

    /// A failure of the HTTP client, without the URL, whose query may say too much.
    pub(crate) fn transport(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let kind = if error.is_builder() {
            Kind::InvalidRequest("the HTTP client cannot build the request".to_owned())
        } else if error.is_connect() {
            Kind::Connect
        } else if error.is_timeout() {
            Kind::Timeout
        } else {
            Kind::Transport
        };
        let status = error.status();
        let mut error = Self::new(kind).with_source(Arc::new(error));
        error.inner().status = status;
        error
    }

    pub(crate) fn redirect(host: Option<String>) -> Self {
        Self::new(Kind::Redirect { host })
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        Self::new(Kind::TooLarge { limit })
    }

    pub(crate) fn unsigned() -> Self {
        Self::new(Kind::Unsigned)
    }

    pub(crate) fn bad_signature() -> Self {
        Self::new(Kind::BadSignature)
    }

    pub(crate) fn stale() -> Self {
        Self::new(Kind::Stale)
    }

    pub(crate) fn deadline(sent: bool) -> Self {
        Self::new(Kind::Deadline { sent })
    }

    /// The credential's own error becomes the source, so that what it says of another call is not
    /// taken for what this one met.
    pub(crate) fn credential(source: Self) -> Self {
        Self::new(Kind::Credential).with_source(Arc::new(source))
    }

    /// A request that somebody else sent, past the signature.
    pub(crate) fn bypassed() -> Self {
        Self::new(Kind::Transport)
    }

    pub(crate) fn api(body: ErrorBody, signed: bool) -> Self {
        let mut error = Self::new(Kind::Api(body));
        error.inner().signed = signed;
        error
    }

    pub(crate) fn unexpected() -> Self {
        Self::new(Kind::Unexpected)
    }

    /// A success that does not decode. serde's text may quote the body, so only what it says of
    /// the model is kept: a field's name, never a value.
    pub(crate) fn decode(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let says = ["missing field `", "field out of bounds: "]
            .iter()
            .any(|start| text.starts_with(start))
            .then(|| text.split(" at line ").next().unwrap_or_default());
        let why = match (says, error.classify()) {
            (Some(says), _) => says.to_owned(),
            (None, serde_json::error::Category::Data) => "a field has another type".to_owned(),
            (None, serde_json::error::Category::Eof) => "the JSON ends too early".to_owned(),
            (None, _) => "it is not JSON".to_owned(),
        };
        let place = format!(" (line {}, column {})", error.line(), error.column());
        Self::new(Kind::Decode { why: why + &place })
    }

    /// A success that is not JSON, by what it says of itself.
    pub(crate) fn content_type(essence: &str) -> Self {
        let why = match printable(essence) {
            Some(essence) => format!("its content type is {essence}"),
            None => "its content type is not JSON".to_owned(),
        };
        Self::new(Kind::Decode { why })
    }

    #[cfg(test)]
    pub(crate) fn connect() -> Self {
        Self::new(Kind::Connect)
    }

    #[cfg(test)]
    pub(crate) fn broken() -> Self {
        Self::new(Kind::Transport)
    }

    pub(crate) fn with_operation(mut self, operation: impl Into<Cow<'static, str>>) -> Self {
        self.inner().operation.get_or_insert(operation.into());
        self
    }

    pub(crate) fn with_response(mut self, status: StatusCode, headers: &HeaderMap) -> Self {
        let header = |name| headers.get(name)?.to_str().ok();
        let inner = self.inner();
        inner.status = Some(status);
        inner.request_id = header("x-request-id").and_then(printable);
        inner.token_refused = header(header::WWW_AUTHENTICATE.as_str())
            .is_some_and(|challenge| challenge.contains("invalid_token"));
        self
    }

    /// Reads what the response says of times, with this machine's clock (in Unix milliseconds):
    /// how long to wait, and whether a wrong clock may be why a signature was refused.
    pub(crate) fn with_times(mut self, now: u64, headers: &HeaderMap) -> Self {
        const TOLERATED: i64 = 30;
        let ours = now / 1_000;
        let theirs = date(headers, header::DATE);
        let inner = self.inner();
        // A date is meant by the clock of whoever sent it.
        inner.retry_after = retry_after(headers, theirs.unwrap_or(ours));
        if self.code() == Some(ErrorCode::AUTHENTICATION) {
            let seconds = |time: u64| i64::try_from(time).ok();
            let ahead = theirs.and_then(|theirs| seconds(ours)?.checked_sub(seconds(theirs)?));
            self.inner().clock_ahead = ahead.filter(|ahead| ahead.abs() > TOLERATED);
        }
        self
    }

    pub(crate) fn with_bearer(mut self, with_bearer: bool) -> Self {
        self.inner().with_bearer = with_bearer;
        self
    }

    pub(crate) fn caused_by(self, error: reqwest::Error) -> Self {
        self.with_source(Arc::new(error.without_url()))
    }

    fn with_source(mut self, source: Arc<dyn StdError + Send + Sync>) -> Self {
        self.inner().source = Some(source);
        self
    }

    fn inner(&mut self) -> &mut Inner {
        Arc::make_mut(&mut self.0)
    }
}

impl From<MissingFields> for Error {
    fn from(missing: MissingFields) -> Self {
        Self::new(Kind::Missing(missing))
    }
}

/// A header's date, in Unix seconds.
fn date(headers: &HeaderMap, name: HeaderName) -> Option<u64> {
    let date = httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()?;
    Some(date.duration_since(UNIX_EPOCH).ok()?.as_secs())
}

/// `Retry-After` in either of its forms; a number too large for any clock is still a long time.
fn retry_after(headers: &HeaderMap, now: u64) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = if number {
        value.parse().unwrap_or(u64::MAX)
    } else {
        date(headers, header::RETRY_AFTER)?.saturating_sub(now)
    };
    Some(Duration::from_secs(seconds))
}

/// Text of a server's that may stand in an error: short, and of visible ASCII characters.
pub(crate) fn printable(text: &str) -> Option<String> {
    let fine = (1..=80).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    fine.then(|| text.to_owned())
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = &self.0.operation {
            write!(f, "{operation}: ")?;
        }
        match &self.0.kind {
            Kind::Configuration(what) | Kind::InvalidRequest(what) => f.write_str(what)?,
            Kind::Missing(missing) => write!(f, "{missing}")?,
            Kind::Target { name, why } => write!(f, "`{name}`: {why}")?,
            Kind::Signer => f.write_str("the signer failed; nothing was sent")?,
            Kind::Credential => f.write_str("there is no access token; nothing was sent")?,
            Kind::Connect => f.write_str("no connection; nothing was sent")?,
            Kind::Timeout => {
                f.write_str("the time was up; the request may have been carried out")?;
            }
            Kind::Deadline { sent: true } => f.write_str(
                "the deadline of all attempts is over; the request may have been carried out",
            )?,
            Kind::Deadline { sent: false } => {
                f.write_str("the deadline of all attempts is over; nothing was sent")?;
            }
            Kind::Transport => {
                f.write_str("the connection broke; the request may have been carried out")?;
            }
            Kind::Redirect { host } => write!(
                f,
                "redirected to {}, which is never followed; check the base URL",
                host.as_deref().unwrap_or("nowhere")
            )?,
            Kind::TooLarge { limit } => write!(f, "the response has more than {limit} bytes")?,
            Kind::Unsigned => f.write_str(
                "the response is a success without a signature; something between here and Cobo \
                 answered, or the environment is another one",
            )?,
            Kind::BadSignature => f.write_str(
                "the response's signature does not verify; the response was changed on its way, \
                 or signed by another key than this environment's",
            )?,
            Kind::Stale => f.write_str(
                "the response's signature is too old, or from the future; it was played back, or \
                 this machine's clock is wrong",
            )?,
            Kind::Api(body) => write!(f, "{body}")?,
            Kind::Unexpected => f.write_str(
                "an error response that is not of Cobo's making; a gateway's, most likely",
            )?,
            Kind::Decode { why } => write!(f, "the response does not decode: {why}")?,
        }
        if let Some(status) = self.0.status {
            write!(f, " (HTTP {}", status.as_u16())?;
            if let Some(request_id) = &self.0.request_id {
                write!(f, ", request id {request_id}")?;
            }
            f.write_str(")")?;
        }
        match self.0.clock_ahead {
            Some(ahead) if ahead > 0 => write!(f, "; this machine's clock is {ahead} s ahead"),
            Some(ahead) => write!(f, "; this machine's clock is {} s behind", -ahead),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
