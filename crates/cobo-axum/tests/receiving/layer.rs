//! The tower layer, on a server of hyper without axum.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use axum::body::Body as ResponseBody;
use cobo_auth::{Body, Verified};
use cobo_axum::VerifyLayer;
use cobo_waas2::webhooks::Event;
use http::{Request, Response};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::sync::mpsc;
use tower_layer::Layer as _;
use tower_service::Service;

use crate::support::{self, event, report, send, signed, values, verifier};

/// Reports the path and the ID of each event, and answers with the ID.
#[derive(Clone)]
pub(crate) struct Reporting(pub(crate) mpsc::UnboundedSender<String>);

impl Service<Request<Verified<Body>>> for Reporting {
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Verified<Body>>) -> Self::Future {
        let path = request.uri().path();
        let event = request.body().parse::<Event>().unwrap();
        let id = event.event_id.clone().unwrap();
        self.0.send(format!("{path} {id}")).unwrap();
        ready(Ok(Response::new(id.into())))
    }
}

#[tokio::test]
async fn tower_layer_passes_only_verified_requests_to_the_inner_service() {
    let (seen, mut handled) = report();
    let layer = VerifyLayer::new(verifier().with_max_body_bytes(1_000));
    let service = TowerToHyperService::new(layer.layer(Reporting(seen)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let server = hyper::server::conn::http1::Builder::new();
            tokio::spawn(server.serve_connection(TokioIo::new(stream), service.clone()));
        }
    });
    let answer = |status: u16, text: &str| (status, text.to_owned());

    assert_eq!(send(signed(&url, &event("e-1"))).await, answer(200, "e-1"));
    assert_eq!(handled.recv().await.unwrap(), "/hook e-1");

    let unsigned = support::http().post(&url).body(event("e-2"));
    let response = unsigned.send().await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(values(&response, "www-authenticate"), ["Cobo-Signature"]);
    assert_eq!(
        values(&response, "content-type"),
        ["text/plain; charset=utf-8"]
    );
    assert_eq!(response.text().await.unwrap(), "not signed");
    let tampered = signed(&url, &event("e-2")).body(event("e-3"));
    assert_eq!(send(tampered).await, answer(401, "wrong signature"));
    let large = vec![b' '; 1_001];
    assert_eq!(
        send(signed(&url, &large)).await,
        answer(413, "body too large")
    );
    let gzip = signed(&url, &event("e-2")).header("content-encoding", "gzip");
    assert_eq!(send(gzip).await.0, 400);
    assert!(handled.try_recv().is_err());
}
