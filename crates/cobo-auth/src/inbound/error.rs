use std::fmt;

use cobo_model::DecodeError;
use http::StatusCode;

use crate::sign::verifier::SignatureError;

/// Why a webhook or a callback is refused.
///
/// Answer with [`status`](Self::status) and [`public_text`](Self::public_text). Log the error
/// itself: its text has details that a stranger does not need, but no part of the body.
///
/// ```
/// use cobo_auth::{Environment, InboundErrorKind, InboundVerifier};
///
/// let verifier = InboundVerifier::new(&Environment::production())?;
/// let error = verifier.verify(b"{}", &http::HeaderMap::new()).unwrap_err();
/// assert_eq!(error.kind(), InboundErrorKind::MissingSignature);
/// assert_eq!(error.status(), 401);
/// assert_eq!(error.public_text(), "not signed");
/// # Ok::<(), cobo_auth::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboundError {
    kind: InboundErrorKind,
    detail: Detail,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Detail {
    None,
    Header(&'static str),
    /// The largest body that is accepted, in bytes.
    Limit(usize),
    /// By how many milliseconds the timestamp is outside of the tolerance.
    Outside(u64),
    Coding(String),
    Decode(DecodeError),
}

/// The reason of an [`InboundError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InboundErrorKind {
    /// The timestamp header, the signature header or both are missing. 401.
    MissingSignature,
    /// The name of the timestamp header has one spelling (`BIZ-TIMESTAMP`), and that of the signature
    /// header only the other (`BIZ_RESP_SIGNATURE`). 401.
    MixedSpellings,
    /// A signature header appears more than once. 400.
    DuplicateHeader,
    /// The timestamp is not a number of milliseconds. 400.
    MalformedTimestamp,
    /// The signature does not have 128 hexadecimal digits. 400.
    MalformedSignature,
    /// The signature was made by another key, or for other bytes. 401.
    WrongSignature,
    /// The signature is older than the tolerance. 503, so that Cobo tries again: the local clock may be
    /// wrong. The signature is genuine if [`verify`](crate::InboundVerifier::verify) returned this;
    /// [`check_headers`](crate::InboundVerifier::check_headers) does not know that.
    TooOld,
    /// The timestamp is too far in the future. 503, as for `TooOld`.
    InFuture,
    /// The body is larger than the limit. 413.
    BodyTooLarge,
    /// The body has a content encoding, such as gzip. The signature covers the bytes that were
    /// sent, so they must arrive unchanged. 400.
    ContentEncoding,
    /// The body is genuine, but is not JSON or lacks fields of the type. 400.
    Undecodable,
}

impl InboundError {
    pub(super) fn signature(error: SignatureError) -> Self {
        let (kind, detail) = match error {
            // `InboundVerifier` always has keys; without one, no signature can be right.
            SignatureError::NoKeys | SignatureError::Wrong => {
                (InboundErrorKind::WrongSignature, Detail::None)
            }
            SignatureError::Missing => (InboundErrorKind::MissingSignature, Detail::None),
            SignatureError::MixedSpellings => (InboundErrorKind::MixedSpellings, Detail::None),
            SignatureError::Duplicate(name) => {
                (InboundErrorKind::DuplicateHeader, Detail::Header(name))
            }
            SignatureError::MalformedTimestamp => {
                (InboundErrorKind::MalformedTimestamp, Detail::None)
            }
            SignatureError::MalformedSignature => {
                (InboundErrorKind::MalformedSignature, Detail::None)
            }
        };
        Self { kind, detail }
    }

    pub(super) fn too_old(outside: u64) -> Self {
        Self {
            kind: InboundErrorKind::TooOld,
            detail: Detail::Outside(outside),
        }
    }

    pub(super) fn in_future(outside: u64) -> Self {
        Self {
            kind: InboundErrorKind::InFuture,
            detail: Detail::Outside(outside),
        }
    }

    pub(super) fn encoded(coding: String) -> Self {
        Self {
            kind: InboundErrorKind::ContentEncoding,
            detail: Detail::Coding(coding),
        }
    }

    pub(super) fn undecodable(error: DecodeError) -> Self {
        Self {
            kind: InboundErrorKind::Undecodable,
            detail: Detail::Decode(error),
        }
    }

