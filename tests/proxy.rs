//! Something between clients and a server, which loses an answer when it hurts most.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Passes on what is said between clients and a server on this machine.
#[derive(Debug)]
pub struct Proxy {
    listener: Option<TcpListener>,
    port: u16,
    server: Arc<AtomicU16>,
    loss: Arc<Mutex<Loss>>,
    accepting: JoinSet<()>,
}

/// The answer that is lost: to the first request with this in it.
#[derive(Debug, Default)]
struct Loss {
    request: Option<&'static str>,
    lost: bool,
    /// What such requests are answered with after that; they are passed on where there is nothing.
    then: Option<&'static str>,
}

enum Fate {
    PassedOn,
    CarriedOutUnanswered,
    Answered(&'static str),
}

impl Proxy {
    /// A proxy that has a port, and leads nowhere yet.
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

    /// Leads new connections to the server on that port from now on, until it is dropped. Those that
    /// are there stay where they are.
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

    /// The first request with this in it is carried out, and in the place of an answer its
    /// connection is closed. If something is to be said `then`, further ones are answered with that
    /// and not passed on.
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
