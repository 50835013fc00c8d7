//! Handles requests: reads, checks, answers, records, and signs the response.

mod connection;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{ConnectInfo, Request, State as Shared};
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, request};
use tokio::net::TcpListener;

use crate::endpoint;
use crate::lock::lock;
use crate::reply::{self, Failure, Fault, Reply};
use crate::signature::{RequestParts, response_headers, split};
use crate::spec::Form;
use crate::state::{ReceivedRequest, State};
use connection::{Closer, Listener};

/// The largest request body that is accepted, in bytes.
const BODY_LIMIT: usize = 1024 * 1024;
/// How many bytes of a larger body are read and discarded. Most clients read the response only after they have sent the
/// whole body.
const DRAIN_LIMIT: usize = 16 * BODY_LIMIT;

/// Serves until `stop` completes, and then finishes the requests in flight.
pub(crate) async fn serve(
    listener: TcpListener,
    state: Arc<State>,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    // One handler for every path and method, so that the router itself never sends an unsigned response.
    let app = Router::new().fallback(handle).with_state(state);
    let app = app.into_make_service_with_connect_info::<Closer>();
    let served = axum::serve(Listener::new(listener), app).with_graceful_shutdown(stop);
    if let Err(error) = served.await {
        tracing::error!(%error, "the server ended");
    }
}

async fn handle(
    Shared(state): Shared<Arc<State>>,
    ConnectInfo(connection): ConnectInfo<Closer>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let target = head.uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let (body, unread) = match read(body).await {
        Ok(body) => (body, None),
        Err(failure) => (Bytes::new(), Some(failure)),
    };
    let parts = RequestParts {
        method: head.method.as_str(),
        target,
        headers: &head.headers,
        body: &body,
    };

    let (accepted, answer) = match unread {
        Some(failure) => (false, Err(failure)),
        None => {
            let form = match state.documents {
                Some(_) => Form::read(&head.headers, &body).await,
                None => None,
            };
            answer(&state, &parts, form.as_ref())
        }
    };
    let error = answer.as_ref().err().map(Failure::label);
    let reply = answer.unwrap_or_else(|failure| failure.into_reply(&state.errors.next()));
    tracing::info!(
        method = parts.method,
        path = split(target).0,
        accepted,
        status = reply.status.as_u16(),
        error,
        "answered"
    );
    lock(&state.received).push(received(&head, target, &body, accepted, &reply));
    if !reply.delivery.delay.is_zero() {
        tokio::time::sleep(reply.delivery.delay).await;
    }
    let fault = reply.delivery.fault;
    let (response, body) = signed(&state, &head.method, reply);
    match fault {
        None => response.map(|()| Body::from(body)),
        Some(Fault::Torn) if !body.is_empty() => torn(response, body),
        Some(fault) => {
            connection.close(fault == Fault::Reset);
            response.map(|()| Body::empty())
        }
    }
}

/// A response whose body ends after its first half.
fn torn(mut response: Response<()>, body: String) -> Response {
    let length = body.len();
    response.headers_mut().insert(CONTENT_LENGTH, length.into());
    let half = Bytes::from(body).slice(..length / 2);
    let error = stream::once(async {
        // The server flushes its buffer when the body is pending, but not when the body fails.
        tokio::task::yield_now().await;
        Err(std::io::Error::other("a script ends the body here"))
    });
    let body = stream::once(async { Ok(half) }).chain(error);
    response.map(|()| Body::from_stream(body))
}

/// Returns whether the request was accepted, and the reply.
fn answer(
    state: &State,
    request: &RequestParts<'_>,
    form: Option<&Form>,
) -> (bool, Result<Reply, Failure>) {
    if let Some(answer) = endpoint::answer_public(state, request) {
        return (true, answer);
    }
    match state.admit(request) {
        Ok((key, caller)) => (true, endpoint::answer(state, &key, &caller, request, form)),
        Err(refusal) => (false, Err(Failure::unauthenticated(refusal.to_string()))),
    }
}

/// Reads the raw bytes of a body.
async fn read(mut body: Body) -> Result<Bytes, Failure> {
    let mut bytes = BytesMut::new();
    let mut length = 0;
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = frame.map_err(|_| Failure::body_unreadable())?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        length += data.len();
        if length <= BODY_LIMIT {
            bytes.extend_from_slice(&data);
        } else if length > DRAIN_LIMIT {
            break;
        }
    }
    if length > BODY_LIMIT {
        return Err(Failure::body_too_large(BODY_LIMIT));
    }
    Ok(bytes.freeze())
}

fn received(
    head: &request::Parts,
    target: &str,
    body: &Bytes,
    accepted: bool,
    reply: &Reply,
) -> ReceivedRequest {
    let nonce = head.headers.get("biz-api-nonce");
    ReceivedRequest {
        method: head.method.clone(),
        target: target.to_owned(),
        headers: head.headers.clone(),
        body: body.clone(),
        nonce: nonce.and_then(|nonce| nonce.to_str().ok().map(str::to_owned)),
        accepted,
        status: reply.status,
    }
}

/// Signs a reply. Returns the head of the response, and its body.
fn signed(state: &State, method: &Method, reply: Reply) -> (Response<()>, String) {
    let content_type = match &reply.body {
        reply::Body::Empty => None,
        reply::Body::Json(_) => Some("application/json"),
        reply::Body::Text(_) => Some("text/plain"),
    };
    // The signature covers the body that arrives, and a response to HEAD has none.
    let body = match reply.body {
        reply::Body::Json(value) if method != Method::HEAD => value.to_string(),
        reply::Body::Text(text) if method != Method::HEAD => text,
        _ => String::new(),
    };

    let mut response = Response::new(());
    *response.status_mut() = reply.status;
    let headers = response.headers_mut();
    if let Some(content_type) = content_type {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if !reply.delivery.unsigned {
        let timestamp = reply.delivery.timestamp;
        let timestamp = timestamp.unwrap_or_else(|| state.clock.now_ms());
        let signature = state
            .response_key
            .sign(body.as_bytes(), &timestamp.to_string());
        // Hex is always a valid header value.
        if let Ok(signature) = HeaderValue::try_from(signature) {
            headers.extend(response_headers(&timestamp.into(), &signature));
        }
    }
    headers.extend(reply.headers);
    (response, body)
}
