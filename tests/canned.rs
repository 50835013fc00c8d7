//! A server that answers what it was told to, and keeps every byte it received.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use cobo_auth::{Environment, ResponseKeys, double_sha256};
use ed25519_dalek::{Signer as _, SigningKey};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Serves on loopback until it is dropped. An answer is used once; the last one again and again.
pub struct Canned {
    base_url: String,
    received: Arc<Mutex<Vec<Vec<u8>>>>,
    keep: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Canned {
    /// Starts a server with these answers, each the bytes of a whole HTTP/1.1 response.
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
                    // Small answers go out at once, as a real server's do.
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

    /// With `/v2`, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Every request so far, as the bytes that came over the socket.
    pub fn received(&self) -> Vec<Vec<u8>> {
        self.received.lock().unwrap().clone()
    }

    /// From now on requests are answered and not kept, for a benchmark.
    pub fn forget_requests(&self) {
        self.keep.store(false, Ordering::Relaxed);
    }

    /// The server as an environment whose responses [`signed`] signs.
    pub fn environment(&self) -> Environment {
        let key = hex::encode(response_key().verifying_key().as_bytes());
        let keys = ResponseKeys::from_hex([key.as_str()]).unwrap();
        Environment::custom(&self.base_url, keys).unwrap()
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

/// A response with this status line (`200 OK`), further header lines, and body.
pub fn plain(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}").into_bytes()
}

/// A JSON response with the signature that it should have.
pub fn signed(status: &str, body: &str) -> Vec<u8> {
    plain(
        status,
        &format!("content-type: application/json\r\n{}", signature(body)),
        body,
    )
}

/// The header lines that sign a body.
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

/// How long the request at the start of these bytes is, once all of it is there.
pub fn request_length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .map_or(0, |length| length.trim().parse().unwrap());
    (bytes.len() >= head + length).then_some(head + length)
}
