//! A server on loopback that fails in the ways it is told to, attempt by attempt.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use cobo_auth::{
    Digest, Ed25519Signer, Environment, PublicKey, ResponseKeys, Signature, Signer, SignerError,
    double_sha256,
};
use cobo_tests::{canned, client};
use ed25519_dalek::{Signer as _, SigningKey};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

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
    #[serde(default)]
    framing: Framing,
    /// A `content-length` that is not the body's.
    announced: Option<u64>,
    /// Only the beginning is sent.
    cut: Option<Cut>,
    /// One byte after the other, so far apart.
    drip_ms: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Raw {
    text: String,
    /// Again and again, until the client hangs up.
    #[serde(default)]
    endless: bool,
    /// After each time.
    pause_ms: Option<u64>,
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

/// Runs until it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    elsewhere: std::net::TcpListener,
}

struct Shared {
    /// For each attempt; the last one again and again.
    plan: Vec<Steps>,
    attempts: AtomicUsize,
    begun: AtomicUsize,
    received: Mutex<Vec<Vec<u8>>>,
    port: tokio::sync::Mutex<Port>,
    elsewhere: String,
}

/// What is behind the address.
enum Port {
    /// It is taken, and nobody listens.
    Silent(TcpSocket),
    /// Connections are taken and served.
    Open(JoinHandle<()>),
    /// The queue is full with these, and the listener takes none of them.
    Full {
        _listener: TcpListener,
        _queued: Vec<TcpStream>,
    },
    /// Nobody listens any more.
    Gone,
}

impl Server {
    pub(crate) fn start(plan: Vec<Steps>) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let address = socket.local_addr().unwrap();
        let elsewhere = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        elsewhere.set_nonblocking(true).unwrap();
        let shared = Shared {
            plan,
            attempts: AtomicUsize::new(0),
            begun: AtomicUsize::new(0),
            received: Mutex::default(),
            port: tokio::sync::Mutex::new(Port::Silent(socket)),
            elsewhere: format!("http://{}", elsewhere.local_addr().unwrap()),
        };
        Self {
            address,
            shared: Arc::new(shared),
            elsewhere,
        }
    }

    /// The server as an environment whose responses are signed.
    pub(crate) fn environment(&self) -> Environment {
        let key = hex::encode(canned::response_key().verifying_key().as_bytes());
        let keys = ResponseKeys::from_hex([key.as_str()]).unwrap();
        Environment::custom(&format!("http://{}/v2", self.address), keys).unwrap()
    }

    /// Signs with the key of every test, and tells the server of each attempt, also of one that
    /// never gets as far as a connection.
    pub(crate) fn signer(&self) -> CountingSigner {
        CountingSigner {
            signer: Ed25519Signer::from_hex(client::SEED).unwrap(),
            shared: Arc::clone(&self.shared),
        }
    }

    /// How many attempts were signed.
    pub(crate) fn attempts(&self) -> usize {
        self.shared.attempts.load(Ordering::SeqCst)
    }

    /// How many requests came, those that were not read included.
    pub(crate) fn begun(&self) -> usize {
        self.shared.begun.load(Ordering::SeqCst)
    }

    /// Every request that was read, as the bytes that came over the socket.
    pub(crate) fn received(&self) -> Vec<Vec<u8>> {
        self.shared.received.lock().unwrap().clone()
    }

    /// The body that the current attempt is answered with.
    pub(crate) fn last_body(&self) -> Option<Vec<u8>> {
        self.shared.steps().iter().find_map(|step| match step {
            Step::Answer(answer) => Some(answer.body()),
            _ => None,
        })
    }

    /// Whether anybody has been at the other origin.
    pub(crate) fn elsewhere_was_contacted(&self) -> bool {
        match self.elsewhere.accept() {
            Ok(_) => true,
            Err(error) => {
                assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
                false
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nobody else is at it: an attempt holds the lock only while it is being signed.
        if let Ok(port) = self.shared.port.try_lock()
            && let Port::Open(task) = &*port
        {
            task.abort();
        }
    }
}

/// Is asked for a signature at the beginning of each attempt, before a connection is made.
pub(crate) struct CountingSigner {
    signer: Ed25519Signer,
    shared: Arc<Shared>,
}

impl std::fmt::Debug for CountingSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.signer.fmt(f)
    }
}

#[async_trait]
impl Signer for CountingSigner {
    fn public_key(&self) -> &PublicKey {
        self.signer.public_key()
    }

    async fn sign(&self, digest: &Digest) -> Result<Signature, SignerError> {
        self.shared.attempts.fetch_add(1, Ordering::SeqCst);
        Shared::make_ready(&self.shared).await;
        self.signer.sign(digest).await
    }
}

impl Shared {
    /// The steps of the current attempt.
    fn steps(&self) -> Steps {
        let attempt = self.attempts.load(Ordering::SeqCst).max(1);
        self.plan[attempt.min(self.plan.len()) - 1].clone()
    }

