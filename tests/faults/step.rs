//! What a scenario says of each attempt.

use cobo_auth::{Clock as _, SystemClock, double_sha256};
use cobo_tests::canned;
use ed25519_dalek::{Signer as _, SigningKey};
use serde::Deserialize;

/// What becomes of one attempt: steps on its connection, one after the other. A connection that
/// is neither closed nor reset by them is kept alive.
pub(crate) type Steps = Vec<Step>;

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Step {
    /// Nobody listens. Stands alone, and in the first or the last attempts.
    Refuse,
    /// The queue of connections is full, and nobody takes any. Stands alone, in every attempt.
    Ignore,
    /// Waits for the request, and leaves it unread.
    Await,
    /// Reads the request.
    Read,
    /// Sends a response, or the beginning of one.
    Answer(Answer),
    /// Sends these bytes.
    Raw(Raw),
    WaitMs(u64),
    /// Says nothing more until the client hangs up.
    Stall,
    Close,
    /// An RST, not a FIN. As the first step, as soon as the connection is there.
    Reset,
    /// In HTTP/2: ends the stream of the request.
    ResetStream(StreamReason),
    /// In HTTP/2: ends the connection, without saying that anything is wrong.
    GoAway,
}

/// Why a server resets a stream.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum StreamReason {
    /// The request was not carried out, says the server.
    RefusedStream,
    InternalError,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    /// `200 OK`.
    status: String,
    /// `name: value`; `{elsewhere}` stands for an origin that must never be contacted.
    #[serde(default)]
    headers: Vec<String>,
    #[serde(default)]
    body: String,
    /// Instead of `body`.
    body_hex: Option<String>,
    #[serde(default)]
    signed: Signed,
    /// How long ago it was signed.
    #[serde(default)]
    age_ms: u64,
    #[serde(default)]
    framing: Framing,
    /// A `content-length` that is not the body's.
    announced: Option<u64>,
    /// Only the beginning is sent.
    cut: Option<Cut>,
    /// One byte after the other, so far apart.
    pub(crate) drip_ms: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Raw {
    pub(crate) text: String,
    /// Again and again, until the client hangs up.
    #[serde(default)]
    pub(crate) endless: bool,
    /// After each time.
    pub(crate) pause_ms: Option<u64>,
}

/// What the signature of a response is made over.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Signed {
    #[default]
    Right,
    No,
    /// Another body.
    Over(String),
    ByAnotherKey,
    /// Not hexadecimal.
    Garbled,
    /// The right one, once more.
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
    /// Neither a length nor chunks: the body ends where the connection does.
    UntilClose,
}

/// How many bytes are sent.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Cut {
    /// From the start.
    Head(usize),
    /// After a whole head, as they are on the wire.
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
                // A position outside of the head would be a mistake in the scenario.
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
    /// The header lines of a signature that was made so long ago.
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
