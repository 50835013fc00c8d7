//! The HTTP client: its options, and how it is built from them. Nothing outside of this folder
//! configures the HTTP library.

use std::net::{Ipv6Addr, SocketAddr};
use std::time::Duration;

use http::HeaderValue;
use url::Url;

use crate::client::RESERVED_HEADERS;
use crate::client::environment::is_loopback;
use crate::error::Error;

use connect::HookLayer;
#[cfg(not(any(feature = "rustls-aws-lc", feature = "rustls-ring")))]
use no_tls as tls;
use options::{HttpOptions, Proxy};
use resolver::Adapter;

pub(crate) mod connect;
#[cfg(not(any(feature = "rustls-aws-lc", feature = "rustls-ring")))]
mod no_tls;
pub(crate) mod options;
pub(crate) mod resolver;
#[cfg(any(feature = "rustls-aws-lc", feature = "rustls-ring"))]
mod tls;

const USER_AGENT: &str = concat!("cobo-rust/", env!("CARGO_PKG_VERSION"));

impl HttpOptions {
    /// Builds the HTTP client that sends requests to the host of `base`. It follows no redirect,
    /// repeats no request and decompresses no response.
    pub(crate) fn client(&self, base: &Url) -> Result<reqwest::Client, Error> {
        let http = reqwest::Client::builder()
            .user_agent(self.user_agent()?)
            .timeout(positive("timeout", self.timeout)?)
            .connect_timeout(positive("connect_timeout", self.connect_timeout)?)
            .default_headers(self.checked_headers()?.clone())
            .local_address(self.local_address);
        let http = self.pool(http)?;
        let http = self.http2(http)?;
        let http = match &self.on_connect {
            Some(hook) => http.connector_layer(HookLayer(hook.clone())),
            None => http,
        };
        let http = self.names(http);
        let http = self.through_proxy(http, base)?;
        let http = tls::configure(http, self, base)?;
        enforce(http).build().map_err(|error| {
            Error::configuration("the HTTP client cannot be set up".to_owned())
                .caused_by(error.without_url())
        })
    }

    fn user_agent(&self) -> Result<HeaderValue, Error> {
        let Some(suffix) = &self.user_agent_suffix else {
            return Ok(HeaderValue::from_static(USER_AGENT));
        };
        HeaderValue::try_from(format!("{USER_AGENT} {suffix}")).map_err(|_| {
            invalid(
                "user_agent_suffix",
                "it has a character that a header cannot contain",
            )
        })
    }

    /// Returns the default headers; an error if one of them would change a request after it was signed.
    fn checked_headers(&self) -> Result<&http::HeaderMap, Error> {
        match RESERVED_HEADERS
            .iter()
            .find(|name| self.headers.contains_key(*name))
        {
            None => Ok(&self.headers),
            Some(name) => Err(invalid(
                "default_header",
                &format!(
                    "`{name}` would be sent unsigned with every call; leave it out (a bearer token \
                     comes from a `Credential`)"
                ),
            )),
        }
    }

    fn pool(&self, mut http: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder, Error> {
        if let Some(idle) = self.pool_idle_timeout {
            http = http.pool_idle_timeout(positive("pool_idle_timeout", idle)?);
        }
        if let Some(connections) = self.pool_max_idle {
            http = http.pool_max_idle_per_host(connections);
        }
        if let Some(idle) = self.tcp_keepalive {
            http = http.tcp_keepalive(positive("tcp_keepalive", idle)?);
        }
        Ok(http)
    }

    fn http2(&self, mut http: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder, Error> {
        if self.http2_prior_knowledge {
            http = http.http2_prior_knowledge();
        }
        if let Some((interval, timeout)) = self.http2_keep_alive {
            http = http
                .http2_keep_alive_interval(positive("http2_keep_alive", interval)?)
                .http2_keep_alive_timeout(positive("http2_keep_alive", timeout)?);
        }
        Ok(http)
    }

    /// Sets which addresses belong to a host name.
    fn names(&self, mut http: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        if let Some(resolver) = &self.resolver {
            http = http.dns_resolver(Adapter::new(resolver));
        }
        for (host, addresses) in &self.addresses {
            let addresses: Vec<_> = addresses
                .iter()
                .map(|address| SocketAddr::new(*address, 0))
                .collect();
            http = http.resolve_to_addrs(host, &addresses);
        }
        // `localhost` is this machine, whatever the hosts file, DNS or an option says, also if it is
        // the host of a proxy: plain http is allowed to it.
        let own = [([127, 0, 0, 1], 0).into(), (Ipv6Addr::LOCALHOST, 0).into()];
        http.resolve_to_addrs("localhost", &own)
    }

    fn through_proxy(
        &self,
        http: reqwest::ClientBuilder,
        base: &Url,
    ) -> Result<reqwest::ClientBuilder, Error> {
        let url = match &self.proxy {
            Proxy::System if self.proxy_basic_auth.is_some() => {
                return Err(invalid(
                    "proxy_basic_auth",
                    "these credentials need a proxy: set its URL with `proxy`",
                ));
            }
            Proxy::System if is_loopback(base) => return Ok(http.no_proxy()),
            Proxy::System => return Ok(http),
            Proxy::None => return Ok(http.no_proxy()),
            // Plain http is allowed to loopback because it does not leave this machine.
            Proxy::Url(_) if base.scheme() == "http" && is_loopback(base) => {
                let why = "the base URL is plain http of this machine, which a proxy could read; \
                           leave the proxy out, or use https";
                return Err(invalid("proxy", why));
            }
            Proxy::Url(text) => proxy_url(text)?,
        };
        let proxy = reqwest::Proxy::all(url);
        let mut proxy = proxy.map_err(|_| invalid("proxy", NOT_A_PROXY))?;
        if let Some((user, password)) = &self.proxy_basic_auth {
            if user.contains(':') {
                return Err(invalid(
                    "proxy_basic_auth",
                    "the user name cannot contain a colon",
                ));
            }
            proxy = proxy.basic_auth(user, password.expose());
        }
        Ok(http.no_proxy().proxy(proxy))
    }

    /// Returns why these connections need TLS; `None` if they do not.
    fn needs_tls(&self, base: &Url) -> Result<Option<&'static str>, Error> {
        if base.scheme() == "https" {
            return Ok(Some("the base URL is https"));
        }
        let Proxy::Url(text) = &self.proxy else {
            return Ok(None);
        };
        let https = proxy_url(text)?.scheme() == "https";
        Ok(https.then_some("the URL of the proxy is https"))
    }
}

const NOT_A_PROXY: &str = "it is not a URL such as `http://proxy.example.com:3128`";

/// The URL of a proxy. Errors do not show it: it may contain a password.
fn proxy_url(text: &str) -> Result<Url, Error> {
    let url = Url::parse(text).map_err(|_| invalid("proxy", NOT_A_PROXY))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(invalid("proxy", NOT_A_PROXY));
    }
    if !url.username().is_empty() || url.password().is_some() {
        let why = "set user and password with `proxy_basic_auth`, not in the URL";
        return Err(invalid("proxy", why));
    }
    Ok(url)
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
}

fn positive(option: &str, duration: Duration) -> Result<Duration, Error> {
    if duration.is_zero() {
        return Err(invalid(option, "the duration is zero"));
    }
    Ok(duration)
}

fn invalid(option: &str, why: &str) -> Error {
    Error::configuration(format!("invalid HTTP option `{option}`: {why}"))
}