    /// Opens or closes the port, as the current attempt wants it.
    async fn make_ready(shared: &Arc<Self>) {
        let steps = shared.steps();
        let mut port = shared.port.lock().await;
        *port = match (std::mem::replace(&mut *port, Port::Gone), &steps[..]) {
            (Port::Silent(socket), [Step::Refuse]) => Port::Silent(socket),
            (Port::Open(task), [Step::Refuse]) => {
                task.abort();
                // The listener is gone when the task is.
                let _ = task.await;
                Port::Gone
            }
            (Port::Gone, [Step::Refuse]) => Port::Gone,
            (Port::Silent(socket), [Step::Ignore]) => Port::full(socket).await,
            (Port::Silent(socket), _) => {
                let listener = socket.listen(64).unwrap();
                Port::Open(tokio::spawn(accept(listener, Arc::clone(shared))))
            }
            (Port::Gone, _) => panic!("a port that was closed is not opened again"),
            (open, _) => open,
        };
    }
}

impl Port {
    /// Connects to a listener that takes nothing, until its queue is so full that nothing comes of
    /// a further connection.
    async fn full(socket: TcpSocket) -> Self {
        const PATIENCE: Duration = Duration::from_millis(100);
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut queued = Vec::new();
        while let Ok(stream) = timeout(PATIENCE, TcpStream::connect(address)).await {
            queued.push(stream.unwrap());
        }
        Self::Full {
            _listener: listener,
            _queued: queued,
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Dropped, and its connections with it, when this task is aborted.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).unwrap();
        connections.spawn(serve(stream, Arc::clone(&shared)));
    }
}

/// Plays the steps of one attempt after the other, as long as the connection lasts.
async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let mut unread = Vec::new();
    loop {
        // Which attempt a connection is for shows with the first byte: it may have been kept alive,
        // or made ahead of time.
        if shared.steps().first() != Some(&Step::Reset) {
            if unread.is_empty() && begun(&stream).await.is_err() {
                return;
            }
            shared.begun.fetch_add(1, Ordering::SeqCst);
        }
        for step in shared.steps() {
            if play(step, &mut stream, &mut unread, &shared).await.is_err() {
                return;
            }
        }
    }
}

/// Waits for a byte to be there, and leaves it there.
async fn begun(stream: &TcpStream) -> Result<(), Ended> {
    match stream.peek(&mut [0]).await {
        Ok(1..) => Ok(()),
        _ => Err(Ended),
    }
}

/// The connection is at its end.
struct Ended;

async fn play(
    step: Step,
    stream: &mut TcpStream,
    unread: &mut Vec<u8>,
    shared: &Shared,
) -> Result<(), Ended> {
    match step {
        Step::Refuse | Step::Ignore => panic!("there is a connection, and there should be none"),
        Step::Await => begun(stream).await,
        Step::Read => {
            let request = read(stream, unread).await.ok_or(Ended)?;
            shared.received.lock().unwrap().push(request);
            Ok(())
        }
        Step::Answer(answer) => {
            let bytes = answer.to_bytes(&shared.elsewhere);
            let Some(pause) = answer.drip_ms else {
                return stream.write_all(&bytes).await.map_err(|_| Ended);
            };
            for byte in bytes {
                stream.write_all(&[byte]).await.map_err(|_| Ended)?;
                sleep(Duration::from_millis(pause)).await;
            }
            Ok(())
        }
        Step::Raw(raw) => loop {
            let sent = stream.write_all(raw.text.as_bytes()).await;
            sent.map_err(|_| Ended)?;
            if let Some(pause) = raw.pause_ms {
                sleep(Duration::from_millis(pause)).await;
            }
            if !raw.endless {
                return Ok(());
            }
        },
        Step::WaitMs(pause) => {
            sleep(Duration::from_millis(pause)).await;
            Ok(())
        }
        Step::Stall => {
            let mut rest = [0; 1024];
            while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {}
            Err(Ended)
        }
        Step::Close => Err(Ended),
        Step::Reset => {
            stream.set_zero_linger().unwrap();
            Err(Ended)
        }
    }
}

/// The next request of a connection, whole.
async fn read(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Option<Vec<u8>> {
    loop {
        if let Some(length) = canned::request_length(unread) {
            return Some(unread.drain(..length).collect());
        }
        if stream.read_buf(unread).await.ok()? == 0 {
            return None;
        }
    }
}

impl Answer {
    fn body(&self) -> Vec<u8> {
        match &self.body_hex {
            Some(hex) => hex::decode(hex).unwrap(),
            None => self.body.clone().into_bytes(),
        }
    }

    fn to_bytes(&self, elsewhere: &str) -> Vec<u8> {
        let body = self.body();
        let mut head = format!("HTTP/1.1 {}\r\n", self.status);
        for header in &self.headers {
            head += &header.replace("{elsewhere}", elsewhere);
            head += "\r\n";
        }
        head += &self.signed.headers(&body);
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
    /// The header lines of a signature.
    fn headers(&self, body: &[u8]) -> String {
        const TIMESTAMP: &str = "1718587017026";
        let by = |key: &SigningKey, body: &[u8]| {
            let digest = double_sha256([body, b"|", TIMESTAMP.as_bytes()]);
            hex::encode(key.sign(&digest).to_bytes())
        };
        let ours = canned::response_key();
        let timestamp = format!("biz-timestamp: {TIMESTAMP}\r\n");
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
