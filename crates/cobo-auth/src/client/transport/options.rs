use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use cobo_model::Secret;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::connect::{ConnectAttempt, ConnectHook};
use super::resolver::Resolver;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const TIMEOUT: Duration = Duration::from_secs(30);

/// Options of a client's HTTP connections: timeouts, proxy, certificates, addresses.
///
/// [`ClientBuilder::http`](crate::ClientBuilder::http) takes them. Setters cannot fail;
/// [`ClientBuilder::build`](crate::ClientBuilder::build) returns an error that names the invalid
/// option. `Debug` shows neither passwords nor values of headers.
///
/// ```
/// use std::time::Duration;
/// use cobo_auth::{Client, Ed25519Signer, Environment, HttpOptions};
///
/// let http = HttpOptions::new()
///     .timeout(Duration::from_secs(5))
///     .proxy("http://proxy.example.com:3128")
///     .proxy_basic_auth("user", "password");
/// let signer = Ed25519Signer::from_seed(&[7; 32]);
/// let client = Client::builder(Environment::development(), signer).http(http).build()?;
/// # Ok::<(), cobo_auth::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "options have no effect until a client is built with them"]
pub struct HttpOptions {
    pub(super) timeout: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) proxy: Proxy,
    pub(super) proxy_basic_auth: Option<(String, Secret)>,
    pub(super) root_certificates: Vec<Vec<u8>>,
    pub(super) only_root_certificates: bool,
    pub(super) client_certificate: Option<Secret>,
    pub(super) addresses: Vec<(String, Vec<IpAddr>)>,
    pub(super) resolver: Option<Arc<dyn Resolver>>,
    pub(super) on_connect: Option<ConnectHook>,
    pub(super) pool_idle_timeout: Option<Duration>,
    pub(super) pool_max_idle: Option<usize>,
    pub(super) tcp_keepalive: Option<Duration>,
    pub(super) http2_prior_knowledge: bool,
    /// Interval and timeout.
    pub(super) http2_keep_alive: Option<(Duration, Duration)>,
    pub(super) local_address: Option<IpAddr>,
    pub(super) user_agent_suffix: Option<String>,
    pub(super) headers: HeaderMap,
}

#[derive(Clone)]
pub(super) enum Proxy {
    /// The proxy that the environment variables or the system's settings name.
    System,
    None,
    Url(String),
}

impl HttpOptions {
    /// Creates the default options.
    pub fn new() -> Self {
        Self {
            timeout: TIMEOUT,
            connect_timeout: CONNECT_TIMEOUT,
            proxy: Proxy::System,
            proxy_basic_auth: None,
            root_certificates: Vec::new(),
            only_root_certificates: false,
            client_certificate: None,
            addresses: Vec::new(),
            resolver: None,
            on_connect: None,
            pool_idle_timeout: None,
            pool_max_idle: None,
            tcp_keepalive: None,
            http2_prior_knowledge: false,
            http2_keep_alive: None,
            local_address: None,
            user_agent_suffix: None,
            headers: HeaderMap::new(),
        }
    }

