use std::fmt;

use serde::Deserialize;

use crate::error::code::ErrorCode;
use crate::error::printable;

/// The body of an error response, in either of Cobo's two shapes.
///
/// `Debug` and `Display` omit the messages, which are free text from the server. Read them with
/// [`message`](Self::message) where they may be shown.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorBody {
    /// An error of the API: `{error_code, error_message, error_id}`.
    Api {
        /// The error code.
        code: ErrorCode,
        /// The description of the error, for people; empty if Cobo sent `null`.
        message: String,
        /// The id with which Cobo's support can look up the failure; `None` if Cobo sent `null`.
        id: Option<String>,
    },
    /// An error of an OAuth endpoint: `{error, error_description}`.
    OAuth {
        /// The name of the error.
        error: String,
        /// The description of the error, for people; empty if Cobo sent `null`.
        description: String,
    },
}

impl ErrorBody {
    /// Parses an error body of either shape. `None` if the body has neither.
    pub fn parse(body: &[u8]) -> Option<Self> {
        serde_json::from_slice::<Shape>(body).ok().map(Self::from)
    }

    /// Detects an error body in a 2xx response: an object with exactly the fields of an error.
    pub(crate) fn parse_error_in_success(body: &[u8]) -> Option<Self> {
        const LARGEST: usize = 4096;
        if body.len() > LARGEST || !body.windows(7).any(|window| window == b"\"error_") {
            return None;
        }
        serde_json::from_slice::<ExactShape>(body)
            .ok()
            .map(|exact| exact.0.into())
    }

    /// Replaces what identifies the failure where it repeats a secret.
    pub(crate) fn redact(&mut self, is_secret: impl Fn(&str) -> bool) {
        let text = match self {
            Self::Api { id: Some(text), .. } | Self::OAuth { error: text, .. } => text,
            Self::Api { id: None, .. } => return,
        };
        if is_secret(text) {
            "REDACTED".clone_into(text);
        }
    }

    /// Returns the error code, in the API's shape.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Api { code, .. } => Some(*code),
            Self::OAuth { .. } => None,
        }
    }

    /// Returns the error id, in the API's shape.
    pub fn error_id(&self) -> Option<&str> {
        match self {
            Self::Api { id, .. } => id.as_deref(),
            Self::OAuth { .. } => None,
        }
    }

    /// Returns the error's name, in OAuth's shape.
    pub fn oauth_error(&self) -> Option<&str> {
        match self {
            Self::OAuth { error, .. } => Some(error),
            Self::Api { .. } => None,
        }
    }

    /// Code, name and error id, without advice.
    pub(crate) fn fmt_summary(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api { code, id, .. } => {
                write!(f, "code {code}")?;
                if let Some(name) = code.name() {
                    write!(f, ", {name}")?;
                }
                match id.as_deref().and_then(printable) {
                    Some(id) => write!(f, ", error id {id}"),
                    None => Ok(()),
                }
            }
            Self::OAuth { error, .. } => match printable(error) {
                Some(error) => write!(f, "refused as `{error}`"),
                None => f.write_str("refused"),
            },
        }
    }

    /// Returns the server's description of the error. Free text: it may repeat parts of the
    /// request.
    pub fn message(&self) -> &str {
        match self {
            Self::Api { message, .. } => message,
            Self::OAuth { description, .. } => description,
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Shape {
    Api {
        error_code: i64,
        #[serde(deserialize_with = "text_or_null")]
        error_message: Option<String>,
        #[serde(deserialize_with = "text_or_null")]
        error_id: Option<String>,
    },
    OAuth {
        error: String,
        #[serde(deserialize_with = "text_or_null")]
        error_description: Option<String>,
    },
}

/// A field that must be present but may be `null`. By default serde accepts an absent field as
/// `null`, and more bodies of gateways would look like Cobo's.
fn text_or_null<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(from)
}

impl From<Shape> for ErrorBody {
    fn from(shape: Shape) -> Self {
        match shape {
            Shape::Api {
                error_code,
                error_message,
                error_id,
            } => Self::Api {
                code: ErrorCode::new(error_code),
                message: error_message.unwrap_or_default(),
                id: error_id,
            },
            Shape::OAuth {
                error,
                error_description,
            } => Self::OAuth {
                error,
                description: error_description.unwrap_or_default(),
            },
        }
    }
}

/// An error body without other fields.
struct ExactShape(Shape);

impl<'de> Deserialize<'de> for ExactShape {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = serde_json::Map::deserialize(deserializer)?;
        let fields = object.len();
        let shape = Shape::deserialize(object).map_err(serde::de::Error::custom)?;
        let expected = match shape {
            Shape::Api { .. } => 3,
            Shape::OAuth { .. } => 2,
        };
        if fields == expected {
            Ok(Self(shape))
        } else {
            Err(serde::de::Error::custom("more fields than a failure has"))
        }
    }
}

