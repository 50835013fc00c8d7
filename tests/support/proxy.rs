//! A proxy between clients and a server that can lose a response.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Forwards traffic between clients and a server on this machine.
#[derive(Debug)]
pub struct Proxy {
    listener: Option<TcpListener>,
    port: u16,
    server: Arc<AtomicU16>,
    loss: Arc<Mutex<Loss>>,
    accepting: JoinSet<()>,
}

/// The response to lose: that of the first request that contains this text.
#[derive(Debug, Default)]
struct Loss {
    request: Option<&'static str>,
    lost: bool,
    /// The response to later requests that contain the text. `None`: they are forwarded.
    then: Option<&'static str>,
}

enum Fate {
    PassedOn,
    CarriedOutUnanswered,
    Answered(&'static str),
}

impl Proxy {
    /// Opens a proxy that has a port, but no server yet.
    pub async fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        Self {
            port: listener.local_addr().unwrap().port(),
            listener: Some(listener),
            server: Arc::default(),
            loss: Arc::default(),
            accepting: JoinSet::new(),
        }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Forwards new connections to the server on that port until it is dropped. Existing connections are not changed.
    pub fn lead_to(&mut self, server: u16) {
        self.server.store(server, Ordering::SeqCst);
        let Some(listener) = self.listener.take() else {
            return;
        };
        let (server, loss) = (self.server.clone(), self.loss.clone());
        self.accepting.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = server.load(Ordering::SeqCst);
                let server = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await;
                connections.spawn(pass_on(client, server.unwrap(), loss.clone()));
            }
        });
    }

    /// Forwards the first request that contains this text, but closes its connection instead of returning the response.
    /// Later requests with the text get the response `then`, if given, and are not forwarded.
    pub fn lose_answer_to(&self, request: &'static str, then: Option<&'static str>) {
        *self.loss.lock().unwrap() = Loss {
            request: Some(request),
            lost: false,
            then,
        };
    }
}

impl Loss {
    fn of(&mut self, request: &[u8]) -> Fate {
        let text = String::from_utf8_lossy(request);
        if !self.request.is_some_and(|lost| text.contains(lost)) {
            return Fate::PassedOn;
        }
        if !std::mem::replace(&mut self.lost, true) {
            return Fate::CarriedOutUnanswered;
        }
        self.then.map_or(Fate::PassedOn, Fate::Answered)
    }
}

async fn pass_on(mut client: TcpStream, mut server: TcpStream, loss: Arc<Mutex<Loss>>) {
    let (mut request, mut answer) = ([0; 16 * 1024], [0; 16 * 1024]);
    let mut losing = false;
    loop {
        let passed_on = tokio::select! {
            read = client.read(&mut request) => {
                let Ok(read @ 1..) = read else { return };
                let request = &request[..read];
                let fate = loss.lock().unwrap().of(request);
                losing |= matches!(fate, Fate::CarriedOutUnanswered);
                match fate {
                    Fate::Answered(answer) => client.write_all(answer.as_bytes()).await,
                    _ => server.write_all(request).await,
                }
            }
            read = server.read(&mut answer) => {
                let Ok(read @ 1..) = read else { return };
                if losing {
                    return;
                }
                client.write_all(&answer[..read]).await
            }
        };
        if passed_on.is_err() {
            return;
        }
    }
}