    /// Sets how long one attempt may take, from the connection to the last byte of the response.
    /// Default: 30 s. [`RetryPolicy::deadline`](crate::RetryPolicy::deadline) is for all attempts of
    /// a call.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how long it may take to open a connection, with name resolution and TLS. Default: 10 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sends all requests through this proxy: an `http` or `https` URL without user and password.
    /// Refused if the base URL is plain `http` of this machine (loopback).
    ///
    /// Default: the system's proxy (on Linux, the variables `HTTPS_PROXY` and `NO_PROXY`), and no
    /// proxy for loopback.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = Proxy::Url(url.into());
        self
    }

    /// Sets user and password for the proxy of [`proxy`](Self::proxy).
    pub fn proxy_basic_auth(
        mut self,
        user: impl Into<String>,
        password: impl Into<Secret>,
    ) -> Self {
        self.proxy_basic_auth = Some((user.into(), password.into()));
        self
    }

    /// Uses no proxy, whatever the environment says.
    pub fn no_proxy(mut self) -> Self {
        self.proxy = Proxy::None;
        self.proxy_basic_auth = None;
        self
    }

    /// Trusts these root certificates, in addition to those of the machine: PEM with one or more
    /// certificates, or one certificate in DER. May be called several times.
    pub fn add_root_certificates(mut self, certificates: impl Into<Vec<u8>>) -> Self {
        self.root_certificates.push(certificates.into());
        self
    }

    /// Trusts these root certificates and not those of the machine. The format is that of
    /// [`add_root_certificates`](Self::add_root_certificates), whose certificates are trusted, too.
    pub fn only_root_certificates(mut self, certificates: impl Into<Vec<u8>>) -> Self {
        self.only_root_certificates = true;
        self.add_root_certificates(certificates)
    }

    /// Shows this certificate to servers that ask for one (mTLS): PEM with the certificate, the
    /// intermediate ones after it, and the private key (PKCS#8, SEC1 or PKCS#1). The text is wiped
    /// when the last clone of these options is dropped; rustls keeps the key.
    pub fn client_certificate(mut self, pem: impl Into<Secret>) -> Self {
        self.client_certificate = Some(pem.into());
        self
    }

    /// Sets the addresses of a host, instead of asking DNS. They are tried in this order. The port
    /// is the one of the URL. `localhost` is always this machine.
    pub fn resolve(
        mut self,
        host: impl Into<String>,
        addresses: impl IntoIterator<Item = IpAddr>,
    ) -> Self {
        self.addresses
            .push((host.into(), addresses.into_iter().collect()));
        self
    }

    /// Sets the resolver, which finds the addresses of hosts. Default: the machine's resolver.
    pub fn resolver(mut self, resolver: impl Resolver + 'static) -> Self {
        self.resolver = Some(Arc::new(resolver));
        self
    }

    /// Calls this function when an attempt to open a connection ends: the connection is open, or the
    /// attempt failed or was given up. Use it to count connections, or to measure how long opening
    /// one takes. It runs on the task that connects, so it must not wait. If it panics, the panic is
    /// logged and changes nothing.
    ///
    /// ```
    /// use cobo_auth::{ConnectOutcome, HttpOptions};
    ///
    /// let http = HttpOptions::new().on_connect(|attempt| match &attempt.outcome {
    ///     ConnectOutcome::Connected => println!("connected in {:?}", attempt.took),
    ///     other => println!("not connected: {other:?}"),
    /// });
    /// ```
    pub fn on_connect(
        mut self,
        hook: impl Fn(&ConnectAttempt<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.on_connect = Some(Arc::new(hook));
        self
    }

    /// Sets how long an unused connection stays open. Default: 90 s.
    pub fn pool_idle_timeout(mut self, timeout: Duration) -> Self {
        self.pool_idle_timeout = Some(timeout);
        self
    }

    /// Sets how many unused connections stay open; with 0, each request opens one. Not limited by
    /// default.
    pub fn pool_max_idle(mut self, connections: usize) -> Self {
        self.pool_max_idle = Some(connections);
        self
    }

    /// Sends TCP keepalive probes on a connection that is idle for this time. Default: 15 s.
    pub fn tcp_keepalive(mut self, idle: Duration) -> Self {
        self.tcp_keepalive = Some(idle);
        self
    }

    /// Uses HTTP/2 without asking the server whether it supports it. By default, TLS negotiates
    /// HTTP/2, and plain `http` uses HTTP/1.1.
    pub fn http2_prior_knowledge(mut self) -> Self {
        self.http2_prior_knowledge = true;
        self
    }

    /// Sends an HTTP/2 ping at this interval while a request is open, and closes the connection if
    /// the answer takes longer than `timeout`. Off by default.
    pub fn http2_keep_alive(mut self, interval: Duration, timeout: Duration) -> Self {
        self.http2_keep_alive = Some((interval, timeout));
        self
    }

    /// Opens connections from this address of the machine.
    pub fn local_address(mut self, address: IpAddr) -> Self {
        self.local_address = Some(address);
        self
    }

    /// Appends the name of the program to the header `User-Agent`, such as `my-app/1.2`.
    pub fn user_agent_suffix(mut self, suffix: impl Into<String>) -> Self {
        self.user_agent_suffix = Some(suffix.into());
        self
    }

    /// Sends this header with every call, unsigned. Headers that carry the access token or set the host or
    /// the length of a request (`Authorization`, `Host`, `Content-Length`, …) are refused. A header that a
    /// call sets itself is not replaced.
    pub fn default_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for HttpOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.headers.keys().collect();
        f.debug_struct("HttpOptions")
            .field("timeout", &self.timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("root_certificates", &self.root_certificates.len())
            .field("only_root_certificates", &self.only_root_certificates)
            .field("client_certificate", &self.client_certificate)
            .field("addresses", &self.addresses)
            .field("resolver", &self.resolver)
            .field("on_connect", &self.on_connect.is_some())
            .field("default_headers", &headers)
            .finish_non_exhaustive()
    }
}
