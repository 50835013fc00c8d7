//! The steps of a scenario for each attempt.

use cobo_auth::{Clock as _, SystemClock, double_sha256};
use cobo_tests::canned;
use ed25519_dalek::{Signer as _, SigningKey};
use serde::Deserialize;

/// The steps of one attempt on its connection, in order. If no step closes or resets the
/// connection, it is kept alive.
pub(crate) type Steps = Vec<Step>;

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Step {
    /// Nothing listens. Must be the only step, and only in the first or last attempts.
    Refuse,
    /// The connection queue is full and nothing is accepted. Must be the only step of every
    /// attempt.
    Ignore,
    /// Waits for the request without reading it.
    Await,
    /// Reads the request.
    Read,
    /// Sends a response or its beginning.
    Answer(Answer),
    /// Sends these bytes.
    Raw(Raw),
    WaitMs(u64),
    /// Sends nothing more until the client disconnects.
    Stall,
    Close,
    /// Sends an RST instead of a FIN. As the first step, immediately after the connection is made.
    Reset,
    /// In HTTP/2: resets the stream of the request.
    ResetStream(StreamReason),
    /// In HTTP/2: ends the connection without an error.
    GoAway,
}

/// The reason of a stream reset.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum StreamReason {
    /// The server did not process the request.
    RefusedStream,
    InternalError,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    /// The status line, `200 OK`.
    status: String,
    /// Header lines, `name: value`. `{elsewhere}` is replaced by an origin that must not be
    /// contacted.
    #[serde(default)]
    headers: Vec<String>,
    #[serde(default)]
    body: String,
    /// The body in hexadecimal, instead of `body`.
    body_hex: Option<String>,
    #[serde(default)]
    signed: Signed,
    /// The age of the signature.
    #[serde(default)]
    age_ms: u64,
    #[serde(default)]
    framing: Framing,
    /// A `content-length` that differs from the body's length.
    announced: Option<u64>,
    /// Sends only the beginning.
    cut: Option<Cut>,
    /// Sends single bytes with this delay between them.
    pub(crate) drip_ms: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Raw {
    pub(crate) text: String,
    /// Repeats until the client disconnects.
    #[serde(default)]
    pub(crate) endless: bool,
    /// The delay after each repetition.
    pub(crate) pause_ms: Option<u64>,
}

/// The kind of signature of a response.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Signed {
    #[default]
    Right,
    No,
    /// A signature over another body.
    Over(String),
    ByAnotherKey,
    /// Not hexadecimal.
    Garbled,
    /// The valid signature, sent twice.
    Twice,
    /// The signature without its timestamp.
    Half,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Framing {
    #[default]
    Length,
    Chunked,
    /// No length and no chunks: the body ends with the connection.
    UntilClose,
}

/// The number of bytes that are sent.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Cut {
    /// Counted from the start of the response.
    Head(usize),
    /// The whole head, and this many bytes of the body as transmitted.
    Body(usize),
}

impl Answer {
    pub(crate) fn body(&self) -> Vec<u8> {
        match &self.body_hex {
            Some(hex) => hex::decode(hex).unwrap(),
            None => self.body.clone().into_bytes(),
        }
    }

    pub(crate) fn to_bytes(&self, elsewhere: &str) -> Vec<u8> {
        let body = self.body();
        let mut head = format!("HTTP/1.1 {}\r\n", self.status);
        for header in &self.headers {
            head += &header.replace("{elsewhere}", elsewhere);
            head += "\r\n";
        }
        head += &self.signed.headers(&body, self.age_ms);
        let sent = match self.framing {
            Framing::Length => {
                let length = self.announced.unwrap_or(body.len() as u64);
                head += &format!("content-length: {length}\r\n");
                body
            }
            Framing::Chunked => {
                head += "transfer-encoding: chunked\r\n";
                let size = format!("{:x}\r\n", body.len());
                [size.as_bytes(), &body, b"\r\n0\r\n\r\n"].concat()
            }
            Framing::UntilClose => {
                head += "connection: close\r\n";
                body
            }
        };
        head += "\r\n";
        let mut bytes = head.into_bytes();
        match self.cut {
            Some(Cut::Head(length)) => {
                // A position outside of the head is a mistake in the scenario.
                assert!(length < bytes.len());
                bytes.truncate(length);
            }
            Some(Cut::Body(length)) => bytes.extend_from_slice(&sent[..length]),
            None => bytes.extend_from_slice(&sent),
        }
        bytes
    }
}

impl Signed {
    /// The signature header lines of this age.
    fn headers(&self, body: &[u8], age_ms: u64) -> String {
        let signed_at = (SystemClock.unix_millis() - age_ms).to_string();
        let by = |key: &SigningKey, body: &[u8]| {
            let digest = double_sha256([body, b"|", signed_at.as_bytes()]);
            hex::encode(key.sign(&digest).to_bytes())
        };
        let ours = canned::response_key();
        let timestamp = format!("biz-timestamp: {signed_at}\r\n");
        let signature = match self {
            Self::No => return String::new(),
            Self::Right | Self::Twice | Self::Half => by(&ours, body),
            Self::Over(other) => by(&ours, other.as_bytes()),
            Self::ByAnotherKey => by(&SigningKey::from_bytes(&[8; 32]), body),
            Self::Garbled => "hunter2-no-hex".to_owned(),
        };
        let signature = format!("biz-resp-signature: {signature}\r\n");
        match self {
            Self::Half => signature,
            Self::Twice => format!("{timestamp}{signature}{signature}"),
            _ => timestamp + &signature,
        }
    }
}
