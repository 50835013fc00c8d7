use axum::response::{IntoResponse, Response};
use cobo_auth::InboundError;
use http::StatusCode;

/// The answer to a request that is refused: a status and a short text without detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejection {
    status: StatusCode,
    text: &'static str,
}

impl Rejection {
    /// 503: Cobo tries again.
    pub(crate) const LATER: Self = Self {
        status: StatusCode::SERVICE_UNAVAILABLE,
        text: "try again later",
    };
    /// The body ended before its announced length.
    pub(crate) const INCOMPLETE: Self = Self {
        status: StatusCode::BAD_REQUEST,
        text: "incomplete body",
    };

    /// The request has no bearer token, or more than one.
    #[cfg(feature = "user-info")]
    pub(crate) const NO_TOKEN: Self = Self {
        status: StatusCode::UNAUTHORIZED,
        text: "no token",
    };

    /// The body did not arrive in time. Cobo tries again.
    pub(crate) const SLOW: Self = Self {
        status: StatusCode::REQUEST_TIMEOUT,
        text: "the body took too long",
    };

    #[cfg(feature = "oauth")]
    pub(crate) fn new(status: StatusCode, text: &'static str) -> Self {
        Self { status, text }
    }

    /// Returns the status of the answer.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the text of the answer.
    pub fn text(&self) -> &'static str {
        self.text
    }
}

impl From<InboundError> for Rejection {
    /// Logs the reason.
    fn from(error: InboundError) -> Self {
        tracing::warn!(kind = ?error.kind(), "a webhook or callback was refused: {error}");
        Self {
            status: error.status(),
            text: error.public_text(),
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
        }
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        (self.status, self.text).into_response()
    }
}
