//! Builds the HTTP client: our defaults, the caller's configuration, and the settings that are
//! enforced.

use std::net::Ipv6Addr;
use std::time::Duration;

use url::Url;
use zeroize::Zeroizing;

use crate::call::RESERVED_HEADERS;
use crate::client::environment::is_loopback;
use crate::error::Error;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const TIMEOUT: Duration = Duration::from_secs(30);

/// What a caller changes in the HTTP client.
pub(crate) type Configure =
    Box<dyn FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send>;

/// Builds the HTTP client for a base URL.
pub(crate) fn build(
    base: &Url,
    configure: Option<Configure>,
    allow_plain_http: bool,
) -> Result<reqwest::Client, Error> {
    let loopback = is_loopback(base);
    if base.scheme() == "http" && !loopback && !allow_plain_http {
        return Err(Error::configuration(
            "the base URL is plain http to another machine; use https, or say \
             `danger_allow_plain_http`"
                .to_owned(),
        ));
    }
    let defaults = reqwest::Client::builder()
        .user_agent(concat!("cobo-rust/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT);
    let defaults = if loopback {
        // Resolve `localhost` to this machine, whatever the hosts file or DNS says.
        let own = [([127, 0, 0, 1], 0).into(), (Ipv6Addr::LOCALHOST, 0).into()];
        defaults.no_proxy().resolve_to_addrs("localhost", &own)
    } else {
        defaults
    };
    let defaults = if loopback && base.scheme() == "http" {
        // Plain `http` needs no certificates. Loading the machine's fails if none are installed.
        defaults.tls_certs_only([])
    } else {
        defaults
    };
    let configured = match configure {
        Some(configure) => configure(defaults),
        None => defaults,
    };
    checked(enforce(configured).build().map_err(setup)?)
}

/// Settings that callers cannot change. If one of them were missing, the signature would not
/// protect the call.
fn enforce(http: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    http
        // A redirect would send the signed headers to another host.
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        // A retry inside reqwest would send the same nonce and signature twice.
        .retry(reqwest::retry::never())
        // A dependency can enable these features. The verifier must see the bytes as they were
        // sent.
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        // Verbose mode logs everything that is sent and received.
        .connection_verbose(false)
}

/// Refuses default headers that would change a request after it was signed. reqwest shows default
/// headers only in `Debug`; a test checks that it still does.
fn checked(http: reqwest::Client) -> Result<reqwest::Client, Error> {
    let shown = Zeroizing::new(format!("{http:?}"));
    let forbidden = RESERVED_HEADERS
        .iter()
        .find(|name| shown.contains(&format!("\"{name}\": ")));
    match forbidden {
        None => Ok(http),
        Some(name) => Err(Error::configuration(format!(
            "the HTTP client has `{name}` as a default header, which would be sent unsigned with \
             every call; leave it out (a bearer token comes from a `Credential`)"
        ))),
    }
}

fn setup(error: reqwest::Error) -> Error {
    Error::configuration("the HTTP client cannot be set up".to_owned()).caused_by(error)
}
