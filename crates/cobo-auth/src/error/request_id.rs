//! What an error says about the request id of its call.

use super::Error;
use crate::error::code::ErrorCode;
use crate::request_id::{RequestId, RequestIdError};

impl Error {
    /// Returns the id that the call sent, if Cobo rejects a second request with it
    /// ([`Operation::idempotency_key`](crate::Operation::idempotency_key)). `None` for every other
    /// operation, and if the request was invalid and not sent.
    pub fn request_id(&self) -> Option<&RequestId> {
        self.0.request_id.as_ref().map(|sent| &sent.id)
    }

    /// Returns whether Cobo said, in a signed and fresh response, that it has taken a request with
    /// this call's [`request_id`](Self::request_id) before
    /// ([`ErrorKind::RequestIdTaken`](crate::ErrorKind::RequestIdTaken)).
    ///
    /// It does not say that this request was carried out: another request may have used the same id.
    /// It does not say that this request was not carried out either: Cobo may have taken an earlier
    /// attempt, or a proxy may have sent the request twice. So [`execution`](Self::execution) is
    /// [`Unknown`](crate::Execution::Unknown). Look the request up by its id with the operation that
    /// the text names, and compare what it did with this request.
    pub fn is_request_id_taken(&self) -> bool {
        self.0.request_id.is_some()
            && self.0.fresh
            && self.code().is_some_and(ErrorCode::is_duplicate)
    }
}

impl From<RequestIdError> for Error {
    fn from(error: RequestIdError) -> Self {
        let what = error.to_string();
        match error {
            RequestIdError::Invalid => Self::invalid_request(what),
            RequestIdError::Random => Self::configuration(what),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn request_id_error_becomes_an_error_with_the_same_text() {
        for (why, kind) in [
            (RequestIdError::Invalid, ErrorKind::InvalidRequest),
            (RequestIdError::Random, ErrorKind::Configuration),
        ] {
            let error = Error::from(why);
            assert_eq!(error.kind(), kind);
            assert_eq!(error.to_string(), why.to_string());
        }
    }
}
