use std::fmt;

/// An error code from Cobo's list of error codes.
///
/// The list is open: a code that this crate does not know is kept unchanged.
///
/// ```
/// use cobo_auth::ErrorCode;
///
/// assert_eq!(ErrorCode::new(2024), ErrorCode::AUTHENTICATION);
/// assert_eq!(ErrorCode::AUTHENTICATION.name(), Some("authentication failed"));
/// assert_eq!(ErrorCode::new(9).name(), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ErrorCode(i64);

/// One documented code: constant, number, name, advice.
macro_rules! codes {
    ($($(#[$doc:meta])* $constant:ident = $code:literal, $name:literal, $advice:literal;)*) => {
        impl ErrorCode {
            $($(#[$doc])* pub const $constant: Self = Self($code);)*

            /// Every documented code.
            pub const DOCUMENTED: &[Self] = &[$(Self::$constant),*];

            /// Returns the name of the code, if it is a documented one.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($code => Some($name),)*
                    _ => None,
                }
            }

            /// Returns what the caller can do, if the code is a documented one. The text is valid
            /// for every call; the text of an [`Error`](crate::Error) has the advice for its own
            /// call.
            pub const fn advice(self) -> Option<&'static str> {
                match self.0 {
                    $($code => Some($advice),)*
                    _ => None,
                }
            }
        }
    };
}

codes! {
    /// Internal error; also Cobo's answer to an expired org access token.
    INTERNAL = 1000, "internal error",
        "look up whether a write was carried out before you send it again; if the call sent an \
         access token, the token may have expired: renew it";
    /// A parameter is missing.
    PARAMETER_MISSING = 1003, "parameter missing",
        "compare the request with the operation's required parameters";
    /// A parameter is malformed.
    PARAMETER_INVALID = 1006, "parameter malformed",
        "compare the request with the operation's parameters";
    /// Temporary internal error.
    TEMPORARY = 2000, "temporary internal error",
        "call again later; look up first whether a write was carried out";
    /// A parameter is missing.
    REQUEST_PARAMETER_MISSING = 2003, "parameter missing",
        "compare the request with the operation's required parameters";
    /// A parameter is malformed.
    REQUEST_PARAMETER_INVALID = 2006, "parameter malformed",
        "compare the request with the operation's parameters";
    /// The endpoint does not exist or is not available to this caller.
    NO_SUCH_ENDPOINT = 2021, "no such endpoint",
        "check the path, and that the endpoint is open to this organization";
    /// The request's signature, key or origin was not accepted.
    AUTHENTICATION = 2024, "authentication failed",
        "check that the key is registered and active in this environment, that this machine's \
         address is on its list, and that this machine's clock is right";
    /// The key or the token lacks the permission.
    FORBIDDEN = 2025, "forbidden", "ask for the permission that the operation needs";
    /// Too many requests.
    RATE_LIMITED = 2026, "too many requests",
        "call again later, and wait longer each time; look up first whether a write was carried out";
    /// Something that the request names does not exist.
    NOT_FOUND = 2028, "not found", "check the ids in the request";
    /// The key or the token lacks the permission.
    ACCESS_DENIED = 4001, "forbidden", "ask for the permission that the operation needs";
    /// The `request_id` was used before.
    DUPLICATE_REQUEST = 12009, "request id used before",
        "Cobo has accepted an earlier request with this id: look it up instead of sending it again";
    /// The `request_id` was used before.
    DUPLICATE_TRANSACTION = 30001, "request id used before",
        "Cobo has accepted an earlier request with this id: look it up instead of sending it again";
    /// Temporary failure.
    TRANSACTION_TEMPORARY = 30039, "temporary failure",
        "call again later; look up first whether a write was carried out";
    /// Temporary failure.
    SERVICE_TEMPORARY = 60003, "temporary failure",
        "call again later; look up first whether a write was carried out";
}

impl ErrorCode {
    /// Creates the code with this number.
    pub const fn new(code: i64) -> Self {
        Self(code)
    }

    /// Returns the number.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Returns whether the same call may succeed later without a change. This includes
    /// [`INTERNAL`](Self::INTERNAL), which can also mean an expired access token
    /// ([`Error::is_token_expired`](crate::Error::is_token_expired)); then a retry does not help.
    pub const fn is_retryable(self) -> bool {
        matches!(self.0, 1000 | 2000 | 2026 | 30039 | 60003)
    }

    /// Returns whether the code means that the key, the signature or the permission was refused.
    pub const fn is_auth(self) -> bool {
        matches!(self.0, 2024 | 2025 | 4001)
    }

    /// Returns whether the request's `request_id` was used before: Cobo accepted an earlier request
    /// with it.
    pub const fn is_duplicate(self) -> bool {
        matches!(self.0, 12009 | 30001)
    }

    /// Returns whether the code means too many requests.
    pub const fn is_rate_limited(self) -> bool {
        self.0 == 2026
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_code_has_a_name_and_advice() {
        for code in ErrorCode::DOCUMENTED {
            assert!(code.name().is_some() && code.advice().is_some(), "{code}");
        }
        assert!(ErrorCode::DOCUMENTED.is_sorted());
    }
}
