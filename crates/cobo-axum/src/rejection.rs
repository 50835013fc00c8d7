use axum::response::{IntoResponse, Response};
use cobo_auth::InboundError;
use http::{HeaderMap, HeaderValue, StatusCode, header};

/// The challenge for a request that is not signed as Cobo signs. No scheme is registered for that.
const SIGNATURE: &str = "Cobo-Signature";
#[cfg(feature = "user-info")]
const BEARER: &str = "Bearer";
#[cfg(feature = "user-info")]
const INVALID_TOKEN: &str = r#"Bearer error="invalid_token""#;

/// The answer to a request that is refused: a status and a short text without detail.
///
/// A 401 has a `WWW-Authenticate` header, as HTTP requires: `Bearer` for user info tokens (RFC 6750), and
/// `Cobo-Signature` for webhooks and callbacks. The second is a name of this crate, which Cobo does not
/// read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejection {
    status: StatusCode,
    text: &'static str,
    /// The value of `WWW-Authenticate`.
    challenge: Option<&'static str>,
}

impl Rejection {
    /// 503: Cobo tries again.
    pub(crate) const LATER: Self = Self {
        status: StatusCode::SERVICE_UNAVAILABLE,
        text: "try again later",
        challenge: None,
    };
    /// The body ended before its announced length.
    pub(crate) const INCOMPLETE: Self = Self {
        status: StatusCode::BAD_REQUEST,
        text: "incomplete body",
        challenge: None,
    };

    /// The request has no bearer token, or more than one.
    #[cfg(feature = "user-info")]
    pub(crate) const NO_TOKEN: Self = Self {
        status: StatusCode::UNAUTHORIZED,
        text: "no token",
        challenge: Some(BEARER),
    };

    /// The body did not arrive in time. Cobo tries again.
    pub(crate) const SLOW: Self = Self {
        status: StatusCode::REQUEST_TIMEOUT,
        text: "the body took too long",
        challenge: None,
    };

    #[cfg(feature = "oauth")]
    pub(crate) fn new(status: StatusCode, text: &'static str) -> Self {
        Self {
            status,
            text,
            challenge: None,
        }
    }

    /// Returns the status of the answer.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the text of the answer.
    pub fn text(&self) -> &'static str {
        self.text
    }

    /// The headers of the answer.
    pub(crate) fn headers(&self) -> HeaderMap {
        let text = HeaderValue::from_static("text/plain; charset=utf-8");
        let mut headers = HeaderMap::from_iter([(header::CONTENT_TYPE, text)]);
        if let Some(challenge) = self.challenge {
            let challenge = HeaderValue::from_static(challenge);
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        headers
    }
}

/// The challenge, if the status requires one.
fn challenge(status: StatusCode, challenge: &'static str) -> Option<&'static str> {
    (status == StatusCode::UNAUTHORIZED).then_some(challenge)
}

impl From<InboundError> for Rejection {
    /// Logs the reason.
    fn from(error: InboundError) -> Self {
        tracing::warn!(kind = ?error.kind(), "a webhook or callback was refused: {error}");
        Self {
            status: error.status(),
            text: error.public_text(),
            challenge: challenge(error.status(), SIGNATURE),
        }
    }
}

#[cfg(feature = "user-info")]
impl From<cobo_auth::UserInfoError> for Rejection {
    /// Logs the reason.
    fn from(error: cobo_auth::UserInfoError) -> Self {
        tracing::warn!(kind = ?error.kind(), "a user info token was refused: {error}");
        Self {
            status: error.status(),
            text: error.public_text(),
            challenge: challenge(error.status(), INVALID_TOKEN),
        }
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        (self.status, self.headers(), self.text).into_response()
    }
}
