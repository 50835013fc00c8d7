//! A server that returns prepared responses and records every byte it receives.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use cobo_auth::{Environment, ResponseKeys, double_sha256};
use ed25519_dalek::{Signer as _, SigningKey};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Serves on loopback until it is dropped. Each response is used once; the last one is repeated.
pub struct Canned {
    base_url: String,
    received: Arc<Mutex<Vec<Vec<u8>>>>,
    keep: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Canned {
    /// Starts a server with these responses, each the bytes of a whole HTTP/1.1 response.
    pub async fn start(answers: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v2", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::new(AtomicBool::new(true));
        let answers = Arc::new(Mutex::new(answers.into_iter().collect::<VecDeque<_>>()));
        let task = tokio::spawn({
            let (received, keep) = (Arc::clone(&received), Arc::clone(&keep));
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    // Send small responses immediately, as a real server does.
                    stream.set_nodelay(true).unwrap();
                    let (received, keep) = (Arc::clone(&received), Arc::clone(&keep));
                    tokio::spawn(serve(stream, received, keep, Arc::clone(&answers)));
                }
            }
        });
        Self {
            base_url,
            received,
            keep,
            task,
        }
    }

    /// The base URL, with `/v2` and without a trailing slash.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The raw bytes of every request so far.
    pub fn received(&self) -> Vec<Vec<u8>> {
        self.received.lock().unwrap().clone()
    }

    /// Stops recording requests, for benchmarks. They are still answered.
    pub fn forget_requests(&self) {
        self.keep.store(false, Ordering::Relaxed);
    }

    /// An environment for this server. [`signed`] signs its responses.
    pub fn environment(&self) -> Environment {
        Environment::custom(&self.base_url, response_keys()).unwrap()
    }
}

impl Drop for Canned {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The key that signs canned responses.
pub fn response_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// The public keys of a server whose responses [`response_key`] signs.
///
/// Each call adds a second key that is never used. Clients with the same keys share Cobo's time, and
/// the servers of different tests must not.
pub fn response_keys() -> ResponseKeys {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut unused = [8; 32];
    unused[..8].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_le_bytes());
    let keys = [response_key(), SigningKey::from_bytes(&unused)]
        .map(|key| hex::encode(key.verifying_key().as_bytes()));
    ResponseKeys::from_hex(keys.iter().map(String::as_str)).unwrap()
}

/// A response with this status line (`200 OK`), extra header lines, and body.
pub fn plain(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}").into_bytes()
}

/// A JSON response with a valid signature.
pub fn signed(status: &str, body: &str) -> Vec<u8> {
    plain(
        status,
        &format!("content-type: application/json\r\n{}", signature(body)),
        body,
    )
}

/// The signature header lines for a body.
pub fn signature(body: &str) -> String {
    let timestamp = "1718587017026";
    let digest = double_sha256([body.as_bytes(), b"|", timestamp.as_bytes()]);
    let signature = hex::encode(response_key().sign(&digest).to_bytes());
    format!("biz-timestamp: {timestamp}\r\nbiz-resp-signature: {signature}\r\n")
}

async fn serve(
    mut stream: TcpStream,
    received: Arc<Mutex<Vec<Vec<u8>>>>,
    keep: Arc<AtomicBool>,
    answers: Arc<Mutex<VecDeque<Vec<u8>>>>,
) {
    let mut bytes = Vec::new();
    loop {
        let Some(length) = request_length(&bytes) else {
            if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return;
            }
            continue;
        };
        let request: Vec<u8> = bytes.drain(..length).collect();
        if keep.load(Ordering::Relaxed) {
            received.lock().unwrap().push(request);
        }
        let answer = {
            let mut answers = answers.lock().unwrap();
            match answers.len() {
                0 => return,
                1 => answers[0].clone(),
                _ => answers.pop_front().unwrap(),
            }
        };
        if stream.write_all(&answer).await.is_err() {
            return;
        }
    }
}

/// The length of the first request in these bytes, once it is complete.
pub fn request_length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .map_or(0, |length| length.trim().parse().unwrap());
    (bytes.len() >= head + length).then_some(head + length)
}
