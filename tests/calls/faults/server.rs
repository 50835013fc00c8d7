//! A server on loopback that fails as instructed, attempt by attempt.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use cobo_auth::{Digest, Ed25519Signer, Environment, PublicKey, Signature, Signer, SignerError};
use cobo_tests::{canned, client};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

use super::http2;
use super::step::{Step, Steps};

/// Runs until it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    elsewhere: std::net::TcpListener,
}

pub(crate) struct Shared {
    http2: bool,
    /// The steps for each attempt; the last entry is repeated.
    plan: Vec<Steps>,
    attempts: AtomicUsize,
    pub(crate) begun: AtomicUsize,
    pub(crate) received: Mutex<Vec<Vec<u8>>>,
    port: tokio::sync::Mutex<Port>,
    pub(crate) elsewhere: String,
}

/// The state of the server's port.
enum Port {
    /// The port is reserved, but nothing listens.
    Silent(TcpSocket),
    /// Connections are accepted and served.
    Open(JoinHandle<()>),
    /// The listener's queue is full of these connections, and none is accepted.
    Full {
        _listener: TcpListener,
        _queued: Vec<TcpStream>,
    },
    /// Nothing listens any more.
    Gone,
}

impl Server {
    /// Starts a server that speaks HTTP/1.1 or HTTP/2.
    pub(crate) fn start(plan: Vec<Steps>, http2: bool) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let address = socket.local_addr().unwrap();
        let elsewhere = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        elsewhere.set_nonblocking(true).unwrap();
        let shared = Shared {
            http2,
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

    /// An environment for this server, whose responses are signed. Its path is new: clients with the same key
    /// and URL share what they know about nonces, and a port may have been that of another test's server.
    pub(crate) fn environment(&self) -> Environment {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let keys = canned::response_keys();
        Environment::custom(&format!("http://{}/{number}/v2", self.address), keys).unwrap()
    }

    /// A signer with the tests' key that reports each attempt to the server, including attempts
    /// that never reach a connection.
    pub(crate) fn signer(&self) -> CountingSigner {
        CountingSigner {
            signer: Ed25519Signer::from_hex(client::SEED).unwrap(),
            shared: Arc::clone(&self.shared),
        }
    }

    /// The number of attempts that were signed.
    pub(crate) fn attempts(&self) -> usize {
        self.shared.attempts.load(Ordering::SeqCst)
    }

    /// The number of requests that arrived, including unread ones.
    pub(crate) fn begun(&self) -> usize {
        self.shared.begun.load(Ordering::SeqCst)
    }

    /// The raw bytes of every request that was read.
    pub(crate) fn received(&self) -> Vec<Vec<u8>> {
        self.shared.received.lock().unwrap().clone()
    }

    /// The response body of the current attempt.
    pub(crate) fn last_body(&self) -> Option<Vec<u8>> {
        self.shared.steps().iter().find_map(|step| match step {
            Step::Answer(answer) => Some(answer.body()),
            _ => None,
        })
    }

    /// Whether the other origin was contacted.
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
        // The lock is free here, because an attempt holds it only while it is signed.
        if let Ok(port) = self.shared.port.try_lock()
            && let Port::Open(task) = &*port
        {
            task.abort();
        }
    }
}

/// Called to sign at the beginning of each attempt, before a connection is made.
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
    pub(crate) fn steps(&self) -> Steps {
        let attempt = self.attempts.load(Ordering::SeqCst).max(1);
        self.plan[attempt.min(self.plan.len()) - 1].clone()
    }

    /// Opens or closes the port, as the current attempt requires.
    async fn make_ready(shared: &Arc<Self>) {
        let steps = shared.steps();
        let mut port = shared.port.lock().await;
        *port = match (std::mem::replace(&mut *port, Port::Gone), &steps[..]) {
            (Port::Silent(socket), [Step::Refuse]) => Port::Silent(socket),
            (Port::Open(task), [Step::Refuse]) => {
                task.abort();
                // The listener is closed when the task ends.
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
    /// Fills the queue of a listener that accepts nothing, until further connections fail.
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
    // Aborting this task drops its connections.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).unwrap();
        let shared = Arc::clone(&shared);
        if shared.http2 {
            connections.spawn(http2::serve(stream, shared));
        } else {
            connections.spawn(serve(stream, shared));
        }
    }
}

/// Plays the steps of one attempt after another until the connection ends.
async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let mut unread = Vec::new();
    loop {
        // The attempt that uses a connection is known only at its first byte: the connection may
        // have been kept alive or opened ahead of time.
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

/// Waits until a byte can be read, without reading it.
async fn begun(stream: &TcpStream) -> Result<(), Ended> {
    match stream.peek(&mut [0]).await {
        Ok(1..) => Ok(()),
        _ => Err(Ended),
    }
}

/// The connection has ended.
struct Ended;

async fn play(
    step: Step,
    stream: &mut TcpStream,
    unread: &mut Vec<u8>,
    shared: &Shared,
) -> Result<(), Ended> {
    match step {
        Step::Refuse | Step::Ignore => panic!("there is a connection, and there should be none"),
        Step::ResetStream(_) | Step::GoAway => panic!("a step of HTTP/2"),
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

/// Reads the next complete request of a connection.
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