impl fmt::Display for ErrorBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_summary(f)?;
        match self.code().and_then(ErrorCode::advice) {
            Some(advice) => write!(f, ": {advice}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for ErrorBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api { code, id, .. } => f
                .debug_struct("Api")
                .field("code", &code.get())
                .field("id", &id.as_deref().and_then(printable))
                .finish_non_exhaustive(),
            Self::OAuth { error, .. } => f
                .debug_struct("OAuth")
                .field("error", &printable(error))
                .finish_non_exhaustive(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const API: &[u8] = br#"{"error_code":2024,"error_message":"hunter2","error_id":"e1"}"#;
    const OAUTH: &[u8] = br#"{"error":"invalid_grant","error_description":"hunter2"}"#;

    #[test]
    fn api_and_oauth_error_bodies_are_recognised() {
        let api = ErrorBody::parse(API).unwrap();
        assert_eq!(api.code(), Some(ErrorCode::AUTHENTICATION));
        assert_eq!(api.error_id(), Some("e1"));
        assert_eq!(api.oauth_error(), None);
        let oauth = ErrorBody::parse(OAUTH).unwrap();
        assert_eq!(oauth.oauth_error(), Some("invalid_grant"));
        assert_eq!((oauth.code(), oauth.message()), (None, "hunter2"));
    }

    #[test]
    fn error_body_with_null_texts_is_parsed_as_an_error() {
        let api = br#"{"error_code":2028,"error_message":null,"error_id":null}"#;
        let api = ErrorBody::parse(api).unwrap();
        assert_eq!(api.code(), Some(ErrorCode::NOT_FOUND));
        assert_eq!((api.error_id(), api.message()), (None, ""));
        assert_eq!(
            api.to_string(),
            "code 2028, not found: check the ids in the request"
        );
        let oauth = ErrorBody::parse(br#"{"error":"x","error_description":null}"#).unwrap();
        assert_eq!((oauth.oauth_error(), oauth.message()), (Some("x"), ""));
        let disguised = br#"{"error_code":2000,"error_message":"m","error_id":null}"#;
        assert!(ErrorBody::parse_error_in_success(disguised).is_some());
    }

    #[test]
    fn body_without_the_required_error_fields_is_not_an_error() {
        for body in [
            &b""[..],
            b"<html>",
            b"[]",
            b"null",
            br#"{"access_token":"x"}"#,
            br#"{"error_code":2024}"#,
            br#"{"error_code":"x","error_message":"m","error_id":"i"}"#,
            br#"{"error_code":2024,"error_message":"m"}"#,
            br#"{"error":"x"}"#,
            br#"{"error":null,"error_description":"d"}"#,
        ] {
            assert_eq!(ErrorBody::parse(body), None);
        }
    }

    #[test]
    fn error_body_with_extra_fields_in_a_2xx_response_is_not_an_error() {
        assert!(ErrorBody::parse_error_in_success(API).is_some());
        assert!(ErrorBody::parse_error_in_success(OAUTH).is_some());
        let more = br#"{"error_code":1,"error_message":"m","error_id":"i","data":[]}"#;
        assert!(ErrorBody::parse(more).is_some());
        assert_eq!(ErrorBody::parse_error_in_success(more), None);
    }

    #[test]
    fn server_error_text_is_never_displayed() {
        for body in [API, OAUTH] {
            let body = ErrorBody::parse(body).unwrap();
            assert!(!format!("{body} {body:?}").contains("hunter2"));
        }
        let odd = ErrorBody::parse(br#"{"error":"a b\nc","error_description":""}"#).unwrap();
        assert_eq!(odd.to_string(), "refused");
    }
}
