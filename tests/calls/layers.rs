//! Layers of the crate `tower` around calls: they see a call once, before it is signed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cobo_auth::{
    Body, Client, Error, ErrorKind, FixedToken, Request, RequestService, Response, RetryPolicy,
};
use cobo_oauth::{OAuthClient, models};
use cobo_tests::canned::{self, Canned};
use cobo_tests::client;
use cobo_tests::seen::{seen, signed_by_us};
use http::Method;
use tower::{Service, ServiceBuilder, ServiceExt};

async fn call<S, R>(service: &mut S, request: R) -> Result<Response<Body>, Error>
where
    S: Service<R, Response = Response<Body>, Error = Error>,
{
    service.ready().await.unwrap().call(request).await
}

fn on(server: &Canned) -> Client {
    client::builder(server.environment())
        .retry(RetryPolicy::standard().base_delay(Duration::from_millis(1)))
        .build()
        .unwrap()
}

#[tokio::test]
async fn layer_sees_one_call_for_all_of_its_attempts() {
    let unavailable = canned::plain("503 Service Unavailable", "", "");
    let ok = canned::signed("200 OK", "{}");
    let server = Canned::start([unavailable.clone(), unavailable, ok]).await;
    let calls = Arc::new(Mutex::new(0));
    let counter = Arc::clone(&calls);
    let mut service = ServiceBuilder::new()
        .concurrency_limit(1)
        .map_request(move |request: Request| {
            *counter.lock().unwrap() += 1;
            request
        })
        .service(RequestService);
    let request = on(&server).request(Method::GET, "/x");
    call(&mut service, request).await.unwrap();
    assert_eq!(server.received().len(), 3);
    assert_eq!(*calls.lock().unwrap(), 1);
}

#[tokio::test]
async fn change_by_a_layer_is_signed_and_no_layer_sees_the_signature_or_the_token() {
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let shown = Arc::new(Mutex::new(String::new()));
    let copy = Arc::clone(&shown);
    let mut service = ServiceBuilder::new()
        .map_request(move |request: Request| {
            *copy.lock().unwrap() = format!("{request:?}");
            request.query("layer", "added")
        })
        .map_response(|response: Response<Body>| response)
        .service(RequestService);
    let credential = FixedToken::new("hunter2-token").unwrap();
    let request = on(&server).with_credential(credential);
    let request = request.request(Method::GET, "/x").query("b", 1);
    call(&mut service, request).await.unwrap();

    let seen = seen(&server.received()[0]);
    assert_eq!(seen.target, "/v2/x?b=1&layer=added");
    signed_by_us(&seen);
    let shown = shown.lock().unwrap();
    assert_eq!(*shown, "Request { request: \"GET /x\", .. }");
}

#[tokio::test]
async fn request_of_a_generated_client_goes_through_layers() {
    let token = r#"{"access_token":"a","refresh_token":"r","expires_in":7}"#;
    let server = Canned::start([canned::signed("200 OK", token)]).await;
    let oauth = OAuthClient::new(on(&server));
    let mut service = ServiceBuilder::new()
        .concurrency_limit(1)
        .service(RequestService);
    let body = models::RefreshTokenRequest::builder()
        .client_id("c")
        .grant_type("refresh_token")
        .refresh_token("r");
    let request: Request<_> = oauth.refresh_token().refresh_token_request(body).into();
    let response = call(&mut service, request).await.unwrap();
    let token: serde_json::Value = response.json().unwrap();
    assert_eq!(token["expires_in"], 7);

    // Missing fields are reported as without layers.
    let request: Request = oauth.get_token().into();
    let error = call(&mut service, request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert_eq!(server.received().len(), 1);
}
