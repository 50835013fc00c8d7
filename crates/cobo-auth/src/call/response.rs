use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use cobo_model::decode;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

use crate::body::Body;
use crate::error::Error;
use crate::request_id::SentId;

/// A successful response: the value, the status and the headers.
///
/// It dereferences to the value.
///
/// ```
/// fn life(response: &cobo_auth::Response<std::time::Duration>) -> u64 {
///     response.as_secs()
/// }
/// ```
#[derive(Clone)]
pub struct Response<T> {
    /// The operation, for the error if the body does not decode.
    operation: Cow<'static, str>,
    /// Whether the call may be repeated, for the same error.
    repeatable: bool,
    /// The request id of the call, for the same error.
    request_id: Option<SentId>,
    /// Whether Cobo signed the body, and signed it recently, for the same error.
    fresh: bool,
    value: T,
    status: StatusCode,
    headers: HeaderMap,
}

impl<T> Response<T> {
    pub(crate) fn new(value: T, fresh: bool, status: StatusCode, headers: HeaderMap) -> Self {
        Self {
            operation: Cow::Borrowed("the call"),
            repeatable: false,
            request_id: None,
            fresh,
            value,
            status,
            headers,
        }
    }

    /// Sets the operation of the call, whether the call may be repeated, and its request id.
    pub(crate) fn of(
        mut self,
        operation: Cow<'static, str>,
        repeatable: bool,
        request_id: Option<SentId>,
    ) -> Self {
        self.operation = operation;
        self.repeatable = repeatable;
        self.request_id = request_id;
        self
    }

    /// Returns the value without the status and the headers.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// Returns the value.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// Returns the HTTP status, a 2xx.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the headers as received.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(crate) fn map<U>(self, value: impl FnOnce(T) -> U) -> Response<U> {
        Response {
            operation: self.operation,
            repeatable: self.repeatable,
            request_id: self.request_id,
            fresh: self.fresh,
            value: value(self.value),
            status: self.status,
            headers: self.headers,
        }
    }
}

impl Response<Body> {
    /// Decodes the body, which has been verified.
    ///
    /// # Errors
    ///
    /// The body is not JSON or not of this type. The error names the paths of missing fields and
    /// wrong values, but no value; its [`success_body`](Error::success_body) has the bytes.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        self.check_content_type()
            .and_then(|()| {
                decode(&self.value)
                    .map_err(|error| Error::decode(&error, self.fresh, self.value.clone()))
            })
            .map_err(|error| {
                tracing::debug!(
                    operation = %self.operation,
                    status = self.status.as_u16(),
                    kind = ?error.kind(),
                    "the response does not decode"
                );
                error
                    .with_response(self.status, &self.headers)
                    .with_repeatable(self.repeatable)
                    .with_request_id(self.request_id.clone())
                    .with_operation(self.operation.clone())
            })
    }

    /// The response with its decoded body.
    pub(crate) fn decoded<T: DeserializeOwned>(self) -> Result<Response<T>, Error> {
        let value = self.json()?;
        Ok(self.map(|_| value))
    }

    /// Refuses a body whose content type is not JSON. A body without a content type is accepted.
    fn check_content_type(&self) -> Result<(), Error> {
        let Some(content_type) = self.headers.get(CONTENT_TYPE) else {
            return Ok(());
        };
        let essence = content_type.to_str().unwrap_or_default();
        let essence = essence.split(';').next().unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case("application/json") || essence.ends_with("+json") {
            return Ok(());
        }
        Err(Error::content_type(essence, self.value.clone()))
    }
}

impl<T> Deref for Response<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Response<T> {
    /// Shows the value with its own `Debug`, which redacts secrets, and omits the headers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("value", &self.value)
            .finish_non_exhaustive()
    }
}
