//! Connections of a client: it accepts only trusted certificates, uses no proxy for loopback, and
//! respects the default timeouts.

use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::Duration;

use cobo_auth::{Client, Environment, Error, ErrorKind, HttpOptions, ResponseKeys};
use cobo_tests::canned::{self, Canned};
use cobo_tests::certificates::Authority;
use cobo_tests::client;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::https::{Https, call};
use crate::options::Silent;

#[tokio::test]
async fn certificate_of_an_untrusted_authority_is_refused() {
    let (ours, others) = (Authority::new(), Authority::new());
    let server = Https::start(&ours.certificate(&["localhost"])).await;
    server.assert_refused(server.call(&[]).await);
    server.assert_refused(server.call(&[&others]).await);
}

#[tokio::test]
async fn certificate_for_another_name_is_refused() {
    let ours = Authority::new();
    let server = Https::start(&ours.certificate(&["cobo.example", "127.0.0.2"])).await;
    server.assert_refused(server.call(&[&ours]).await);
}

#[tokio::test]
async fn certificate_of_an_authority_given_to_the_http_client_is_accepted() {
    let ours = Authority::new();
    let server = Https::start(&ours.certificate(&["localhost"])).await;
    server.call(&[&ours]).await.unwrap();
    assert_eq!(server.received.load(Ordering::SeqCst), 1);
}

#[test]
fn host_name_similar_to_loopback_is_rejected_without_tls() {
    for host in [
        "evillocalhost",
        "localhost.example",
        "localhost-example",
        "127.0.0.1.example",
        "127.example",
    ] {
        let base_url = format!("http://{host}/v2");
        let environment = Environment::custom(&base_url, ResponseKeys::unverified()).unwrap();
        let error = client::builder(environment).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{host}");
    }
}

/// The proxy is set in the environment, which belongs to the whole process. So a second process,
/// which also runs this test, makes the calls.
#[tokio::test]
async fn proxy_of_the_environment_is_not_used_for_loopback() {
    const NAME: &str = "connecting::proxy_of_the_environment_is_not_used_for_loopback";
    const PORT: &str = "COBO_TEST_PORT";
    if let Ok(port) = std::env::var(PORT) {
        for host in ["127.0.0.1", "localhost"] {
            let environment =
                Environment::custom(&format!("http://{host}:{port}/v2"), canned::response_keys())
                    .unwrap();
            let client = client::builder(environment).build().unwrap();
            call(&client).await.unwrap();
        }
        let environment =
            Environment::custom("http://cobo.example/v2", canned::response_keys()).unwrap();
        let client = client::builder(environment).danger_allow_plain_http();
        call(&client.build().unwrap()).await.unwrap();
        return;
    }
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let proxy = Canned::start([canned::signed("200 OK", "{}")]).await;
    let proxy_url = proxy.base_url().trim_end_matches("/v2").to_owned();
    let (_, port) = server
        .base_url()
        .trim_end_matches("/v2")
        .rsplit_once(':')
        .unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", NAME]).env(PORT, port);
    for variable in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env(variable, &proxy_url);
    }
    command.env_remove("no_proxy").env_remove("NO_PROXY");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    assert!(output.status.success(), "{output:?}");

    assert_eq!(server.received().len(), 2);
    let proxied = proxy.received();
    assert_eq!(proxied.len(), 1, "only the call to another machine");
    assert!(proxied[0].starts_with(b"POST http://cobo.example/v2/x "));
}

/// The time until a call fails with a timeout, in seconds of paused time. Paused time advances when
/// all tasks wait. The call is abandoned after one hour.
async fn seconds_until_timeout(client: &Client) -> (u64, Error) {
    let begun = Instant::now();
    let hour = Duration::from_secs(3_600);
    let result = tokio::time::timeout(hour, call(client)).await.unwrap();
    let error = result.unwrap_err();
    (begun.elapsed().as_secs(), error)
}

#[tokio::test]
async fn request_without_a_response_times_out_after_thirty_seconds() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v2", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while canned::request_length(&request).is_none() {
            stream.read_buf(&mut request).await.unwrap();
        }
        let answer = canned::signed("200 OK", "{}");
        stream.write_all(&answer).await.unwrap();
        std::future::pending::<()>().await;
    });
    let environment = Environment::custom(&base_url, ResponseKeys::unverified()).unwrap();
    let client = client::builder(environment).build().unwrap();
    // Open the connection before time is paused.
    call(&client).await.unwrap();
    tokio::time::pause();
    let (seconds, error) = seconds_until_timeout(&client).await;
    assert_eq!((seconds, error.kind()), (30, ErrorKind::Timeout));
    server.abort();
}

#[tokio::test(start_paused = true)]
async fn connection_attempt_times_out_after_ten_seconds() {
    let keys = ResponseKeys::unverified();
    let environment = Environment::custom("https://cobo.example/v2", keys).unwrap();
    let client = client::builder(environment)
        .http(HttpOptions::new().no_proxy().resolver(Silent))
        .build()
        .unwrap();
    let (seconds, error) = seconds_until_timeout(&client).await;
    assert_eq!((seconds, error.kind()), (10, ErrorKind::Connect));
}
