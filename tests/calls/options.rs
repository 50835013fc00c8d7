//! Each option of the HTTP connections has its effect, and an invalid one is named.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::Duration;

use cobo_auth::{
    Client, ConnectOutcome, Environment, Error, ErrorKind, Execution, HttpOptions, Resolver,
    ResolverError, ResponseKeys,
};
use cobo_tests::canned::{self, Canned};
use cobo_tests::certificates::Authority;
use cobo_tests::client;
use cobo_tests::seen::seen;
use http::{HeaderValue, Method, header};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::https::{Https, call};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

pub(crate) fn build(base_url: &str, http: HttpOptions) -> Result<Client, Error> {
    let environment = Environment::custom(base_url, ResponseKeys::unverified()).unwrap();
    client::builder(environment)
        .http(http)
        .danger_allow_plain_http()
        .build()
}

/// A server, and its base URL with another host.
pub(crate) async fn server_named(host: &str) -> (Canned, String) {
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let url = server.base_url().replace("127.0.0.1", host);
    (server, url)
}

#[test]
fn invalid_option_is_named_and_its_value_is_not_shown() {
    let options = HttpOptions::new;
    let second = Duration::from_secs(1);
    let server = Authority::new().certificate(&["localhost"]);
    let other = Authority::new().certificate(&["localhost"]);
    let malformed = "-----BEGIN CERTIFICATE-----\nhunter2!\n-----END CERTIFICATE-----\n";
    for (option, why, http) in [
        ("timeout", "zero", options().timeout(Duration::ZERO)),
        (
            "connect_timeout",
            "zero",
            options().connect_timeout(Duration::ZERO),
        ),
        (
            "pool_idle_timeout",
            "zero",
            options().pool_idle_timeout(Duration::ZERO),
        ),
        (
            "tcp_keepalive",
            "zero",
            options().tcp_keepalive(Duration::ZERO),
        ),
        (
            "http2_keep_alive",
            "zero",
            options().http2_keep_alive(Duration::ZERO, second),
        ),
        (
            "http2_keep_alive",
            "zero",
            options().http2_keep_alive(second, Duration::ZERO),
        ),
        ("proxy", "not a URL", options().proxy("")),
        (
            "proxy",
            "not a URL",
            options().proxy("hunter2.example:3128"),
        ),
        (
            "proxy",
            "not a URL",
            options().proxy("socks5://hunter2.example"),
        ),
        (
            "proxy",
            "proxy_basic_auth",
            options().proxy("http://user:hunter2@proxy.example"),
        ),
        (
            "proxy_basic_auth",
            "`proxy`",
            options().proxy_basic_auth("user", "hunter2"),
        ),
        (
            "proxy_basic_auth",
            "colon",
            options()
                .proxy("http://proxy.example")
                .proxy_basic_auth("hunter2:x", "hunter2"),
        ),
        (
            "add_root_certificates",
            "no certificate",
            options().add_root_certificates("hunter2"),
        ),
        (
            "add_root_certificates",
            "malformed PEM",
            options().add_root_certificates(malformed),
        ),
        (
            "only_root_certificates",
            "no certificate",
            options().only_root_certificates(""),
        ),
        (
            "only_root_certificates",
            "cannot be parsed",
            options().only_root_certificates([0x30, 1, 2]),
        ),
        (
            "client_certificate",
            "no certificate",
            options().client_certificate(server.key_pem()),
        ),
        (
            "client_certificate",
            "no private key",
            options().client_certificate(server.pem()),
        ),
        (
            "client_certificate",
            "not usable",
            options().client_certificate(server.pem() + &other.key_pem()),
        ),
        (
            "user_agent_suffix",
            "character",
            options().user_agent_suffix("hunter2\n"),
        ),
        (
            "default_header",
            "`authorization`",
            options().default_header(header::AUTHORIZATION, HeaderValue::from_static("hunter2")),
        ),
    ] {
        let error = build("https://api.example.com/v2", http).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{option}");
        assert_eq!(error.execution(), Execution::NotExecuted);
        let text = error.to_string();
        let start = format!("invalid HTTP option `{option}`: ");
        assert!(
            text.contains(&start) && text.contains(why),
            "{option}: {text}"
        );
        assert!(
            !format!("{error:?} {text}").contains("hunter2"),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn only_the_given_root_certificates_are_trusted() {
    let (ours, others) = (Authority::new(), Authority::new());
    let server = Https::start(&ours.certificate(&["localhost"])).await;
    let only = HttpOptions::new().only_root_certificates(others.pem());
    server.assert_refused(server.call_with(only.clone()).await);
    server
        .call_with(only.add_root_certificates(ours.pem()))
        .await
        .unwrap();
    // In DER, and several in one PEM.
    server
        .call_with(HttpOptions::new().only_root_certificates(ours.der()))
        .await
        .unwrap();
    let bundle = others.pem() + &ours.pem();
    server
        .call_with(HttpOptions::new().only_root_certificates(bundle))
        .await
        .unwrap();
    assert_eq!(server.received.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn client_certificate_is_shown_to_a_server_that_asks_for_one() {
    let (ours, clients) = (Authority::new(), Authority::new());
    let certificate = ours.certificate(&["localhost"]);
    let server = Https::start_for_clients_of(&clients, &certificate).await;
    let http = HttpOptions::new().only_root_certificates(ours.pem());
    server.call_with(http.clone()).await.unwrap_err();
    let stranger = Authority::new().certificate(&["client"]);
    let pem = |certificate: &cobo_tests::certificates::Certificate| {
        certificate.pem() + &certificate.key_pem()
    };
    let refused = http.clone().client_certificate(pem(&stranger));
    server.call_with(refused).await.unwrap_err();
    assert_eq!(server.received.load(Ordering::SeqCst), 0);

    let own = clients.certificate(&["client"]);
    server
        .call_with(http.client_certificate(pem(&own)))
        .await
        .unwrap();
    assert_eq!(server.received.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn host_is_connected_to_at_the_given_address() {
    let (server, url) = server_named("cobo.example").await;
    let http = HttpOptions::new().no_proxy();
    let http = http.resolve("cobo.example", [LOOPBACK]);
    call(&build(&url, http).unwrap()).await.unwrap();
    let seen = seen(&server.received()[0]);
    let host = seen.headers["host"].to_str().unwrap();
    assert!(host.starts_with("cobo.example:"), "{host}");
}

/// Returns one result and records the hosts that it is asked for.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) asked: std::sync::Arc<Mutex<Vec<String>>>,
    pub(crate) found: Result<Vec<IpAddr>, &'static str>,
}

#[async_trait::async_trait]
impl Resolver for Recorded {
    async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, ResolverError> {
        self.asked.lock().unwrap().push(host.to_owned());
        self.found.clone().map_err(Into::into)
    }
}

#[tokio::test]
async fn resolver_decides_which_addresses_are_connected_to() {
    let (server, url) = server_named("cobo.example").await;
    let asked = std::sync::Arc::default();
    let http = |found| {
        let asked = std::sync::Arc::clone(&asked);
        HttpOptions::new()
            .no_proxy()
            .resolver(Recorded { asked, found })
    };
    let client = build(&url, http(Ok(vec![LOOPBACK]))).unwrap();
    call(&client).await.unwrap();
    assert_eq!(server.received().len(), 1);
    assert_eq!(*asked.lock().unwrap(), ["cobo.example"]);

    for (found, source) in [
        (Err("the host is refused"), "the host is refused"),
        (Ok(Vec::new()), "the resolver returned no address"),
    ] {
        let error = call(&build(&url, http(found)).unwrap()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect);
        assert_eq!(error.execution(), Execution::NotExecuted);
        assert!(format!("{error:?}").contains(source), "{error:?}");
    }
    assert_eq!(server.received().len(), 1);
}

/// The outcomes that the hook gets when this server is called twice.
async fn outcomes(url: &str, http: HttpOptions) -> (Vec<String>, Vec<Result<(), ErrorKind>>) {
    let outcomes = std::sync::Arc::new(Mutex::new(Vec::new()));
    let hook = std::sync::Arc::clone(&outcomes);
    let http = http.no_proxy().on_connect(move |attempt| {
        let outcome = match &attempt.outcome {
            ConnectOutcome::Failed(error) => format!("failed: {error:?}"),
            other => format!("{other:?}"),
        };
        hook.lock().unwrap().push(outcome);
    });
    let client = build(url, http).unwrap();
    let mut results = Vec::new();
    for _ in 0..2 {
        results.push(call(&client).await.map(drop).map_err(|error| error.kind()));
    }
    let outcomes = outcomes.lock().unwrap().clone();
    (outcomes, results)
}

#[tokio::test]
async fn connect_hook_is_called_for_each_connection_and_not_for_each_call() {
    let answers = || [(); 2].map(|()| canned::signed("200 OK", "{}"));
    let server = Canned::start(answers()).await;
    let (found, results) = outcomes(server.base_url(), HttpOptions::new()).await;
    assert_eq!(results, [Ok(()), Ok(())]);
    assert_eq!(found, ["Connected"]);
}

#[tokio::test]
async fn connect_hook_gets_the_error_of_a_failed_attempt() {
    let resolver = |found| Recorded {
        asked: std::sync::Arc::default(),
        found,
    };
    let http = HttpOptions::new().resolver(resolver(Err("the host is refused")));
    let (found, results) = outcomes("http://cobo.example/v2", http).await;
    assert_eq!(results, [Err(ErrorKind::Connect), Err(ErrorKind::Connect)]);
    assert!(found.len() >= 2, "{found:?}");
    assert!(
        found
            .iter()
            .all(|outcome| outcome.contains("the host is refused")),
        "{found:?}"
    );
}

#[tokio::test]
async fn panic_of_the_connect_hook_does_not_end_the_call() {
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let http = HttpOptions::new().on_connect(|_| panic!("a fault of the hook"));
    call(&build(server.base_url(), http).unwrap())
        .await
        .unwrap();
}

/// A DNS resolver that never answers.
#[derive(Debug)]
pub(crate) struct Silent;

#[async_trait::async_trait]
impl Resolver for Silent {
    async fn resolve(&self, _: &str) -> Result<Vec<IpAddr>, ResolverError> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn connect_hook_is_told_of_an_attempt_that_timed_out() {
    let http = HttpOptions::new().resolver(Silent);
    let (found, results) = outcomes("http://cobo.example/v2", http).await;
    assert!(results.iter().all(Result::is_err), "{results:?}");
    assert!(found.len() >= 2, "{found:?}");
    assert!(
        found.iter().all(|outcome| outcome == "Abandoned"),
        "{found:?}"
    );
}

#[tokio::test]
async fn proxy_gets_every_request_and_its_password() {
    let proxy = Canned::start([canned::signed("200 OK", "{}")]).await;
    let http = HttpOptions::new()
        .proxy(proxy.base_url().trim_end_matches("/v2"))
        .proxy_basic_auth("user", "hunter2");
    let url = "http://cobo.example/v2";
    call(&build(url, http).unwrap()).await.unwrap();
    let received = proxy.received().pop().unwrap();
    let seen = seen(&received);
    assert_eq!(seen.target, format!("{url}/x"));
    // `user:hunter2` in base64.
    let sent = &seen.headers["proxy-authorization"];
    assert_eq!(sent, "Basic dXNlcjpodW50ZXIy");
}

#[tokio::test]
async fn user_agent_and_default_headers_are_sent() {
    let server = Canned::start([canned::signed("200 OK", "{}")]).await;
    let http = HttpOptions::new()
        .user_agent_suffix("my-app/1.2")
        .default_header(
            header::HeaderName::from_static("x-tenant"),
            HeaderValue::from_static("seven"),
        );
    call(&build(server.base_url(), http).unwrap())
        .await
        .unwrap();
    let seen = seen(&server.received()[0]);
    let agent = seen.headers["user-agent"].to_str().unwrap();
    assert!(
        agent.starts_with("cobo-rust/") && agent.ends_with(" my-app/1.2"),
        "{agent}"
    );
    assert_eq!(seen.headers["x-tenant"], "seven");
}

/// The addresses from which a server with this many connections was called twice.
async fn callers(http: HttpOptions, connections: usize) -> Vec<IpAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v2", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let mut callers = Vec::new();
        let mut serving = Vec::new();
        for _ in 0..connections {
            let (mut stream, caller) = listener.accept().await.unwrap();
            callers.push(caller.ip());
            serving.push(tokio::spawn(async move {
                let mut request = Vec::new();
                while stream.read_buf(&mut request).await.unwrap() > 0 {
                    if canned::request_length(&request).is_some() {
                        request.clear();
                        let answer = canned::signed("200 OK", "{}");
                        tokio::io::AsyncWriteExt::write_all(&mut stream, &answer)
                            .await
                            .unwrap();
                    }
                }
            }));
        }
        callers
    });
    let client = build(&base_url, http).unwrap();
    call(&client).await.unwrap();
    call(&client).await.unwrap();
    server.await.unwrap()
}

#[tokio::test]
async fn connection_is_reused_unless_the_pool_is_empty() {
    assert_eq!(callers(HttpOptions::new(), 1).await.len(), 1);
    let http = HttpOptions::new().pool_max_idle(0);
    assert_eq!(callers(http, 2).await.len(), 2);
}

#[cfg(target_os = "linux")] // other systems have one address for loopback
#[tokio::test]
async fn connections_are_opened_from_the_local_address() {
    let address = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9));
    let http = HttpOptions::new().local_address(address);
    assert_eq!(callers(http, 1).await, [address]);
}

#[tokio::test]
async fn unanswered_http2_ping_ends_the_call() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v2", listener.local_addr().unwrap());
    let silent = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut received = Vec::new();
        while stream.read_buf(&mut received).await.unwrap_or(0) > 0 {}
    });
    let brief = Duration::from_millis(50);
    let http = HttpOptions::new()
        .http2_prior_knowledge()
        .http2_keep_alive(brief, brief);
    let client = build(&base_url, http).unwrap();
    let error = client.request(Method::GET, "/x").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    // Not the timeout of the attempt.
    assert!(format!("{error:?}").contains("KeepAlive"), "{error:?}");
    silent.abort();
}
