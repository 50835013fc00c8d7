//! A sandbox starts on a free port of this machine, and stops.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use cobo_sandbox::{DEMO_ORG_ID, Sandbox, StartError};
use support::*;
use tokio::net::{TcpListener, TcpStream};

#[tokio::test]
async fn base_url_has_v2_and_no_final_slash() {
    let sandbox = Sandbox::start().await.unwrap();
    assert!(sandbox.address().ip().is_loopback());
    assert_eq!(
        sandbox.base_url(),
        format!("http://{}/v2", sandbox.address())
    );
}

#[tokio::test]
async fn concurrent_sandboxes_do_not_share_tokens() {
    let one = Sandbox::start().await.unwrap();
    let other = Sandbox::start().await.unwrap();
    let (access, _) = pair(&one).await;
    info(&one, &access).await.assert_ok(200);
    info(&other, &access).await.assert_api_error(500, 1000);
}

#[tokio::test]
async fn non_loopback_listen_address_is_refused_unless_allowed() {
    let everywhere = "0.0.0.0:0".parse().unwrap();
    let refused = Sandbox::builder().listen(everywhere).start().await;
    assert!(matches!(refused, Err(StartError::Remote(address)) if address == everywhere));
    let builder = Sandbox::builder().listen(everywhere).allow_remote(true);
    builder.start().await.unwrap();
}

#[tokio::test]
async fn listen_address_in_use_is_an_error_with_the_address() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let error = Sandbox::builder()
        .listen(address)
        .start()
        .await
        .unwrap_err();
    assert!(error.to_string().contains(&address.to_string()), "{error}");
}

#[tokio::test]
async fn connection_after_shutdown_is_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    let address = sandbox.address();
    // An idle connection does not hold it up.
    let idle = TcpStream::connect(address).await.unwrap();
    get_token(&sandbox, DEMO_ORG_ID).await.assert_ok(200);
    sandbox.shutdown().await;
    assert!(TcpStream::connect(address).await.is_err());
    drop(idle);
}

#[tokio::test]
async fn dropping_the_handle_stops_the_sandbox() {
    let sandbox = Sandbox::start().await.unwrap();
    let address = sandbox.address();
    drop(sandbox);
    let gone = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), gone)
        .await
        .unwrap();
}
