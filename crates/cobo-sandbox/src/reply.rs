//! Replies before they are signed.

use std::borrow::Cow;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

/// A reply: status, headers, body, and how it is sent.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) body: Body,
    /// Added to the headers that every response has; a header of the same name is replaced.
    pub(crate) headers: HeaderMap,
    pub(crate) delivery: Delivery,
}

/// The body of a reply. `Debug` does not show it, because it can contain tokens.
#[derive(Clone)]
pub(crate) enum Body {
    Empty,
    Json(Value),
    Text(String),
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// How a reply is sent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Delivery {
    /// The time to wait before the reply is sent.
    pub(crate) delay: Duration,
    /// The timestamp for the signature, in milliseconds since 1970; by default the sandbox's time.
    pub(crate) timestamp: Option<u64>,
    pub(crate) unsigned: bool,
    pub(crate) fault: Option<Fault>,
}

/// Where the connection is closed too early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// In the middle of the body.
    Torn,
    /// Before the reply.
    Dropped,
    /// Before the reply, with a reset.
    Reset,
}

impl Reply {
    pub(crate) fn new(status: StatusCode, body: Body) -> Self {
        Self {
            status,
            body,
            headers: HeaderMap::new(),
            delivery: Delivery::default(),
        }
    }

    pub(crate) fn json(status: StatusCode, body: Value) -> Self {
        Self::new(status, Body::Json(body))
    }
}

/// A failure, in one of the two formats that Cobo uses.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// `{error, error_description}`, as in RFC 6749.
    #[error("{error}: {description}")]
    OAuth {
        status: StatusCode,
        error: &'static str,
        description: String,
    },
    /// `{error_code, error_message, error_id}`.
    #[error("{code}: {message}")]
    Api {
        status: StatusCode,
        code: u32,
        message: String,
        allow: Option<Cow<'static, str>>,
    },
}

impl Failure {
    pub(crate) fn oauth(error: &'static str, description: impl Into<String>) -> Self {
        Self::OAuth {
            status: StatusCode::BAD_REQUEST,
            error,
            description: description.into(),
        }
    }

    pub(crate) fn invalid_request(description: impl Into<String>) -> Self {
        Self::oauth("invalid_request", description)
    }

    fn api(status: StatusCode, code: u32, message: impl Into<String>) -> Self {
        Self::Api {
            status,
            code,
            message: message.into(),
            allow: None,
        }
    }

    pub(crate) fn unauthenticated(message: impl Into<String>) -> Self {
        Self::api(StatusCode::UNAUTHORIZED, 2024, message)
    }

    /// An organization's access token is unknown or expired. Cobo answers like an internal error, not with a 401.
    pub(crate) fn dead_access_token() -> Self {
        let message = "the organization access token is unknown or expired";
        Self::api(StatusCode::INTERNAL_SERVER_ERROR, 1000, message)
    }

    /// An internal failure of the sandbox.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::api(StatusCode::INTERNAL_SERVER_ERROR, 2000, message)
    }

    pub(crate) fn no_such_endpoint() -> Self {
        let message = "no endpoint has this path";
        Self::api(StatusCode::NOT_FOUND, 2021, message)
    }

    /// A request that violates the document; each problem is named.
    pub(crate) fn violation(operation_id: &str, problems: &[String]) -> Self {
        // Cobo's code 2003 means that something is missing, 2006 that something is malformed.
        let missing = problems
            .iter()
            .all(|problem| problem.ends_with("is missing"));
        let message = format!("{operation_id}: {}", problems.join("; "));
        Self::api(
            StatusCode::BAD_REQUEST,
            if missing { 2003 } else { 2006 },
            message,
        )
    }

    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::api(StatusCode::BAD_REQUEST, 2006, message)
    }

    /// The `request_id` was used before, so nothing was carried out. The status is a guess: Cobo documents only the code.
    pub(crate) fn used_request_id() -> Self {
        let message = "a request with this request_id was accepted before";
        Self::api(StatusCode::BAD_REQUEST, 30_001, message)
    }

    /// No object has the id of the request.
    pub(crate) fn unknown_object(message: impl Into<String>) -> Self {
        Self::api(StatusCode::NOT_FOUND, 2028, message)
    }

    pub(crate) fn unknown_cursor() -> Self {
        Self::malformed("unknown pagination cursor: use one that a page of this list gave")
    }

    pub(crate) fn method_not_allowed(allow: impl Into<Cow<'static, str>>) -> Self {
        let allow = allow.into();
        Self::Api {
            status: StatusCode::METHOD_NOT_ALLOWED,
            code: 2021,
            message: format!("the endpoint does not have this method, only {allow}"),
            allow: Some(allow),
        }
    }

    pub(crate) fn body_too_large(limit: usize) -> Self {
        let message = format!("the body is larger than {limit} bytes");
        Self::api(StatusCode::PAYLOAD_TOO_LARGE, 2006, message)
    }

    pub(crate) fn body_unreadable() -> Self {
        let message = "the body broke off";
        Self::api(StatusCode::BAD_REQUEST, 2006, message)
    }

    /// A description for the log, without any text from the request.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::OAuth { error, .. } => (*error).to_owned(),
            Self::Api { code, .. } => code.to_string(),
        }
    }

    /// Converts the failure to a reply; `error_id` identifies this failure.
    pub(crate) fn into_reply(self, error_id: &str) -> Reply {
        match self {
            Self::OAuth {
                status,
                error,
                description,
            } => Reply::json(
                status,
                json!({ "error": error, "error_description": description }),
            ),
            Self::Api {
                status,
                code,
                message,
                allow,
            } => {
                let mut reply = Reply::json(
                    status,
                    json!({ "error_code": code, "error_message": message, "error_id": error_id }),
                );
                if let Some(Ok(allow)) = allow.as_deref().map(HeaderValue::from_str) {
                    reply.headers.insert(header::ALLOW, allow);
                }
                reply
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_body() {
        let reply = Reply::json(StatusCode::OK, json!({ "access_token": "hidden" }));
        let shown = format!("{reply:?}");
        assert!(
            shown.starts_with("Reply { status: 200, body: [redacted], "),
            "{shown}"
        );
        assert!(!shown.contains("hidden"), "{shown}");
    }
}
