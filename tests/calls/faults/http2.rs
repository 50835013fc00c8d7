//! Plays the steps of an attempt over HTTP/2. Each request is a stream of one connection.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::{Bytes, BytesMut};
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use http::{Request, Response};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::server::Shared;
use super::step::{Step, StreamReason};

/// Serves a connection. Each request is answered in its own task, because the connection's frames
/// are read and written only while the next request is awaited.
pub(crate) async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let Ok(mut connection) = h2::server::handshake(stream).await else {
        return;
    };
    let (go_away, mut going_away) = unbounded_channel();
    loop {
        tokio::select! {
            request = connection.accept() => {
                let Some(Ok((request, respond))) = request else { return };
                shared.begun.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(answer(request, respond, Arc::clone(&shared), go_away.clone()));
            }
            Some(()) = going_away.recv() => connection.abrupt_shutdown(Reason::NO_ERROR),
        }
    }
}

async fn answer(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    shared: Arc<Shared>,
    go_away: UnboundedSender<()>,
) {
    let mut request = Some(request);
    for step in shared.steps() {
        match step {
            Step::Read => {
                let Some(request) = read(request.take().unwrap()).await else {
                    return;
                };
                shared.received.lock().unwrap().push(request);
            }
            Step::Answer(answer) => send(&answer.to_bytes(&shared.elsewhere), &mut respond),
            Step::ResetStream(reason) => respond.send_reset(match reason {
                StreamReason::RefusedStream => Reason::REFUSED_STREAM,
                StreamReason::InternalError => Reason::INTERNAL_ERROR,
            }),
            Step::GoAway => go_away.send(()).unwrap(),
            Step::Stall => std::future::pending().await,
            other => panic!("not a step of HTTP/2: {other:?}"),
        }
    }
}

/// Reads a request and writes it in the form of HTTP/1.1.
async fn read(request: Request<RecvStream>) -> Option<Vec<u8>> {
    let (head, mut stream) = request.into_parts();
    let mut body = BytesMut::new();
    while let Some(data) = stream.data().await {
        let data = data.ok()?;
        stream.flow_control().release_capacity(data.len()).unwrap();
        body.extend_from_slice(&data);
    }
    let target = head.uri.path_and_query().unwrap();
    let mut bytes = format!("{} {target} HTTP/2\r\n", head.method).into_bytes();
    for (name, value) in &head.headers {
        bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(&body);
    Some(bytes)
}

/// Sends a response that is given in the form of HTTP/1.1.
fn send(answer: &[u8], respond: &mut SendResponse<Bytes>) {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.unwrap();
    let mut lines = std::str::from_utf8(&answer[..end]).unwrap().split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap();
    let mut response = Response::builder().status(status);
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        response = response.header(name, value);
    }
    // A disconnected client is not a test failure.
    if let Ok(mut stream) = respond.send_response(response.body(()).unwrap(), false) {
        let _ = stream.send_data(Bytes::copy_from_slice(&answer[end + 4..]), true);
    }
}