    /// Creates the error for a body that is larger than `limit` bytes. For code that reads a body
    /// and stops at the limit of
    /// [`InboundVerifier::max_body_bytes`](crate::InboundVerifier::max_body_bytes).
    pub fn too_large(limit: usize) -> Self {
        Self {
            kind: InboundErrorKind::BodyTooLarge,
            detail: Detail::Limit(limit),
        }
    }

    /// Returns the kind of reason why the request is refused.
    pub fn kind(&self) -> InboundErrorKind {
        self.kind
    }

    /// Returns the HTTP status to answer with: 400, 401 or 413; 503 if the time is wrong, so that Cobo tries
    /// again if the request is genuine. With a 401, HTTP requires a `WWW-Authenticate` header; no scheme
    /// is registered for Cobo's signature, and `cobo-axum` sends `Cobo-Signature`.
    pub fn status(&self) -> StatusCode {
        match self.kind {
            InboundErrorKind::MissingSignature
            | InboundErrorKind::MixedSpellings
            | InboundErrorKind::WrongSignature => StatusCode::UNAUTHORIZED,
            InboundErrorKind::DuplicateHeader
            | InboundErrorKind::MalformedTimestamp
            | InboundErrorKind::MalformedSignature
            | InboundErrorKind::ContentEncoding
            | InboundErrorKind::Undecodable => StatusCode::BAD_REQUEST,
            InboundErrorKind::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            InboundErrorKind::TooOld | InboundErrorKind::InFuture => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    /// Returns a short text for the answer, without detail.
    pub fn public_text(&self) -> &'static str {
        match self.kind {
            InboundErrorKind::MissingSignature | InboundErrorKind::MixedSpellings => "not signed",
            InboundErrorKind::WrongSignature => "wrong signature",
            InboundErrorKind::DuplicateHeader
            | InboundErrorKind::MalformedTimestamp
            | InboundErrorKind::MalformedSignature => "malformed signature",
            InboundErrorKind::ContentEncoding => "unsupported content encoding",
            InboundErrorKind::Undecodable => "malformed body",
            InboundErrorKind::BodyTooLarge => "body too large",
            InboundErrorKind::TooOld | InboundErrorKind::InFuture => "try again later",
        }
    }
}

impl fmt::Display for InboundError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.kind {
            InboundErrorKind::MissingSignature => {
                "the request has no timestamp or no signature header; it may not be from Cobo"
            }
            InboundErrorKind::MixedSpellings => {
                "the names of the timestamp and the signature header are spelled differently; a proxy \
                 may have removed the headers with `_` in their names"
            }
            InboundErrorKind::DuplicateHeader => "a signature header appears more than once",
            InboundErrorKind::MalformedTimestamp => {
                "the timestamp header is not a number of milliseconds"
            }
            InboundErrorKind::MalformedSignature => {
                "the signature header does not have 128 hexadecimal digits"
            }
            InboundErrorKind::WrongSignature => {
                "Cobo's key did not make the signature for these bytes; check that the environment is \
                 the right one, and that the body arrives unchanged"
            }
            InboundErrorKind::TooOld => {
                "the signature is too old; check that the local clock is right"
            }
            InboundErrorKind::InFuture => {
                "the timestamp of the signature is in the future; check that the local clock is right"
            }
            InboundErrorKind::BodyTooLarge => "the body is too large",
            InboundErrorKind::ContentEncoding => "the body has a content encoding",
            InboundErrorKind::Undecodable => "the body is signed but does not decode",
        };
        f.write_str(text)?;
        match &self.detail {
            Detail::None => Ok(()),
            Detail::Header(name) => write!(f, ": {name}"),
            Detail::Limit(bytes) => write!(f, ": more than {bytes} bytes"),
            Detail::Outside(millis) => write!(f, " ({millis} ms outside of the tolerance)"),
            Detail::Coding(coding) => write!(f, ": {}", coding.escape_default()),
            Detail::Decode(error) => write!(f, ": {error}"),
        }
    }
}

impl std::error::Error for InboundError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.detail {
            Detail::Decode(error) => Some(error),
            _ => None,
        }
    }
}
