use std::fmt;

use http::StatusCode;

use crate::user_info::jwks::JwksError;

/// Why a user info token is refused.
///
/// Answer with [`status`](Self::status) and [`public_text`](Self::public_text). Log the error
/// itself: its text has details that a stranger does not need, but no part of the token.
#[derive(Debug, Clone)]
pub struct UserInfoError {
    kind: UserInfoErrorKind,
    detail: Detail,
}

#[derive(Debug, Clone)]
enum Detail {
    None,
    Claim(&'static str),
    Expected(Box<str>),
    Jwks(JwksError),
}

/// The reason of a [`UserInfoError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UserInfoErrorKind {
    /// The token has more than 16 KiB.
    TooLong,
    /// The token does not have three parts in base64url, or its header is not a JSON object with an
    /// algorithm.
    Malformed,
    /// The token names an algorithm that is not allowed: `none`, a symmetric one, or an unknown one.
    AlgorithmNotAllowed,
    /// The token has extensions that a verifier must know (`crit`). No extension is supported.
    UnknownExtension,
    /// The token does not name a key (`kid`).
    MissingKeyId,
    /// The keys could not be fetched, and the token's key is not among those that are known. 503.
    KeysUnavailable,
    /// The token's key is known, but could not be fetched again for longer than
    /// [`max_key_age`](crate::UserInfoVerifierBuilder::max_key_age): the portal may have withdrawn
    /// it. 503.
    KeysTooOld,
    /// The portal's JWKS does not have the key that the token names. A key that was added to it in
    /// the last 10 seconds may not be known yet.
    UnknownKey,
    /// The key that the token names has another type, or is for another algorithm, than the token
    /// says.
    KeyMismatch,
    /// The signature was made by another key, or for another token.
    WrongSignature,
    /// The signature is right, but the payload is not a JSON object.
    MalformedPayload,
    /// The signature is right, but a required claim is missing.
    MissingClaim,
    /// The signature is right, but a claim has the wrong type.
    MalformedClaim,
    /// The token was issued by another issuer (`iss`).
    WrongIssuer,
    /// The token is for another app (`aud`).
    WrongAudience,
    /// The token has expired (`exp`).
    Expired,
    /// The token was issued in the future (`iat`), or is not valid yet (`nbf`).
    InFuture,
}

impl UserInfoError {
    pub(super) fn keys_unavailable(failure: JwksError) -> Self {
        Self {
            kind: UserInfoErrorKind::KeysUnavailable,
            detail: Detail::Jwks(failure),
        }
    }

    pub(super) fn keys_too_old(failure: JwksError) -> Self {
        Self {
            kind: UserInfoErrorKind::KeysTooOld,
            detail: Detail::Jwks(failure),
        }
    }

    pub(super) fn missing_claim(name: &'static str) -> Self {
        Self {
            kind: UserInfoErrorKind::MissingClaim,
            detail: Detail::Claim(name),
        }
    }

    pub(super) fn malformed_claim(name: &'static str) -> Self {
        Self {
            kind: UserInfoErrorKind::MalformedClaim,
            detail: Detail::Claim(name),
        }
    }

    pub(super) fn wrong_issuer(expected: &str) -> Self {
        Self {
            kind: UserInfoErrorKind::WrongIssuer,
            detail: Detail::Expected(expected.into()),
        }
    }

    pub(super) fn wrong_audience(expected: &str) -> Self {
        Self {
            kind: UserInfoErrorKind::WrongAudience,
            detail: Detail::Expected(expected.into()),
        }
    }

    /// Returns the kind of reason why the token is refused.
    pub fn kind(&self) -> UserInfoErrorKind {
        self.kind
    }

    /// Returns the HTTP status to answer with: 401; 503 if the keys could not be fetched, so that the same
    /// token may verify later.
    pub fn status(&self) -> StatusCode {
        match self.kind {
            UserInfoErrorKind::KeysUnavailable | UserInfoErrorKind::KeysTooOld => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            _ => StatusCode::UNAUTHORIZED,
        }
    }

    /// Returns a short text for the answer, without detail.
    pub fn public_text(&self) -> &'static str {
        match self.kind {
            UserInfoErrorKind::KeysUnavailable | UserInfoErrorKind::KeysTooOld => "try again later",
            UserInfoErrorKind::Expired => "token expired",
            UserInfoErrorKind::TooLong | UserInfoErrorKind::Malformed => "malformed token",
            _ => "invalid token",
        }
    }
}

impl From<UserInfoErrorKind> for UserInfoError {
    fn from(kind: UserInfoErrorKind) -> Self {
        Self {
            kind,
            detail: Detail::None,
        }
    }
}

impl fmt::Display for UserInfoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.kind {
            UserInfoErrorKind::TooLong => "the token has more than 16 KiB",
            UserInfoErrorKind::Malformed => {
                "the token is not a signed JWT; check that the portal's token arrives unchanged"
            }
            UserInfoErrorKind::AlgorithmNotAllowed => {
                "the token's algorithm is not one of the allowed asymmetric ones; it may be forged"
            }
            UserInfoErrorKind::UnknownExtension => {
                "the token requires an extension (`crit`), and none is supported"
            }
            UserInfoErrorKind::MissingKeyId => {
                "the token does not name a key (`kid`); it may not be from the portal"
            }
            UserInfoErrorKind::KeysUnavailable => {
                "the portal's keys could not be fetched, so the token could not be verified"
            }
            UserInfoErrorKind::KeysTooOld => {
                "the portal's keys are too old to be trusted, and could not be fetched again"
            }
            UserInfoErrorKind::UnknownKey => {
                "the portal's JWKS does not have the token's key; check that the environment is the \
                 right one"
            }
            UserInfoErrorKind::KeyMismatch => {
                "the token's key is not for the token's algorithm; the token may be forged"
            }
            UserInfoErrorKind::WrongSignature => {
                "the token's key did not make the signature; the token was changed or forged"
            }
            UserInfoErrorKind::MalformedPayload => "the token's payload is not a JSON object",
            UserInfoErrorKind::MissingClaim => "the token lacks a claim",
            UserInfoErrorKind::MalformedClaim => "a claim of the token has the wrong type",
            UserInfoErrorKind::WrongIssuer => {
                "another issuer issued the token; check the environment, or set the issuer"
            }
            UserInfoErrorKind::WrongAudience => {
                "the token is for another app; check the client id, or set the audience"
            }
            UserInfoErrorKind::Expired => {
                "the token has expired; let the page ask the portal for a new one, and check that \
                 the local clock is right"
            }
            UserInfoErrorKind::InFuture => {
                "the token is from the future; check that the local clock is right"
            }
        };
        f.write_str(text)?;
        match &self.detail {
            Detail::None => Ok(()),
            Detail::Claim(name) => write!(f, ": {name}"),
            Detail::Expected(value) => write!(f, "; expected {value}"),
            Detail::Jwks(error) => write!(f, ": {error}"),
        }
    }
}

impl std::error::Error for UserInfoError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.detail {
            Detail::Jwks(error) => Some(error),
            _ => None,
        }
    }
}
