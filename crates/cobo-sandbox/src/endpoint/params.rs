//! Parameters of a call, from its query or its JSON body.

use std::collections::HashMap;
use std::fmt;

use http::{HeaderMap, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::reply::Failure;

/// Parameters by name. A repeated name is an error.
pub(crate) struct Params(HashMap<String, Value>);

impl Params {
    /// Parses a raw query.
    pub(crate) fn from_query(query: &str) -> Result<Self, Failure> {
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        Self::unique(pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, Value::String(decode(value)?)))
        }))
    }

    /// Parses a body, which must be a JSON object with a JSON content type.
    pub(crate) fn from_json(headers: &HeaderMap, body: &[u8]) -> Result<Self, Failure> {
        if !is_json(headers) {
            return Err(Failure::OAuth {
                status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
                error: "invalid_request",
                description: "the content type must be application/json".to_owned(),
            });
        }
        // The parser's own message would repeat parts of the body.
        let members: Members = serde_json::from_slice(body).map_err(|error| {
            Failure::invalid_request(format!(
                "the body is not a JSON object (line {}, column {})",
                error.line(),
                error.column()
            ))
        })?;
        Self::unique(members.0.into_iter().map(Ok))
    }

    fn unique(
        pairs: impl Iterator<Item = Result<(String, Value), Failure>>,
    ) -> Result<Self, Failure> {
        let mut params = HashMap::new();
        for pair in pairs {
            let (name, value) = pair?;
            if params.contains_key(&name) {
                return Err(Failure::invalid_request(format!(
                    "the parameter {name} is repeated"
                )));
            }
            params.insert(name, value);
        }
        Ok(Self(params))
    }

    /// Returns the text of a parameter; an error if it is missing, empty or not a string.
    pub(crate) fn required(&self, name: &str) -> Result<&str, Failure> {
        match self.0.get(name) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text),
            None | Some(Value::Null | Value::String(_)) => Err(Failure::invalid_request(format!(
                "the parameter {name} is missing or empty"
            ))),
            Some(_) => Err(Failure::invalid_request(format!(
                "the parameter {name} is not a string"
            ))),
        }
    }
}

fn decode(text: &str) -> Result<String, Failure> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced)
        .decode_utf8()
        .map(Into::into)
        .map_err(|_| Failure::invalid_request("the query is not UTF-8"))
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("application/json"))
}

/// A JSON object that keeps repeated members, so that they can be refused.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn json_headers() -> HeaderMap {
        let value = HeaderValue::from_static("Application/JSON; charset=utf-8");
        HeaderMap::from_iter([(header::CONTENT_TYPE, value)])
    }

    fn problem<T>(result: Result<T, Failure>) -> String {
        result.err().map(|failure| failure.to_string()).unwrap()
    }

    #[test]
    fn query_values_are_decoded() {
        let params = Params::from_query("a=x%20y+z%2B&b=%C3%A9=&&c").unwrap();
        assert_eq!(params.required("a").unwrap(), "x y z+");
        assert_eq!(params.required("b").unwrap(), "é=");
        assert_eq!(
            problem(params.required("c")),
            "invalid_request: the parameter c is missing or empty"
        );
        assert_eq!(
            problem(Params::from_query("a=%FF")),
            "invalid_request: the query is not UTF-8"
        );
    }

    #[test]
    fn repeated_query_or_body_parameter_is_refused() {
        let repeated = "invalid_request: the parameter a is repeated";
        assert_eq!(problem(Params::from_query("a=1&%61=1")), repeated);
        let body = br#"{"a": "1", "b": {"a": 1}, "a": null}"#;
        assert_eq!(problem(Params::from_json(&json_headers(), body)), repeated);
    }

    #[test]
    fn json_parameter_that_is_not_a_string_is_refused() {
        let body = br#"{"a": "x", "b": 1, "c": null}"#;
        let params = Params::from_json(&json_headers(), body).unwrap();
        assert_eq!(params.required("a").unwrap(), "x");
        assert_eq!(
            problem(params.required("b")),
            "invalid_request: the parameter b is not a string"
        );
        assert_eq!(
            problem(params.required("c")),
            "invalid_request: the parameter c is missing or empty"
        );
    }

    #[test]
    fn body_that_is_not_a_json_object_is_refused_without_showing_it() {
        for body in [&b""[..], b"[1]", b"\"hidden\"", b"{\"a\"", b"{} x", b"\xff"] {
            let message = problem(Params::from_json(&json_headers(), body));
            assert!(
                message.starts_with("invalid_request: the body is not a JSON object (line 1,"),
                "{message}"
            );
        }
    }
}
