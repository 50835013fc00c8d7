//! Requests as a server receives them, and a fixed clock for the client.

use cobo_auth::Clock;
use cobo_sandbox::{AppKey, AppKeys, RequestParts};
use http::{HeaderMap, HeaderName, HeaderValue};

/// A request as received, parsed independently of the client's libraries.
pub struct Seen {
    /// The method in upper case.
    pub method: String,
    /// The path and query.
    pub target: String,
    /// The headers as received.
    pub headers: HeaderMap,
    /// The body as received.
    pub body: Vec<u8>,
}

/// Parses a request.
pub fn seen(bytes: &[u8]) -> Seen {
    let end = bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap();
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let mut start = lines.next().unwrap().split(' ');
    let headers = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| {
            let name: HeaderName = name.parse().unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        })
        .collect();
    Seen {
        method: start.next().unwrap().to_owned(),
        target: start.next().unwrap().to_owned(),
        headers,
        body: bytes[end + 4..].to_vec(),
    }
}

/// Checks the signature over the received bytes with the sandbox's code, and returns the nonce.
pub fn signed_by_us(seen: &Seen) -> String {
    let keys: AppKeys = [AppKey::from_hex(cobo_sandbox::DEMO_APP_KEY).unwrap()]
        .into_iter()
        .collect();
    let parts = RequestParts {
        method: &seen.method,
        target: &seen.target,
        headers: &seen.headers,
        body: &seen.body,
    };
    cobo_sandbox::check(&parts, &keys).unwrap().nonce
}

/// A clock that never advances.
#[derive(Debug)]
pub struct Fixed(pub u64);

impl Clock for Fixed {
    fn unix_millis(&self) -> u64 {
        self.0
    }
}
