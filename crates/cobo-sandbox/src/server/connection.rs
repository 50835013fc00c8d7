//! Connections that the sandbox can close at any moment, instead of sending an answer.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// Accepts connections as [`Connection`]s.
pub(crate) struct Listener(TcpListener);

/// A connection whose reads and writes fail once its [`Closer`] was used.
pub(crate) struct Connection {
    stream: TcpStream,
    closer: Closer,
}

/// Closes one connection.
#[derive(Clone, Default)]
pub(crate) struct Closer(Arc<Closing>);

#[derive(Default)]
struct Closing {
    closed: AtomicBool,
    /// Whether the connection is closed with a TCP reset.
    resets: AtomicBool,
}

impl Listener {
    pub(crate) fn new(listener: TcpListener) -> Self {
        Self(listener)
    }
}

impl axum::serve::Listener for Listener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, address) = axum::serve::Listener::accept(&mut self.0).await;
        // A failure costs only speed.
        let _ = stream.set_nodelay(true);
        let closer = Closer::default();
        (Connection { stream, closer }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Listener>> for Closer {
    fn connect_info(stream: IncomingStream<'_, Listener>) -> Self {
        stream.io().closer.clone()
    }
}

impl Closer {
    /// Makes every later read and write of the connection fail. The server then closes it, with a reset if `resets`.
    pub(crate) fn close(&self, resets: bool) {
        self.0.resets.store(resets, Ordering::Release);
        self.0.closed.store(true, Ordering::Release);
    }
}

impl Connection {
    fn check(&self) -> io::Result<()> {
        if self.closer.0.closed.load(Ordering::Acquire) {
            if self.closer.0.resets.load(Ordering::Acquire) {
                // Closing the socket then sends a reset. A failure only makes it an ordinary close.
                let _ = self.stream.set_zero_linger();
            }
            return Err(io::Error::other("a script closed the connection"));
        }
        Ok(())
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.closer.0.resets.load(Ordering::Acquire) {
            // An orderly shutdown would come before the reset.
            return Poll::Ready(self.check());
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
