//! The requests that the sandbox received.

use std::collections::VecDeque;
use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};

use crate::signature::split;

/// A request as it was received, and how it was answered.
///
/// `Debug` omits the `Authorization` header, the query and the body; tests can read them in the fields.
#[derive(Clone)]
#[non_exhaustive]
pub struct ReceivedRequest {
    /// The method.
    pub method: Method,
    /// The raw path and query.
    pub target: String,
    /// All the headers.
    pub headers: HeaderMap,
    /// The raw body; empty if it was not read completely.
    pub body: Bytes,
    /// The nonce, if the request has a readable one.
    pub nonce: Option<String>,
    /// Whether the signature and the nonce were accepted. The answer can still be an error.
    pub accepted: bool,
    /// The status of the response.
    pub status: StatusCode,
}

impl ReceivedRequest {
    /// Returns the raw path, without the query.
    pub fn path(&self) -> &str {
        split(&self.target).0
    }
}

impl fmt::Debug for ReceivedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceivedRequest")
            .field("method", &self.method)
            .field("path", &self.path())
            .field("headers", &RedactedHeaders(&self.headers))
            .field(
                "body",
                &format_args!("[redacted, {} bytes]", self.body.len()),
            )
            .field("nonce", &self.nonce)
            .field("accepted", &self.accepted)
            .field("status", &self.status)
            .finish()
    }
}

struct RedactedHeaders<'a>(&'a HeaderMap);

impl fmt::Debug for RedactedHeaders<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (name, value) in self.0 {
            if name == header::AUTHORIZATION || name == header::PROXY_AUTHORIZATION {
                map.entry(name, &format_args!("[redacted]"));
            } else {
                map.entry(name, value);
            }
        }
        map.finish()
    }
}

/// The most recent requests, limited in number and in the bytes of their bodies.
pub(crate) struct ReceivedLog {
    requests: VecDeque<ReceivedRequest>,
    limit: usize,
    body_bytes: usize,
}

/// The limit for all recorded bodies together, in bytes.
const BODY_BYTES: usize = 64 * 1024 * 1024;

impl ReceivedLog {
    /// Keeps the last `limit` requests; with 0 it keeps none.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            requests: VecDeque::new(),
            limit,
            body_bytes: 0,
        }
    }

    pub(crate) fn push(&mut self, request: ReceivedRequest) {
        if self.limit == 0 {
            return;
        }
        self.body_bytes += request.body.len();
        self.requests.push_back(request);
        while self.requests.len() > self.limit || self.body_bytes > BODY_BYTES {
            let Some(oldest) = self.requests.pop_front() else {
                break;
            };
            self.body_bytes -= oldest.body.len();
        }
    }

    pub(crate) fn to_vec(&self) -> Vec<ReceivedRequest> {
        self.requests.iter().cloned().collect()
    }

    pub(crate) fn clear(&mut self) {
        self.requests.clear();
        self.body_bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn request(target: &str, body: Bytes) -> ReceivedRequest {
        ReceivedRequest {
            method: Method::POST,
            target: target.to_owned(),
            headers: HeaderMap::new(),
            body,
            nonce: Some("7".to_owned()),
            accepted: true,
            status: StatusCode::OK,
        }
    }

    fn targets(log: &ReceivedLog) -> Vec<String> {
        log.to_vec().into_iter().map(|kept| kept.target).collect()
    }

    #[test]
    fn received_log_keeps_only_the_newest_requests() {
        let mut log = ReceivedLog::new(2);
        for target in ["/a", "/b", "/c"] {
            log.push(request(target, Bytes::new()));
        }
        assert_eq!(targets(&log), ["/b", "/c"]);
        log.clear();
        assert!(targets(&log).is_empty());
    }

    #[test]
    fn received_log_with_limit_zero_keeps_no_requests() {
        let mut log = ReceivedLog::new(0);
        log.push(request("/a", Bytes::new()));
        assert!(targets(&log).is_empty());
    }

    #[test]
    fn received_log_limits_the_total_size_of_bodies() {
        let half = Bytes::from(vec![0; BODY_BYTES / 2]);
        let mut log = ReceivedLog::new(10);
        for target in ["/a", "/b", "/c"] {
            log.push(request(target, half.clone()));
        }
        assert_eq!(targets(&log), ["/b", "/c"]);
    }

    #[test]
    fn debug_shows_neither_bearer_nor_query_nor_body() {
        let mut request = request("/v2/x?code=hidden", Bytes::from_static(b"hidden"));
        request
            .headers
            .insert("authorization", HeaderValue::from_static("Bearer hidden"));
        request
            .headers
            .insert("accept", HeaderValue::from_static("*/*"));
        assert_eq!(
            format!("{request:?}"),
            concat!(
                r#"ReceivedRequest { method: POST, path: "/v2/x", "#,
                r#"headers: {"authorization": [redacted], "accept": "*/*"}, "#,
                r#"body: [redacted, 6 bytes], nonce: Some("7"), accepted: true, status: 200 }"#
            )
        );
    }
}
