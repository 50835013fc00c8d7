//! Constructors of [`Error`] and of its parts.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use cobo_model::{DecodeError, MissingFields};
use http::{HeaderMap, HeaderName, StatusCode, header};

use super::{Error, Inner, Kind, printable};
use crate::body::Body;
use crate::error::body::ErrorBody;
use crate::error::code::ErrorCode;
use crate::request_id::SentId;
use crate::sign::target::TargetError;

impl Error {
    pub(super) fn new(kind: Kind) -> Self {
        Self(Arc::new(Inner {
            kind,
            operation: None,
            status: None,
            response_id: None,
            request_id: None,
            retry_after: None,
            with_bearer: false,
            repeatable: false,
            earlier_unknown: false,
            signed: false,
            fresh: false,
            explanation: None,
            token_refused: false,
            nonce_refused: false,
            clock_ahead: None,
            cursor: None,
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

    /// A failure of the HTTP client, without the URL: its query may contain secrets.
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

    pub(crate) fn outdated() -> Self {
        Self::new(Kind::Outdated)
    }

    pub(crate) fn deadline(sent: bool) -> Self {
        Self::new(Kind::Deadline { sent })
    }

    /// Creates the error of a [`Credential`](crate::Credential) that has no access token. `source`
    /// says why.
    ///
    /// ```
    /// use cobo_auth::{Error, ErrorKind, Execution};
    ///
    /// let error = Error::no_token("the vault is sealed");
    /// assert_eq!(error.kind(), ErrorKind::Credential);
    /// assert_eq!(error.execution(), Execution::NotExecuted);
    /// ```
    pub fn no_token(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let kind = Kind::Credential { for_now: false };
        Self::new(kind).with_source(Arc::from(source.into()))
    }

    /// Creates an error like [`no_token`](Self::no_token), for a failure that may pass by itself:
    /// the error is [retryable](Self::is_retryable).
    pub fn no_token_for_now(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let kind = Kind::Credential { for_now: true };
        Self::new(kind).with_source(Arc::from(source.into()))
    }

    /// Wraps the credential's own error as the source, so that the failure of the token request is
    /// not reported as a failure of this call.
    pub(crate) fn credential(source: Self) -> Self {
        match source.0.kind {
            // Made by `no_token`, so it describes no other call.
            Kind::Credential { .. } if source.0.operation.is_none() => source,
            _ => {
                let for_now = source.is_retryable();
                Self::new(Kind::Credential { for_now }).with_source(Arc::new(source))
            }
        }
    }

    /// An error response of Cobo or of another sender. `fresh` says whether its signature was made
    /// recently.
    pub(crate) fn api(body: ErrorBody, signed: bool, fresh: bool) -> Self {
        let mut error = Self::new(Kind::Api(body));
        let inner = error.inner();
        inner.signed = signed;
        inner.fresh = signed && fresh;
        error
    }

    pub(crate) fn unexpected() -> Self {
        Self::new(Kind::Unexpected)
    }

    /// A response with a content encoding. The encoding is named if it is short, visible ASCII
    /// text.
    pub(crate) fn coded(coding: &str) -> Self {
        Self::new(Kind::Coded {
            coding: printable(coding),
        })
    }

    /// A success that does not decode. The text names fields by their paths, and no values.
    /// `certain`: Cobo signed it, and signed it recently.
    pub(crate) fn decode(error: &DecodeError, certain: bool, body: Body) -> Self {
        Self::new(Kind::Decode {
            why: error.to_string(),
            certain,
            body,
        })
    }

    /// A success with a content type that is not JSON. No signature covers the content type.
    pub(crate) fn content_type(essence: &str, body: Body) -> Self {
        let why = match printable(essence) {
            Some(essence) => format!("its content type is {essence}"),
            None => "its content type is not JSON".to_owned(),
        };
        Self::new(Kind::Decode {
            why,
            certain: false,
            body,
        })
    }

    /// Replaces or removes short texts of the server's of which `is_secret` is true.
    pub(crate) fn without(mut self, is_secret: impl Fn(&str) -> bool) -> Self {
        let inner = self.inner();
        inner.response_id.take_if(|id| is_secret(id));
        match &mut inner.kind {
            Kind::Api(body) => body.redact(is_secret),
            Kind::Redirect { host } => drop(host.take_if(|host| is_secret(host))),
            Kind::Coded { coding } => drop(coding.take_if(|coding| is_secret(coding))),
            _ => {}
        }
        self
    }

    #[cfg(test)]
    pub(crate) fn connect() -> Self {
        Self::new(Kind::Connect)
    }

    #[cfg(test)]
    pub(crate) fn broken() -> Self {
        Self::new(Kind::Transport)
    }

    pub(crate) fn repeated_cursor() -> Self {
        Self::new(Kind::RepeatedCursor)
    }

    pub(crate) fn with_cursor(mut self, cursor: Option<String>) -> Self {
        self.inner().cursor = cursor;
        self
    }

    pub(crate) fn with_operation(mut self, operation: impl Into<Cow<'static, str>>) -> Self {
        self.inner().operation.get_or_insert(operation.into());
        self
    }

    pub(crate) fn with_response(mut self, status: StatusCode, headers: &HeaderMap) -> Self {
        let header = |name| headers.get(name)?.to_str().ok();
        let inner = self.inner();
        inner.status = Some(status);
        inner.response_id = header("x-request-id").and_then(printable);
        inner.token_refused = header(header::WWW_AUTHENTICATE.as_str())
            .is_some_and(|challenge| challenge.contains("invalid_token"));
        self
    }

    /// Reads the times in the response's headers. `now` is the local time in Unix milliseconds.
    /// Sets how long to wait, and whether a wrong local clock may be why a signature was refused.
    pub(crate) fn with_times(mut self, now: u64, headers: &HeaderMap) -> Self {
        const TOLERATED: i64 = 30;
        let ours = now / 1_000;
        let theirs = date(headers, header::DATE);
        let inner = self.inner();
        // A date in `Retry-After` refers to the sender's clock.
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

    pub(crate) fn with_explanation(mut self, explanation: Option<String>) -> Self {
        self.inner().explanation = explanation;
        self
    }

    pub(crate) fn with_repeatable(mut self, repeatable: bool) -> Self {
        self.inner().repeatable = repeatable;
        self
    }

    /// Sets the request id that the call sent.
    pub(crate) fn with_request_id(mut self, request_id: Option<SentId>) -> Self {
        self.inner().request_id = request_id;
        self
    }

    /// Sets whether an earlier attempt of the call may have been carried out.
    pub(crate) fn with_earlier_unknown(mut self, unknown: bool) -> Self {
        self.inner().earlier_unknown = unknown;
        self
    }

    /// Sets that the server may have refused the nonce because it is random.
    pub(crate) fn with_nonce_refused(mut self) -> Self {
        self.inner().nonce_refused = true;
        self
    }

    pub(crate) fn caused_by(self, error: impl StdError + Send + Sync + 'static) -> Self {
        self.with_source(Arc::new(error))
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

/// `Retry-After` in either of its forms. A number that overflows becomes `u64::MAX` seconds.
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
