//! A small HTTP client: one POST, without TLS, redirects or proxies.

use axum::body::Body;
use bytes::Bytes;
use http::header::{CONNECTION, HOST};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::outbound::Target;

/// The largest answer that is read, in bytes.
const ANSWER_LIMIT: usize = 64 * 1024;

/// Posts a body, and returns the status and the body of the answer, or the reason why no answer arrived.
pub(super) async fn post(
    target: &Target,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Bytes), String> {
    let address = (target.host.as_str(), target.port);
    let stream = TcpStream::connect(address).await;
    let stream = stream.map_err(|error| format!("cannot connect: {error}"))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let mut request = Request::post(&target.path_and_query).body(Body::from(body));
    if let Ok(request) = &mut request {
        let host = HeaderValue::from_str(&target.authority);
        let host = host.map_err(|error| error.to_string())?;
        request.headers_mut().extend(headers.clone());
        request.headers_mut().insert(HOST, host);
        let close = HeaderValue::from_static("close");
        request.headers_mut().insert(CONNECTION, close);
    }
    let request = request.map_err(|error| error.to_string())?;
    let exchange = async move {
        let response = sender.send_request(request).await.map_err(broken)?;
        let status = response.status();
        let body = axum::body::to_bytes(Body::new(response.into_body()), ANSWER_LIMIT).await;
        body.map(|body| (status, body)).map_err(broken)
    };
    // The connection ends after the exchange, which owns the sender.
    let (answer, _) = futures_util::future::join(exchange, connection).await;
    answer
}

fn broken(error: impl std::fmt::Display) -> String {
    format!("no complete answer: {error}")
}
