//! Layers of the crate `tower` around calls: limits, and a layer of your own.

#![allow(clippy::print_stdout)] // prints the result of each step

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cobo_auth::http::{Method, StatusCode};
use cobo_auth::{Body, Error, Request, RequestService, Response};
use cobo_oauth::{OAuthClient, TokenSource};
use cobo_sandbox::{Answer, DEMO_ORG_ID, Sandbox};
use tower::{Service, ServiceBuilder, ServiceExt};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::start().await?;
    let auth = cobo_examples::client(&sandbox)?;
    let oauth = OAuthClient::new(auth.clone());
    let tokens = TokenSource::new(oauth.clone(), sandbox.client_id());
    let client = auth.with_credential(tokens.credential(DEMO_ORG_ID));
    tokens.token(DEMO_ORG_ID).await?;

    // The first layer is the outermost one.
    let calls = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&calls);
    let mut service = ServiceBuilder::new()
        .rate_limit(10, Duration::from_secs(1))
        .concurrency_limit(4)
        .map_request(move |request: Request| {
            counter.fetch_add(1, Ordering::Relaxed);
            request
        })
        .service(RequestService);

    let unavailable = Answer::error(StatusCode::SERVICE_UNAVAILABLE, 2000);
    sandbox.script("get_org_info", [unavailable])?;
    let before = sandbox.received().len();
    let request = client.request(Method::GET, "/organizations/info");
    let response = call(&mut service, request).await?;
    println!("1. answered with {}", response.status());
    println!(
        "2. calls that the layers saw: {}, requests that were sent: {}",
        calls.load(Ordering::Relaxed),
        sandbox.received().len() - before
    );

    // A request of a generated client.
    let request = oauth
        .get_token()
        .client_id(sandbox.client_id())
        .org_id(DEMO_ORG_ID)
        .grant_type("org_implicit");
    let response = call(&mut service, request.into()).await?;
    let token: cobo_oauth::models::GetToken200Response = response.json()?;
    println!("3. got a token: {:?}", token.access_token);
    Ok(())
}

/// Waits until the layers let the request through, and sends it.
async fn call<S>(service: &mut S, request: Request) -> Result<Response<Body>, Error>
where
    S: Service<Request, Response = Response<Body>, Error = Error>,
{
    service.ready().await?.call(request).await
}
