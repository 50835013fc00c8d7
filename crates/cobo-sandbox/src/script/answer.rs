//! Answers that a test scripts.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::reply::{Body, Delivery, Failure, Fault, Reply};

/// A scripted answer to one call, for [`Sandbox::script`](crate::Sandbox::script).
///
/// The answer is signed with the sandbox's key and time, unless the test changes that.
///
/// ```
/// use std::time::Duration;
/// use cobo_sandbox::Answer;
/// use http::StatusCode;
/// use serde_json::json;
///
/// let answers = [
///     // A limit, with the time to wait.
///     Answer::error(StatusCode::TOO_MANY_REQUESTS, 2026).header("Retry-After", "2"),
///     // A success that arrives late.
///     Answer::json(StatusCode::OK, json!({ "data": [] })).delay(Duration::from_secs(3)),
///     // A gateway that answers in Cobo's place.
///     Answer::text(StatusCode::BAD_GATEWAY, "<html>").header("Content-Type", "text/html").unsigned(),
///     // The call is carried out, and its answer is lost.
///     Answer::as_usual().dropped(),
///     // The call is carried out, and answered with a failure.
///     Answer::error(StatusCode::SERVICE_UNAVAILABLE, 2000).after_execution(),
/// ];
/// ```
#[derive(Clone)]
#[must_use = "an answer is sent only when it is scripted"]
pub struct Answer {
    content: Content,
    after_execution: bool,
    headers: HeaderMap,
    invalid_header: Option<String>,
    delivery: Delivery,
}

#[derive(Clone)]
enum Content {
    Usual,
    Given(StatusCode, Body),
}

/// Headers that only the server sets: another value would make the response unreadable.
const FRAMING: [HeaderName; 2] = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING];

/// Creates answers.
impl Answer {
    /// Creates an answer with a JSON body. The sandbox does not validate the body.
    pub fn json(status: StatusCode, body: Value) -> Self {
        Self::new(Content::Given(status, Body::Json(body)))
    }

    /// Creates an answer with any body, and the content type `text/plain` unless
    /// [`header`](Self::header) sets another.
    pub fn text(status: StatusCode, body: impl Into<String>) -> Self {
        Self::new(Content::Given(status, Body::Text(body.into())))
    }

    /// Creates an answer without a body.
    pub fn empty(status: StatusCode) -> Self {
        Self::new(Content::Given(status, Body::Empty))
    }

    /// Creates an error in the format of Cobo's API: `error_code`, `error_message` and `error_id`.
    pub fn error(status: StatusCode, error_code: u32) -> Self {
        let body = json!({
            "error_code": error_code,
            "error_message": "scripted",
            "error_id": "scripted",
        });
        Self::json(status, body)
    }

    /// Returns the answer that the sandbox gives without a script: the operation is carried out.
    /// Combine it with a delay or a fault to test a call that succeeds but whose answer is late or
    /// lost.
    pub fn as_usual() -> Self {
        Self::new(Content::Usual)
    }

    fn new(content: Content) -> Self {
        Self {
            content,
            after_execution: false,
            headers: HeaderMap::new(),
            invalid_header: None,
            delivery: Delivery::default(),
        }
    }
}

/// Changes how an answer is sent.
impl Answer {
    /// Sets a header, in place of the sandbox's own header of this name.
    ///
    /// [`Sandbox::script`](crate::Sandbox::script) refuses an answer with a header that is not valid HTTP, or with
    /// `Content-Length` or `Transfer-Encoding`, which the server sets itself.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        let name = name.as_ref();
        let valid = HeaderName::try_from(name)
            .ok()
            .filter(|name| !FRAMING.contains(name))
            .zip(HeaderValue::from_str(value.as_ref()).ok());
        match valid {
            Some((name, value)) => {
                self.headers.append(name, value);
            }
            None => self.invalid_header = Some(name.to_owned()),
        }
        self
    }

    /// Waits this long, in real time, before the answer is sent. The request is carried out and recorded before the
    /// wait.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delivery.delay = delay;
        self
    }

    /// Signs the answer with this timestamp, in milliseconds since 1970, in place of the sandbox's time.
    pub fn timestamp(mut self, unix_millis: u64) -> Self {
        self.delivery.timestamp = Some(unix_millis);
        self
    }

    /// Sends neither a signature nor a timestamp, like a gateway in front of Cobo.
    pub fn unsigned(mut self) -> Self {
        self.delivery.unsigned = true;
        self
    }

    /// Carries the operation out, and then sends this answer in place of the usual one.
    pub fn after_execution(mut self) -> Self {
        self.after_execution = true;
        self
    }

    /// Closes the connection after the headers and the first half of the body. An answer without a body is
    /// [dropped](Self::dropped) instead.
    pub fn torn(mut self) -> Self {
        self.delivery.fault = Some(Fault::Torn);
        self
    }

    /// Closes the connection before any part of the answer is sent.
    pub fn dropped(mut self) -> Self {
        self.delivery.fault = Some(Fault::Dropped);
        self
    }

    /// Drops the answer as [`dropped`](Self::dropped) does, with a reset of the TCP connection.
    pub fn reset(mut self) -> Self {
        self.delivery.fault = Some(Fault::Reset);
        self
    }
}

impl Answer {
    /// The name of a header that cannot be sent, if any.
    pub(crate) fn invalid_header(&self) -> Option<&str> {
        self.invalid_header.as_deref()
    }

    /// Makes the reply. `usual` carries the operation out; `error_id` is the id of a failure.
    pub(crate) fn into_reply(
        self,
        usual: impl FnOnce() -> Result<Reply, Failure>,
        error_id: impl FnOnce() -> String,
    ) -> Reply {
        let mut reply = match self.content {
            Content::Usual => usual().unwrap_or_else(|failure| failure.into_reply(&error_id())),
            Content::Given(status, body) => {
                if self.after_execution {
                    // Only what it does counts. Its answer is replaced.
                    let _ = usual();
                }
                Reply::new(status, body)
            }
        };
        reply.headers.extend(self.headers);
        reply.delivery = self.delivery;
        reply
    }
}

/// Omits the body and the headers, which can contain a token.
impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let status = match &self.content {
            Content::Usual => None,
            Content::Given(status, _) => Some(status),
        };
        f.debug_struct("Answer")
            .field("status", &status)
            .field("delivery", &self.delivery)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_neither_body_nor_headers() {
        let answer = Answer::json(StatusCode::OK, json!({ "access_token": "hidden" }))
            .header("Set-Cookie", "hidden")
            .torn();
        let shown = format!("{answer:?}");
        assert!(!shown.contains("hidden"), "{shown}");
        assert!(shown.contains("200") && shown.contains("Torn"), "{shown}");
    }
}
