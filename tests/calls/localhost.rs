//! Plain http is allowed to this machine, so it never leaves it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use cobo_auth::{ErrorKind, HttpOptions};

use crate::https::call;
use crate::options::{Recorded, build, server_named};

/// An address for documentation, which belongs to no machine.
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

#[tokio::test]
async fn localhost_is_this_machine_whatever_the_options_say() {
    let (server, url) = server_named("localhost").await;
    let http = HttpOptions::new().resolve("localhost", [ELSEWHERE]);
    call(&build(&url, http).unwrap()).await.unwrap();
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn resolver_is_never_asked_where_localhost_is() {
    let (server, url) = server_named("localhost").await;
    let proxy = url.trim_end_matches("/v2");
    for (base, options) in [
        (url.as_str(), HttpOptions::new()),
        ("http://cobo.example/v2", HttpOptions::new().proxy(proxy)),
    ] {
        let asked = Arc::default();
        let resolver = Recorded {
            asked: Arc::clone(&asked),
            found: Ok(vec![ELSEWHERE]),
        };
        call(&build(base, options.resolver(resolver)).unwrap())
            .await
            .unwrap();
        assert!(asked.lock().unwrap().is_empty(), "{base}");
    }
    assert_eq!(server.received().len(), 2);
}

#[test]
fn plain_http_of_this_machine_is_never_sent_through_a_proxy() {
    let through_proxy =
        |url: &str| build(url, HttpOptions::new().proxy("http://proxy.example:3128"));
    for host in ["127.0.0.1:1", "127.9.9.9:1", "localhost:1", "[::1]:1"] {
        let error = through_proxy(&format!("http://{host}/v2")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{host}");
        let text = error.to_string();
        let start = "invalid HTTP option `proxy`: the base URL is plain http of this machine";
        assert!(text.contains(start), "{text}");
    }
    // The proxy cannot read what is encrypted.
    through_proxy("https://localhost:1/v2").unwrap();
}
